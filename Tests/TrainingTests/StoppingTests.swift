// Runs that are told to stop: between micro-batches, and within measurements between steps.
// What was not complete is dropped and done again, and the run ends as if nothing had happened.

import FileIO
import TestSupport
import Testing
import TokenData
import Training

@Suite(.serialized) struct StoppingTests {
    /// Three micro-batches per step, from shuffled shards whose epochs end within steps.
    private var small: SmallRun {
        SmallRun(
            totalBatchTokens: 48,
            steps: 6,
            shardTokenCounts: [113, 170],
            shuffled: true
        )
    }

    private func start(
        in directory: FilePath,
        _ name: String,
        sample: TrainingRun.Probe<String>? = nil,
        hellaSwag: TrainingRun.Probe<Double>? = nil,
        policy: ResumePolicy = .auto
    ) throws -> TrainingRun {
        var settings = small.settings
        settings.validationInterval = 2
        settings.validationBatches = 3
        settings.sampleInterval = 2
        settings.hellaSwagInterval = 2
        (settings.checkpointInterval, settings.keepLast) = (100, 100)
        return try TrainingRun(
            small.trainer(in: directory, settings: settings),
            validation: small.loader(in: directory, seed: 2),
            directory: RunDirectory(directory.appending(name)),
            resume: policy,
            sample: sample ?? { _ in "text" },
            hellaSwag: hellaSwag ?? { _ in 0.5 }
        )
    }

    /// Everything a run leaves that does not depend on time.
    private func files(_ directory: FilePath, _ name: String) throws -> [String: String] {
        let path = directory.appending(name)
        var result: [String: String] = [:]
        for name in try FileSystem.names(in: path) where name != "main.log" {
            let content = try text(path.appending(name))
            result[name.string] = content.split(separator: "\n").map { line in
                line.split(separator: ",")
                    .filter { !$0.contains("milliseconds") && !$0.contains("tokens_per_second") }
                    .joined(separator: ",")
            }
            .joined(separator: "\n")
        }
        return result
    }

    @Test(arguments: 1...3) func droppedStepChangesNothing(ask: Int) throws {
        try withTemporaryDirectory { directory in
            let (trainer, undisturbed) = (
                try small.trainer(in: directory), try small.trainer(in: directory)
            )
            for _ in 0..<4 {
                let before = TrainerState(trainer)
                var asked = 0
                let dropped = try trainer.step(until: {
                    asked += 1
                    return asked == ask
                })
                #expect(dropped == nil)
                #expect(asked == ask)
                #expect(TrainerState(trainer) == before)
                let (step, same) = (try trainer.step(), try undisturbed.step())
                #expect(step.loss == same.loss && step.gradientNorm == same.gradientNorm)
                #expect(TrainerState(trainer) == TrainerState(undisturbed))
            }
        }
    }

    @Test func runStoppedAnywhereEndsLikeAnUndisturbedOne() throws {
        try withTemporaryDirectory { directory in
            var askCount = 0
            try start(in: directory, "whole").run(until: {
                askCount += 1
                return false
            }) { _ in }
            #expect(askCount > 6 * 3)
            let expected = try files(directory, "whole")
            for stop in 1...askCount {
                let name = "stopped\(stop)"
                var asked = 0
                let first = try start(in: directory, name)
                try first.run(until: {
                    asked += 1
                    return asked >= stop
                }) { _ in }
                // Asked once more where a measurement had just been abandoned.
                #expect(asked <= stop + 1)
                let run = RunDirectory(directory.appending(name))
                let isSaved = first.trainer.stepCount > 0
                #expect(
                    try run.checkpointSteps().last == (isSaved ? first.trainer.stepCount : nil)
                )
                try start(in: directory, name).run { _ in }
                // The checkpoint of the stop may be one more.
                let found = try files(directory, name).filter { expected[$0.key] != nil }
                let different = expected.keys.filter { found[$0] != expected[$0] }
                #expect(different == [], "stopped at question \(stop)")
            }
        }
    }

    @Test func stoppedProbesAreMadeAgain() throws {
        try withTemporaryDirectory { directory in
            try start(in: directory, "whole").run { _ in }
            for isSample in [false, true] {
                let name = "stopped\(isSample)"
                var stops = false
                let training = try start(
                    in: directory,
                    name,
                    sample: { shouldStop in
                        if isSample { stops = true }
                        return shouldStop() ? nil : "text"
                    },
                    hellaSwag: { shouldStop in
                        if !isSample { stops = true }
                        return shouldStop() ? nil : 0.5
                    }
                )
                try training.run(until: { stops }) { _ in }
                let run = RunDirectory(directory.appending(name))
                #expect(try run.checkpointSteps() == [2])
                try start(in: directory, name).run { _ in }
                let metrics = "metrics.jsonl"
                #expect(
                    try files(directory, name)[metrics] == files(directory, "whole")[metrics]
                )
            }
        }
    }

    @Test func runStoppedBeforeItsFirstStepLeavesNothingInTheWay() throws {
        try withTemporaryDirectory { directory in
            for ask in 1...6 {
                var asked = 0
                let training = try start(in: directory, "run", policy: .never)
                try training.run(until: {
                    asked += 1
                    return asked == ask
                }) { _ in }
                #expect(training.trainer.stepCount == 0)
                #expect(try FileSystem.names(in: directory.appending("run")) == [])
            }
        }
    }

    @Test func runOfNoStepsThatIsToMakeSomeKeepsItsModelWhenItIsStopped() throws {
        try withTemporaryDirectory { directory in
            let run = RunDirectory(directory.appending("run"))
            func start(steps: Int) throws -> TrainingRun {
                var settings = SmallRun(steps: steps).settings
                settings.checkpointInterval = 100
                return try TrainingRun(
                    small.trainer(in: directory, settings: settings),
                    validation: nil,
                    directory: run,
                    allowsChanges: true
                )
            }
            try start(steps: 0).run { _ in }
            #expect(try run.checkpointSteps() == [0])
            try start(steps: 2).run(until: { true }) { _ in }
            #expect(try run.checkpointSteps() == [0])
            #expect(FileSystem.exists(run.descriptionPath))
            #expect(FileSystem.exists(run.metricsPath))
        }
    }

    @Test func runStoppedTwiceAtOneStepKeepsItsCheckpoint() throws {
        try withTemporaryDirectory { directory in
            let first = try start(in: directory, "run")
            try first.run(until: { first.trainer.stepCount == 3 }) { _ in }
            let run = RunDirectory(directory.appending("run"))
            let state = try text(run.extraPath(step: 3))
            var events: [TrainingEvent] = []
            try start(in: directory, "run").run(until: { true }) { events.append($0) }
            #expect(events == [.resumed(step: 3, path: run.modelPath(step: 3))])
            #expect(try run.checkpointSteps() == [2, 3])
            #expect(try text(run.extraPath(step: 3)) == state)
        }
    }
}
