// The models and trainers of the recorded training, and their tensors by Hugging Face's names.

import FileIO
import LanguageModels
import TensorFiles
import Tensors
import TestSupport
import Testing
import TokenData
import Training

extension TrainingFixture.Run {
    /// The model before its steps.
    func makeModel(ops: Ops) throws -> TransformerModel {
        let weights = try openWeights(at: fixture(model))
        return try weights.configuration.makeTrainableModel(weights, ops: ops)
    }

    /// A trainer at the start of the steps.
    func trainer(
        _ name: String,
        recomputation: Recomputation = .none,
        ops: Ops
    ) throws -> Trainer {
        try Trainer(
            model: makeModel(ops: ops),
            settings: settings(recomputation: recomputation),
            loader: loader(name)
        )
    }

    /// The tokens of the steps, in order.
    func loader(_ name: String) throws -> TokenLoader {
        try TokenLoader(
            matching: TrainingFixture.path("\(name)_tokens.bin"),
            batchSize: batchSize,
            sequenceLength: sequenceLength,
            shuffled: false
        )
    }

    /// How the steps are made.
    func settings(recomputation: Recomputation) -> TrainingSettings {
        var settings = TrainingSettings(
            batchSize: batchSize,
            sequenceLength: sequenceLength,
            totalBatchTokens: batchSize * sequenceLength * microBatchesPerStep,
            schedule: LearningRateSchedule(
                shape: .constant,
                peak: optimizer.learningRate,
                warmupSteps: 0,
                finalFraction: 1,
                totalSteps: steps.count
            )
        )
        settings.optimizer.beta1 = optimizer.beta1
        settings.optimizer.beta2 = optimizer.beta2
        settings.optimizer.epsilon = optimizer.epsilon
        settings.optimizer.weightDecay = optimizer.weightDecay
        settings.optimizer.gradientClip = optimizer.gradClip
        settings.recomputation = recomputation
        return settings
    }

    /// What a set in the layout of the parameters holds, by Hugging Face's names.
    ///
    /// It is written as if it were the weights, so that rows come in Hugging Face's order.
    func named(_ set: TensorSet, ops: Ops) throws -> [String: [Float]] {
        let model = try makeModel(ops: ops)
        ops.copy(set.flat, to: model.parameters.flat)
        return try withTemporaryDirectory { directory in
            let path = directory.appending("model")
            try model.writeCheckpoint(to: path)
            let converted = directory.appending("converted")
            try ModelConversion(openWeights(at: path), to: .safetensors, at: converted)
                .write(ops: ops)
            let tensors = try TensorArchive(contentsOf: converted).tensors
            return try Dictionary(
                uniqueKeysWithValues: tensors.map { ($0.name, try $0.floats().floats()) }
            )
        }
    }
}
