// The training steps that scripts/export_parity_fixtures.py records, and the trainer that repeats
// them. Fixtures/README.md explains the keys.

import FileIO
import Foundation
import LanguageModels
import Tensors
import TokenData
import Training

/// What `NAME_steps.json` holds, as far as the tests need it.
struct StepsFixture: Decodable {
    struct Optimizer: Decodable {
        let beta1: Float
        let beta2: Float
        let epsilon: Float
        let weightDecay: Float
        let gradClip: Float
    }

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
    let optimizer: Optimizer
    let steps: [Step]
    let finalParameters: [String: Samples]

    /// Reads the record of the fixture called `name`.
    static func read(_ name: String) throws -> StepsFixture {
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        let bytes = try MappedFile(fixture("\(name)_steps.json")).contents()
        return try decoder.decode(StepsFixture.self, from: Data(bytes))
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
        settings.optimizer.beta1 = optimizer.beta1
        settings.optimizer.beta2 = optimizer.beta2
        settings.optimizer.epsilon = optimizer.epsilon
        settings.optimizer.weightDecay = optimizer.weightDecay
        settings.optimizer.gradientClip = optimizer.gradClip
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
