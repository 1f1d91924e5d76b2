// When a run starts, resumes or is refused, and what it does with what it finds.

import FileIO
import TestSupport
import Testing
import TokenData
import Training

@Suite(.serialized) struct ResumePolicyTests {
    var small: SmallRun { SmallRun(steps: 6) }

    var settings: TrainingSettings {
        var settings = small.settings
        settings.checkpointInterval = 2
        return settings
    }

    /// A run in `directory`/run, with whatever `change` does to the settings of the others.
    func start(
        in directory: FilePath,
        small: SmallRun? = nil,
        resume: ResumePolicy = .auto,
        overwrite: Bool = false,
        allowsChanges: Bool = false,
        change: (inout TrainingSettings) -> Void = { _ in }
    ) throws -> TrainingRun {
        var settings = settings
        if let small { settings.totalBatchTokens = small.settings.totalBatchTokens }
        change(&settings)
        return try TrainingRun(
            (small ?? self.small).trainer(in: directory, settings: settings),
            validation: nil,
            directory: RunDirectory(directory.appending("run")),
            resume: resume,
            overwrite: overwrite,
            allowsChanges: allowsChanges
        )
    }

    /// A run stopped after `step` steps.
    func stopped(after step: Int, in directory: FilePath) throws -> RunDirectory {
        let run = try start(in: directory)
        try run.run(until: { run.trainer.stepCount == step }) { _ in }
        return RunDirectory(directory.appending("run"))
    }

    @Test func aRunInProgressIsRefusedAndLeftAlone() throws {
        try withTemporaryDirectory { directory in
            let run = RunDirectory(directory.appending("run"))
            let live = try start(in: directory)
            // A checkpoint being written.
            try touch(run.statePath(step: 2))
            let names = try FileSystem.names(in: run.path).map(\.string)
            for overwrite in [false, true] {
                #expect(throws: TrainingError.runInUse(path: run.path)) {
                    try start(in: directory, overwrite: overwrite)
                }
            }
            #expect(try FileSystem.names(in: run.path).map(\.string) == names)
            withExtendedLifetime(live) {}
        }
    }

    @Test func directoryWithoutARunStartsOne() throws {
        try withTemporaryDirectory { directory in
            for policy in ResumePolicy.allCases {
                let run = RunDirectory(directory.appending("run"))
                let step = try run.resumptionStep(policy)
                #expect(step == nil)
            }
            let run = try start(in: directory, resume: .never)
            #expect(run.resumedStep == nil)
        }
    }

    @Test func resumeNeverRefusesAnExistingRunAndLeavesItAlone() throws {
        try withTemporaryDirectory { directory in
            let run = try stopped(after: 3, in: directory)
            let names = try FileSystem.names(in: run.path).map(\.string)
            let metrics = try text(run.metricsPath)
            #expect(throws: TrainingError.runExists(path: run.path)) {
                try start(in: directory, resume: .never)
            }
            #expect(try FileSystem.names(in: run.path).map(\.string) == names)
            #expect(try text(run.metricsPath) == metrics)
        }
    }

    @Test func overwritingStartsOverWhateverThePolicy() throws {
        try withTemporaryDirectory { directory in
            for policy in ResumePolicy.allCases {
                let run = try stopped(after: 3, in: directory)
                let replaced = try start(in: directory, resume: policy, overwrite: true)
                #expect(replaced.resumedStep == nil)
                #expect(replaced.trainer.stepCount == 0)
                #expect(try run.checkpointSteps() == [])
                #expect(try text(run.metricsPath) == "")
                #expect(try text(run.mainLogPath) == "")
            }
        }
    }

    @Test func runKilledBeforeItsFirstCheckpointStartsOver() throws {
        try withTemporaryDirectory { directory in
            #expect(throws: Killed.self) { try start(in: directory).run { _ in throw Killed() } }
            let run = RunDirectory(directory.appending("run"))
            #expect(try !text(run.metricsPath).isEmpty)
            let parts = [
                run.modelPath(step: 2), run.statePath(step: 2), run.extraPath(step: 4),
                run.statePath(step: 2, rank: 3), run.statePath(step: 5, rank: 1),
                run.path.appending(".model_00000006.bin.1-2"), run.bestPath,
            ]
            // What cannot be known to be part of a checkpoint.
            let others = [run.modelPath(step: 8), run.path.appending("model.bin")]
            for path in parts + others { try touch(path) }

            let again = try start(in: directory)
            #expect(again.resumedStep == nil)
            #expect(try text(run.metricsPath) == "")
            #expect(parts.filter(FileSystem.exists) == [])
            #expect(others.filter(FileSystem.exists) == others)
            var events: [TrainingEvent] = []
            try again.run { events.append($0) }
            #expect(events.first == .startedOver(path: run.path))
        }
    }

    @Test func largestCompleteCheckpointCounts() throws {
        try withTemporaryDirectory { directory in
            let run = try stopped(after: 5, in: directory)
            #expect(try run.checkpointSteps() == [4, 5])
            #expect(try start(in: directory).resumedStep == 5)
            try FileSystem.remove(run.donePath(step: 5))
            #expect(try start(in: directory).resumedStep == 4)
        }
    }

    @Test func leftoversOfAKilledRunAreRemovedAndOtherFilesAreNot() throws {
        try withTemporaryDirectory { directory in
            let run = try stopped(after: 3, in: directory)
            let good = try FileSystem.names(in: run.path).map(\.string)
            let leftovers = [
                // A model without a state, a state without the rest, all but the DONE file.
                "model_00000004.bin",
                "model_00000005.bin", "state_00000005_00000.bin",
                "model_00000006.bin", "state_00000006_00000.bin", "extra_00000006.json",
                "state_00000001_00000.bin",
                // Files being written when the process ended.
                ".model_00000004.bin.123-4567", ".extra_00000004.json.9-0", ".DONE_00000004.1-2",
                ".metrics.jsonl.77-4294967295", ".run.json.1-1", ".best.json.1-1",
            ]
            let others = [
                "model_4.bin", "model.bin", "notes.txt", ".hidden", ".notes.txt.1-2",
                ".model_00000004.bin.backup", "model_00000004.bin.orig",
            ]
            for name in leftovers + others { try touch(run.path.appending(name)) }
            #expect(try start(in: directory).resumedStep == 3)
            #expect(
                try FileSystem.names(in: run.path).map(\.string).sorted()
                    == (good + others).sorted()
            )
        }
    }

    @Test func temporariesOfARunKilledBeforeItHadFilesAreRemovedAndOtherFilesAreNot() throws {
        try withTemporaryDirectory { directory in
            let run = RunDirectory(directory.appending("run"))
            try FileSystem.createDirectory(run.path)
            let others = ["model_00000004.bin", "notes.txt"]
            for name in others + [".run.json.1-1"] { try touch(run.path.appending(name)) }
            _ = try start(in: directory)
            #expect(
                try FileSystem.names(in: run.path).map(\.string)
                    == (others + ["main.log", "metrics.jsonl", "run.json"]).sorted()
            )
        }
    }

    @Test func dataChangedInItsMiddleIsNoticed() throws {
        try withTemporaryDirectory { directory in
            let small = SmallRun(steps: 6, tokenCount: 20_000)
            let first = try start(in: directory, small: small)
            try first.run(until: { first.trainer.stepCount == 3 }) { _ in }
            let run = RunDirectory(directory.appending("run"))
            let path = directory.appending("tokens_1_0.bin")
            var bytes = try MappedFile(path).contents()
            bytes[20_000] ^= 1
            // The data of these tests is written again by each trainer.
            func goOn(allowsChanges: Bool = false) throws -> TrainingRun {
                let trainer = try small.trainer(in: directory, settings: first.trainer.settings)
                try touch(path, bytes)
                return try TrainingRun(
                    trainer,
                    validation: nil,
                    directory: run,
                    allowsChanges: allowsChanges
                )
            }
            #expect(
                throws: TrainingError.runDiffers(
                    path: run.path,
                    differences: ["the training data holds different tokens now"]
                )
            ) { try goOn() }
            #expect(try goOn(allowsChanges: true).resumedStep == 3)

            // A checkpoint of an earlier version knows no more than the ends.
            let extra = try text(run.extraPath(step: 3))
            let older = extra.split(separator: "\n").filter { !$0.contains("\"digest\"") }
                .joined(separator: "\n")
            #expect(older != extra)
            try touch(run.extraPath(step: 3), [UInt8](older.utf8))
            #expect(try goOn().resumedStep == 3)
        }
    }

    @Test func linesPastTheCheckpointAreLost() throws {
        try withTemporaryDirectory { directory in
            let run = try stopped(after: 3, in: directory)
            let metrics = try text(run.metricsPath)
            let log = try text(run.mainLogPath)
            let tail = """
                {"step":3,"val_loss":1}
                {"step":4,"train_loss":1}
                {"sample":"a lie: \\"step\\":1","step":4}
                no JSON
                {"step":5,"train_l
                """
            try touch(run.metricsPath, [UInt8]((metrics + tail).utf8))
            try touch(run.mainLogPath, [UInt8]((log + "s:3 trl:1.0000 lr:0.1 norm:1\ns:4 tr").utf8))
            let resumed = try start(in: directory)
            #expect(try text(run.metricsPath) == metrics + "{\"step\":3,\"val_loss\":1}\n")
            #expect(try text(run.mainLogPath) == log + "s:3 trl:1.0000 lr:0.1 norm:1\n")

            try resumed.run { _ in }
            let steps = try text(run.metricsPath).split(separator: "\n").filter {
                $0.contains("train_loss")
            }
            #expect(steps.count == 6)
            #expect(try text(run.mainLogPath).contains("norm:1\ns:3 trl:"))
        }
    }

    @Test func finishedRunDoesNothingMoreAndSaysSo() throws {
        try withTemporaryDirectory { directory in
            try start(in: directory).run { _ in }
            let run = RunDirectory(directory.appending("run"))
            let metrics = try text(run.metricsPath)
            var events: [TrainingEvent] = []
            try start(in: directory).run { events.append($0) }
            #expect(
                events == [
                    .resumed(step: 6, path: run.modelPath(step: 6)), .alreadyFinished(step: 6),
                ]
            )
            #expect(try text(run.metricsPath) == metrics)
        }
    }

    private struct Killed: Error {}
}
