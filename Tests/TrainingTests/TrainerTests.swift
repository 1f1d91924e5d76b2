import LanguageModels
import RandomNumbers
import Tensors
import TestSupport
import Testing
import TokenData
import Training

@Suite(.serialized) struct TrainerTests {
    @Test func accumulatedMicroBatchesAreOneLargeBatchWithinRounding() throws {
        try withTemporaryDirectory { directory in
            // Unshuffled, two batches of two sequences are one batch of four.
            let small = SmallRun(batchSize: 2, totalBatchTokens: 32)
            let large = SmallRun(batchSize: 4)
            let accumulating = try small.trainer(in: directory)
            let direct = try large.trainer(in: directory)
            #expect(accumulating.settings.accumulationSteps == 2)
            for _ in 0..<5 {
                let a = try accumulating.step()
                let b = try direct.step()
                #expect(abs(a.loss - b.loss) <= 1e-6)
                #expect(abs(a.gradientNorm - b.gradientNorm) <= 1e-6)
                #expect(a.tokenCount == 32 && b.tokenCount == 32)
            }
        }
    }

    @Test func lossFallsWhileTheSameTokensAreLearned() throws {
        try withTemporaryDirectory { directory in
            let run = SmallRun(steps: 60, tokenCount: 17)
            let trainer = try run.trainer(in: directory)
            let losses = try (0..<run.steps).map { _ in try trainer.step().loss }
            #expect(losses[59] < losses[0] - 1)
            #expect(trainer.stepCount == 60)
        }
    }

    @Test func stepsCountFromOneAndTakeTheScheduleFromItsStart() throws {
        try withTemporaryDirectory { directory in
            let run = SmallRun()
            var settings = run.settings
            settings.schedule.warmupSteps = 4
            let trainer = try run.trainer(in: directory, settings: settings)
            let steps = try (0..<5).map { _ in try trainer.step() }
            #expect(steps.map(\.step) == [1, 2, 3, 4, 5])
            #expect(steps.map(\.learningRate) == (0..<5).map(settings.schedule.rate(at:)))
        }
    }

    @Test func aStepWithoutAFiniteLossCountsAndChangesNothing() throws {
        try withTemporaryDirectory { directory in
            let trainer = try SmallRun().trainer(in: directory)
            _ = try trainer.step()
            let good = trainer.model.parameters["wpe"].floats()
            let m = trainer.optimizer.m.flat.floats()
            trainer.model.poison()
            let weights = trainer.model.parameters["wte"].floats()
            let step = try trainer.step()
            #expect(step.step == 2)
            #expect(step.loss.isNaN)
            guard case .nonFinite(.loss, let found) = step.skipReason else {
                Issue.record("\(String(describing: step.skipReason))")
                return
            }
            #expect(found.isNaN)
            #expect(trainer.model.parameters["wte"].floats() == weights)
            #expect(trainer.optimizer.m.flat.floats() == m)
            #expect(trainer.stepCount == 2)
            #expect(trainer.nonFiniteStepsInARow == 1)
            #expect(trainer.lossDetector.values.count == 1)

            trainer.model.parameters["wpe"].withUnsafeMutableElements(as: Float.self) {
                _ = $0.update(fromContentsOf: good)
            }
            let next = try trainer.step()
            #expect(next.skipReason == nil)
            #expect(next.loss.isFinite)
            #expect(trainer.nonFiniteStepsInARow == 0)
        }
    }

    @Test func gradientNormThatOverflowsIsNamed() throws {
        try withTemporaryDirectory { directory in
            // One token, whose last normalized row x has the norm sqrt(8) * 1.25e38. All fits into
            // a float: x, the logits, the loss. But wte's gradient is x for the token that wins and
            // -x for the one that should have, and the norm of both is 5e38.
            let trainer = try SmallRun(batchSize: 1, sequenceLength: 1).trainer(in: directory)
            trainer.model.parameters["lnfw"].withUnsafeMutableElements(as: Float.self) {
                $0.update(repeating: 1.25e38)
            }
            let step = try trainer.step()
            #expect(step.skipReason == .nonFinite(quantity: .gradientNorm, found: .infinity))
            #expect(step.skipReason?.description == "the gradient norm is inf")
        }
    }

    @Test func overfittingLearnsFromTheFirstBatchesOnly() throws {
        try withTemporaryDirectory { directory in
            // Two micro-batches per step; other data after them must not matter.
            let run = SmallRun(totalBatchTokens: 32, steps: 4)
            var settings = run.settings
            settings.overfitsSingleBatch = true
            let overfitting = try run.trainer(in: directory, settings: settings)
            let small = SmallRun(totalBatchTokens: 32, steps: 4, tokenCount: 33)
            let repeating = try small.trainer(in: directory)
            #expect(repeating.loader.samplesPerEpoch == 2)
            for _ in 0..<4 {
                #expect(try overfitting.step().loss == repeating.step().loss)
            }
        }
    }

    @Test func validationIsTheMeanOverBatchesFromTheFirstOn() throws {
        try withTemporaryDirectory { directory in
            let run = SmallRun(tokenCount: 16 * 3 + 1)
            let validation = try run.loader(in: directory, seed: 2)
            #expect(validation.samplesPerEpoch == 3)

            func loss(batches: Int) throws -> Float {
                var settings = run.settings
                settings.validationBatches = batches
                let trainer = try run.trainer(in: directory, settings: settings)
                let first = try trainer.validationLoss(on: validation)
                #expect(try trainer.validationLoss(on: validation) == first)
                #expect(try trainer.validationLoss(on: validation, until: { true }) == nil)
                return first
            }
            var losses: [Float] = []
            let model = try run.trainer(in: directory).model
            let workspace = try TrainingWorkspace(
                model,
                batchSize: 2,
                sequenceLength: 8,
                training: nil
            )
            var loader = validation
            var batch = TokenBatch(tokenCount: 16)
            for _ in 0..<3 {
                try loader.nextBatch(into: &batch)
                losses.append(
                    try model.loss(
                        inputs: batch.inputs,
                        targets: batch.targets,
                        workspace: workspace
                    )
                )
            }
            #expect(try loss(batches: 1) == losses[0])
            #expect(abs(try loss(batches: 2) - (losses[0] + losses[1]) / 2) <= 1e-6)
            let mean = losses.reduce(0, +) / 3
            for batches in [0, 3, 100] {
                #expect(abs(try loss(batches: batches) - mean) <= 1e-6)
            }
        }
    }

    @Test func settingsAndSequencesAreCheckedBeforeTraining() throws {
        try withTemporaryDirectory { directory in
            let run = SmallRun()
            var settings = run.settings
            settings.totalBatchTokens = 17
            #expect(throws: TrainingError.self) {
                try run.trainer(in: directory, settings: settings)
            }
            settings = run.settings
            settings.sequenceLength = 9
            settings.totalBatchTokens = 18
            #expect(throws: ModelError.sequenceTooLong(length: 9, maximum: 8)) {
                try run.trainer(in: directory, settings: settings)
            }
        }
    }

    @Test func tokenOutsideTheVocabularyIsAnError() throws {
        try withTemporaryDirectory { directory in
            let run = SmallRun()
            let ops = try Ops(threadCount: 1)
            var generator = MersenneTwister(seed: 7)
            let configuration = try GPT2Configuration(
                contextLength: 8,
                vocabularySize: 5,
                layerCount: 1,
                headCount: 2,
                channels: 8
            )
            let trainer = try Trainer(
                model: GPT2(randomWeights: configuration, using: &generator, ops: ops),
                settings: run.settings,
                loader: run.loader(in: directory)
            )
            #expect(throws: ModelError.self) { try trainer.step() }
        }
    }
}
