// The training steps that scripts/export_parity_fixtures.py records, and the trainer that repeats
// them. Fixtures/README.md explains the keys.

import LanguageModels
import Tensors
import TokenData
import Training

/// What `NAME_steps.json` holds, as far as the tests need it.
struct StepsFixture: Decodable {
    struct Step: Decodable {
        let learningRate: Float
        let trainLoss: Float
        let gradNorm: Float
    }

    struct Samples: Decodable {
        let indices: [Int]
        let values: [Float]
    }

    let batchSize: Int
    let sequenceLength: Int
    let microBatchesPerStep: Int
    let optimizer: RecordedOptimizer
    let steps: [Step]
    let finalParameters: [String: Samples]

    /// Reads the record of the fixture called `name`.
    static func read(_ name: String) throws -> StepsFixture {
        try recorded(at: fixture("\(name)_steps.json"))
    }

    /// A trainer at the start of these steps.
    func trainer(
        _ name: String,
        recomputation: Recomputation = .none,
        precision: ElementType = .float32,
        ops: Ops
    ) throws -> Trainer {
        var settings = TrainingSettings(
            batchSize: batchSize,
            sequenceLength: sequenceLength,
            totalBatchTokens: batchSize * sequenceLength * microBatchesPerStep,
            // As in the script: three steps of warm-up, then a cosine to a tenth.
            schedule: LearningRateSchedule(
                shape: .cosine,
                peak: 3e-3,
                warmupSteps: 3,
                finalFraction: 0.1,
                totalSteps: steps.count
            )
        )
        optimizer.apply(to: &settings.optimizer)
        settings.recomputation = recomputation
        settings.precision = precision
        return try Trainer(
            model: GPT2(llmcCheckpoint: fixture("\(name)_model.bin"), ops: ops),
            settings: settings,
            loader: TokenLoader(
                matching: fixture("\(name)_tokens.bin"),
                batchSize: batchSize,
                sequenceLength: sequenceLength,
                shuffled: false
            )
        )
    }
}
