// What a resumed run may do differently from the one its checkpoint comes from, and how it is
// told what it does.

import FileIO
import LanguageModels
import TestSupport
import Testing
import TokenData
import Training

extension ResumePolicyTests {
    @Test func differencesAreListedInOneSentenceWithOldAndNewValues() throws {
        try withTemporaryDirectory { directory in
            let run = try stopped(after: 3, in: directory)
            let before = try FileSystem.names(in: run.path).map(\.string)
            let error = #expect(throws: TrainingError.self) {
                try start(in: directory) {
                    $0.schedule.peak = 0.001
                    $0.optimizer.beta2 = 0.99
                    $0.schedule.totalSteps = 8
                }
            }
            #expect(
                error?.description
                    == "the run in '\(run.path)' cannot be resumed: the learning rate was "
                    + "0.01 and is now 0.001, the number of steps was 6 and is now 8, beta2 was "
                    + "0.95 and is now 0.99; use what it began with, allow the changes, or "
                    + "choose another output directory"
            )
            #expect(try FileSystem.names(in: run.path).map(\.string) == before)
        }
    }

    @Test func everySettingThatDecidesTheArithmeticIsCompared() throws {
        try withTemporaryDirectory { directory in
            let run = try stopped(after: 3, in: directory)
            let changes: [(String, (inout TrainingSettings) -> Void)] = [
                ("the schedule was cosine and is now wsd", { $0.schedule.shape = .wsd }),
                ("the number of warmup steps was 0 and is now 1", { $0.schedule.warmupSteps = 1 }),
                (
                    "the final fraction of the learning rate was 0.0 and is now 0.5",
                    { $0.schedule.finalFraction = 0.5 }
                ),
                ("beta1 was 0.9 and is now 0.5", { $0.optimizer.beta1 = 0.5 }),
                ("epsilon was 1e-08 and is now 1e-06", { $0.optimizer.epsilon = 1e-6 }),
                ("the weight decay was 0.1 and is now 0.0", { $0.optimizer.weightDecay = 0 }),
                (
                    "the gradient clip was 1.0 and is now inf",
                    { $0.optimizer.gradientClip = .infinity }
                ),
                ("the optimizer was adamw and is now muon", { $0.optimizerKind = .muon }),
                ("dropout was 0.0 and is now 0.1", { $0.dropout = 0.1 }),
                (
                    "the z-score of losses that are skipped was 0.0 and is now 3.0",
                    { $0.skipLossZScore = 3 }
                ),
                (
                    "the z-score of gradient norms that are skipped was 0.0 and is now 3.0",
                    { $0.skipNormZScore = 3 }
                ),
                (
                    "overfitting a single batch was false and is now true",
                    { $0.overfitsSingleBatch = true }
                ),
                (
                    "the number of tokens per step was 16 and is now 32",
                    { $0.totalBatchTokens = 32 }
                ),
                ("the seed was 42 and is now 7", { $0.seed = 7 }),
            ]
            for (phrase, change) in changes {
                #expect(
                    throws: TrainingError.runDiffers(path: run.path, differences: [phrase])
                ) { try start(in: directory, change: change) }
            }
        }
    }

    @Test func settingsThatDoNotTouchTheArithmeticMayChange() throws {
        try withTemporaryDirectory { directory in
            _ = try stopped(after: 3, in: directory)
            let run = try start(in: directory) {
                $0.checkpointInterval = 5
                $0.validationInterval = 1
                $0.validationBatches = 1
                $0.sampleInterval = 3
                $0.hellaSwagInterval = 3
                $0.keepLast = 9
                $0.keepEvery = 2
                $0.recomputation = .block
            }
            #expect(run.resumedStep == 3)
        }
    }

    @Test func aConstantRateMayBeExtended() throws {
        try withTemporaryDirectory { directory in
            func constant(_ steps: Int) throws -> TrainingRun {
                try start(in: directory) {
                    $0.schedule.shape = .constant
                    $0.schedule.totalSteps = steps
                }
            }
            try constant(4).run { _ in }
            let longer = try constant(6)
            #expect(longer.resumedStep == 4)
            try longer.run { _ in }
            #expect(longer.trainer.stepCount == 6)
        }
    }

    @Test func otherDataIsADifference() throws {
        try withTemporaryDirectory { directory in
            let run = try stopped(after: 3, in: directory)
            func differences(_ small: SmallRun) throws -> [String] {
                let error = #expect(throws: TrainingError.self) {
                    try start(in: directory, small: small)
                }
                guard case .runDiffers(run.path, let differences) = error else { return [] }
                return differences
            }
            #expect(
                try differences(SmallRun(tokenCount: 200)) == [
                    "the training data was 4096 tokens in 1 shard and is now 200 tokens in 1 shard"
                ]
            )
            #expect(
                try differences(SmallRun(vocabularySize: 15)).contains(
                    "the training data holds different tokens now"
                ) == false,
                "the model is compared first"
            )
            #expect(
                try differences(SmallRun(shuffled: true))
                    == ["the training data was read in sequence and is now shuffled"]
            )
        }
    }

    @Test func anotherModelIsADifferenceThatNothingAllows() throws {
        try withTemporaryDirectory { directory in
            let run = try stopped(after: 3, in: directory)
            for allows in [false, true] {
                #expect(
                    throws: TrainingError.otherModel(
                        path: run.path,
                        differences: ["the number of channels was 8 and is now 16"]
                    )
                ) {
                    try start(in: directory, small: SmallRun(channels: 16), allowsChanges: allows)
                }
            }
        }
    }

    @Test func allowedChangesHoldFromTheCheckpointOn() throws {
        try withTemporaryDirectory { directory in
            _ = try stopped(after: 3, in: directory)
            let run = try start(in: directory, allowsChanges: true) {
                $0.schedule.peak = 0.5
                $0.schedule.totalSteps = 4
            }
            #expect(run.resumedStep == 3)
            // The data is the same, so reading continues from where it was.
            #expect(run.trainer.loader.state.sampleIndex == 3)
            var rates: [Float] = []
            try run.run { if case .step(let step) = $0 { rates.append(step.learningRate) } }
            #expect(rates == [run.trainer.settings.schedule.rate(at: 3)])
            // What applies now is what the next resumption compares with.
            #expect(throws: TrainingError.self) { try start(in: directory) }
        }
    }

    @Test func otherDataThatIsAllowedIsReadFromItsStart() throws {
        try withTemporaryDirectory { directory in
            _ = try stopped(after: 3, in: directory)
            let run = try start(
                in: directory,
                small: SmallRun(tokenCount: 200, shuffled: true),
                allowsChanges: true
            )
            #expect(run.resumedStep == 3)
            #expect(run.trainer.stepCount == 3)
            #expect(run.trainer.loader.state.sampleIndex == 0)
            try run.run { _ in }
            #expect(run.trainer.stepCount == 6)
        }
    }
}
