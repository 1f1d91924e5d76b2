// Checkpoints as a whole: what remains when writing fails, what a damaged one says, which stay.

import FileIO
import TensorFiles
import TestSupport
import Testing
import Training

@Suite(.serialized) struct CheckpointTests {
    private func start(
        in directory: FilePath,
        steps: Int = 6,
        validates: Bool = false,
        validationSeed: UInt64 = 2,
        change: (inout TrainingSettings) -> Void = { _ in }
    ) throws -> TrainingRun {
        try SmallRun(steps: steps).start(
            in: directory,
            checkpointInterval: 1,
            validationSeed: validates ? validationSeed : nil,
            allowsChanges: true,
            change: change
        )
    }

    @Test func failedWriteThrowsAndLeavesOtherCheckpointsAndNoTemporary() throws {
        try withTemporaryDirectory { directory in
            let run = RunDirectory(directory.appending("run"))
            // A directory in the place of each file in turn: the parts before it are written.
            for blocked in [run.modelPath, run.statePath, run.extraPath, run.donePath] {
                let training = try start(in: directory, steps: 10)
                let step = training.trainer.stepCount + 2
                try FileSystem.createDirectory(blocked(step))
                #expect(throws: FileIOError.self) { try training.run { _ in } }
                try FileSystem.removeDirectory(blocked(step))
                let steps = try run.checkpointSteps()
                #expect(steps.last == step - 1)
                let files = [run.donePath, run.extraPath, run.modelPath, run.statePath]
                let kept = steps.flatMap { step in
                    files.compactMap { $0(step).lastComponent?.string }
                }
                let others = ["main.log", "metrics.jsonl", "run.json"]
                #expect(try Set(FileSystem.names(in: run.path).map(\.string)) == Set(kept + others))

                let again = try start(in: directory, steps: 10)
                #expect(again.resumedStep == step - 1)
                try again.run(until: { again.trainer.stepCount == step }) { _ in }
            }
        }
    }

    @Test func theNewestCheckpointsAreKept() throws {
        try withTemporaryDirectory { directory in
            let run = RunDirectory(directory.appending("run"))
            try start(in: directory).run { _ in }
            #expect(try run.checkpointSteps() == [5, 6])
            #expect(
                try FileSystem.names(in: run.path).map(\.string).filter { $0.hasSuffix(".bin") }
                    == [
                        "model_00000005.bin", "model_00000006.bin", "state_00000005_00000.bin",
                        "state_00000006_00000.bin",
                    ]
            )
        }
    }

    @Test func checkpointsAtMultiplesAreKeptForever() throws {
        try withTemporaryDirectory { directory in
            let run = RunDirectory(directory.appending("run"))
            try start(in: directory, steps: 9) { ($0.keepLast, $0.keepEvery) = (1, 4) }.run { _ in }
            #expect(try run.checkpointSteps() == [4, 8, 9])
        }
    }

    @Test func checkpointsThatAKilledRunWasAboutToRemoveAreRemoved() throws {
        try withTemporaryDirectory { directory in
            let run = RunDirectory(directory.appending("run"))
            try start(in: directory, steps: 9) { $0.keepEvery = 4 }.run { _ in }
            let names = try FileSystem.names(in: run.path).map(\.string)
            for step in [3, 7] {
                for file in [run.modelPath, run.statePath, run.extraPath, run.donePath] {
                    try touch(file(step))
                }
                try touch(run.statePath(step: step, rank: 12))
            }
            // By the settings of the run that wrote them, not by those of today.
            _ = try start(in: directory, steps: 9) { ($0.keepLast, $0.keepEvery) = (1, 0) }
            #expect(try FileSystem.names(in: run.path).map(\.string) == names)
            #expect(try run.checkpointSteps() == [4, 8, 9])
        }
    }

    @Test func statesOfMoreProcessesGoWhenAStepIsWrittenAgain() throws {
        try withTemporaryDirectory { directory in
            let run = RunDirectory(directory.appending("run"))
            let others = [1, 30].map { run.statePath(step: 6, rank: $0) }
            try start(in: directory).run { event in
                guard case .step(let step) = event, step.step == 6 else { return }
                for path in others { try touch(path) }
            }
            #expect(try run.checkpointSteps() == [5, 6])
            #expect(others.allSatisfy { !FileSystem.exists($0) })
        }
    }

    @Test func theBestByValidationLossIsKeptAndNamed() throws {
        try withTemporaryDirectory { directory in
            let run = RunDirectory(directory.appending("run"))
            let training = try start(in: directory, steps: 8, validates: true) {
                ($0.keepLast, $0.validationInterval) = (1, 1)
                // Random tokens are not learned; a large rate soon makes the loss worse.
                ($0.schedule.peak, $0.schedule.shape) = (0.3, .constant)
            }
            var losses: [Int: Float] = [:]
            try training.run { event in
                if case .validation(let step, let loss) = event { losses[step] = loss }
                guard case .checkpoint(let step, _) = event else { return }
                // The loss before the first step belongs to no checkpoint.
                let best = losses.filter { $0.key > 0 }.min { $0.value < $1.value }
                let found = try run.step(of: .best)
                #expect(found == best?.key)
                #expect(try run.checkpointSteps() == Set([step, found]).sorted())
                let value = try #require(best)
                #expect(
                    training.best == BestCheckpoint(step: value.key, validationLoss: value.value)
                )
            }
            let best = try run.step(of: .best)
            #expect(best < 8, "the best must not be the newest for this test to mean anything")
            #expect(try run.modelPath(.best) == run.modelPath(step: best))
            #expect(try run.modelPath(.latest) == run.modelPath(step: 8))

            // Resuming knows it, and restores a record that had not been written.
            try FileSystem.remove(run.bestPath)
            let again = try start(in: directory, steps: 8, validates: true) {
                ($0.keepLast, $0.validationInterval) = (1, 1)
                ($0.schedule.peak, $0.schedule.shape) = (0.3, .constant)
            }
            #expect(again.best == training.best)
            #expect(try run.step(of: .best) == best)
        }
    }

    /// A run that has validated and made some steps, and then resumes as `start` says.
    private func goingOn(
        _ start: (FilePath) throws -> TrainingRun
    ) throws -> (before: BestCheckpoint?, after: BestCheckpoint?, file: Int?, steps: [Int]) {
        try withTemporaryDirectory { directory in
            let run = RunDirectory(directory.appending("run"))
            let first = try self.start(in: directory, steps: 8, validates: true) {
                ($0.keepLast, $0.validationInterval) = (1, 1)
                ($0.schedule.peak, $0.schedule.shape) = (0.3, .constant)
            }
            try first.run(until: { first.trainer.stepCount == 5 }) { _ in }
            let again = try start(directory)
            let best = again.best
            let file = FileSystem.exists(run.bestPath) ? try run.step(of: .best) : nil
            try again.run(until: { again.trainer.stepCount == 7 }) { _ in }
            return (first.best, best, file, try run.checkpointSteps())
        }
    }

    @Test func theBestIsKeptWhenValidationIsTurnedOff() throws {
        let result = try goingOn { directory in
            try start(in: directory, steps: 8) {
                ($0.keepLast, $0.validationInterval) = (1, 1)
                ($0.schedule.peak, $0.schedule.shape) = (0.3, .constant)
            }
        }
        let best = try #require(result.before)
        #expect(best.step < 5)
        #expect(result.after == best)
        #expect(result.file == best.step)
        #expect(result.steps == [best.step, 7])
    }

    @Test(arguments: [(2, 3), (3, 20)]) func bestOfAnotherValidationIsForgotten(
        seed: UInt64,
        batches: Int
    ) throws {
        let result = try goingOn { directory in
            try start(in: directory, steps: 8, validates: true, validationSeed: seed) {
                ($0.keepLast, $0.validationBatches) = (1, batches)
                ($0.schedule.peak, $0.schedule.shape) = (0.3, .constant)
            }
        }
        #expect(result.before != nil)
        #expect(result.after == nil)
        #expect(result.file == nil)
        #expect(result.steps == [7])
    }

    @Test func bestIsTheLowestLossReportedBetweenCheckpointsToo() throws {
        try withTemporaryDirectory { directory in
            let run = RunDirectory(directory.appending("run"))
            var losses: [Int: Float] = [:]
            /// Continues to a step, and checks after each checkpoint what is there.
            func goOn(to step: Int) throws {
                let training = try start(in: directory, steps: 12, validates: true) {
                    ($0.checkpointInterval, $0.validationInterval, $0.keepLast) = (5, 1, 1)
                    ($0.schedule.peak, $0.schedule.shape) = (0.1, .constant)
                }
                try training.run(until: { training.trainer.stepCount == step }) { event in
                    if case .validation(let step, let loss) = event, step > 0 {
                        losses[step] = loss
                    }
                    guard case .checkpoint(let step, _) = event else { return }
                    let lowest = try #require(losses.min { $0.value < $1.value })
                    #expect(training.best?.step == lowest.key)
                    #expect(try run.step(of: .best) == lowest.key)
                    #expect(try run.checkpointSteps() == Set([lowest.key, step]).sorted())
                }
            }
            for step in [3, 4, 9, 12] { try goOn(to: step) }
            let lowest = try #require(losses.min { $0.value < $1.value })
            #expect(try run.step(of: .best) == lowest.key)
            #expect(lowest.key % 5 != 0 && lowest.key < 12, "no step that has a checkpoint anyway")
        }
    }

    @Test func aBestThatIsGoneIsNotTheOneToBeat() throws {
        try withTemporaryDirectory { directory in
            let run = RunDirectory(directory.appending("run"))
            func start() throws -> TrainingRun {
                try self.start(in: directory, steps: 8, validates: true) {
                    ($0.keepLast, $0.validationInterval) = (3, 1)
                    ($0.schedule.peak, $0.schedule.shape) = (0.3, .constant)
                }
            }
            let first = try start()
            try first.run(until: { first.trainer.stepCount == 5 }) { _ in }
            let best = try #require(first.best)
            #expect(best.step < 5)
            try FileSystem.remove(run.donePath(step: best.step))
            #expect(try start().best == nil)
            #expect(!FileSystem.exists(run.bestPath))
        }
    }

    @Test func withoutCheckpointsThereIsNoBestEither() throws {
        try withTemporaryDirectory { directory in
            let run = RunDirectory(directory.appending("run"))
            let training = try start(in: directory, validates: true) {
                ($0.checkpointInterval, $0.validationInterval) = (0, 1)
            }
            try training.run { _ in }
            #expect(training.best == nil)
            #expect(!FileSystem.exists(run.bestPath))
            #expect(try run.checkpointSteps() == [])
        }
    }

    @Test func absentCheckpointsAreErrorsThatSayWhatThereIs() throws {
        try withTemporaryDirectory { directory in
            let run = RunDirectory(directory.appending("run"))
            for selection in [CheckpointSelection.latest, .best, .step(1)] {
                #expect(throws: TrainingError.noCheckpoint(path: run.path)) {
                    try run.modelPath(selection)
                }
            }
            try start(in: directory).run { _ in }
            #expect(try run.modelPath(.step(5)) == run.modelPath(step: 5))
            let error = #expect(throws: TrainingError.self) { try run.modelPath(.step(3)) }
            #expect(
                error?.description == "'\(run.path)' has no checkpoint of step 3; it has 5, 6"
            )
            try touch(run.bestPath, [UInt8](#"{"step":2,"val_loss":1}"#.utf8))
            #expect(throws: TrainingError.self) { try run.modelPath(.best) }
            try touch(run.bestPath, [UInt8]("{".utf8))
            #expect(throws: TrainingError.self) { try run.modelPath(.best) }
        }
    }

    @Test func damagedExtraFilesAreRefusedWithASentence() throws {
        try withTemporaryDirectory { directory in
            let run = RunDirectory(directory.appending("run"))
            try start(in: directory).run { _ in }
            let path = run.extraPath(step: 6)
            let good = try text(path)
            func replaced(_ old: String, _ new: String) -> String {
                #expect(good.contains(old), "\(old)")
                return good.replacing(old, with: new)
            }
            let values = Array(repeating: "1", count: 129).joined(separator: ",")
            let window = try #require(good.firstMatch(of: /"recentLosses" : \[[^\]]*\]/)).output
            let cases: [(String, String)] = [
                ("", "not the expected JSON"),
                (String(good.prefix(good.count / 2)), "not the expected JSON"),
                ("[1, 2]", "not the expected JSON"),
                ("{}", "no 'formatVersion'"),
                (replaced("\"formatVersion\" : 1", "\"formatVersion\" : 2"), "has format 2"),
                (replaced("\"step\" : 6", "\"step\" : 5"), "belongs to step 5"),
                (replaced("\"batchSize\" : 2", "\"batchSize\" : 0"), "the batch size must be"),
                (
                    replaced("\"batchSize\" : 2", "\"batchSize\" : \"two\""),
                    "batchSize' is not valid"
                ),
                (replaced("\"keepLast\"", "\"other\""), "no 'settings.keepLast'"),
                (good.replacing(window, with: "\"recentLosses\" : [\(values)]"), "more than 128"),
                (good.replacing(window, with: "\"recentLosses\" : [\"nan\"]"), "not finite"),
                (
                    good.replacing(window, with: "\"recentLosses\" : [1e99]"),
                    "not the expected JSON"
                ),
                (String(repeating: "[", count: 100_000), "not the expected JSON"),
            ]
            for (json, fragment) in cases {
                try touch(path, [UInt8](json.utf8))
                let error = #expect(throws: TrainingError.self) { try start(in: directory) }
                let sentence = error?.description ?? ""
                #expect(sentence.contains(path.string))
                #expect(sentence.contains(fragment), "\(sentence)")
            }
            try FileSystem.remove(path)
            let error = #expect(throws: TrainingError.self) { try start(in: directory) }
            #expect(error?.description.contains("the file is missing") == true)
        }
    }

    @Test func damagedModelIsRefusedAndTheRunStays() throws {
        try withTemporaryDirectory { directory in
            let run = RunDirectory(directory.appending("run"))
            try start(in: directory).run { _ in }
            let good = try MappedFile(run.modelPath(step: 6)).contents()
            try touch(run.modelPath(step: 6), good.dropLast())
            #expect(throws: TensorFileError.self) { try start(in: directory) }
            #expect(try run.checkpointSteps() == [5, 6])
            // What the message of a damaged checkpoint advises.
            try FileSystem.remove(run.donePath(step: 6))
            #expect(try start(in: directory).resumedStep == 5)
        }
    }

    @Test func stopWithCheckpointsOffWritesNone() throws {
        try withTemporaryDirectory { directory in
            let run = RunDirectory(directory.appending("run"))
            let training = try start(in: directory) { $0.checkpointInterval = 0 }
            try training.run(until: { training.trainer.stepCount == 1 }) { _ in }
            #expect(
                try FileSystem.names(in: run.path).map(\.string) == [
                    "main.log", "metrics.jsonl", "run.json",
                ]
            )
        }
    }
}
