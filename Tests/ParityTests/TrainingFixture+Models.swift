// The models and trainers of the recorded training, and their tensors under Hugging Face's names.

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

    /// The first micro-batch of the steps.
    func firstBatch(_ name: String) throws -> TokenBatch {
        var loader = try loader(name)
        var batch = TokenBatch(tokenCount: batchSize * sequenceLength)
        try loader.nextBatch(into: &batch)
        return batch
    }

    /// The loss and the gradients of a batch, under Hugging Face's names.
    func lossAndGradients(
        inputs: [Int32],
        targets: [Int32],
        isCounted: [Bool]? = nil,
        starts: [Int32]? = nil,
        dropout: Dropout? = nil,
        precision: ElementType = .float32,
        recomputation: Recomputation,
        ops: Ops
    ) throws -> (loss: Float, gradients: [String: [Float]]) {
        let model = try makeModel(ops: ops)
        try model.setPrecision(precision)
        let gradients = try model.makeParameterSet()
        let loss = try model.lossAndGradients(
            inputs: inputs,
            targets: targets,
            isCounted: isCounted,
            starts: starts,
            dropout: dropout,
            workspace: TrainingWorkspace(
                model,
                batchSize: batchSize,
                sequenceLength: sequenceLength,
                training: recomputation
            ),
            gradients: gradients
        )
        return (loss, try named(gradients, ops: ops))
    }

    /// How the steps are made.
    func settings(recomputation: Recomputation) throws -> TrainingSettings {
        var settings = TrainingSettings(
            batchSize: batchSize,
            sequenceLength: sequenceLength,
            totalBatchTokens: batchSize * sequenceLength * microBatchesPerStep,
            schedule: LearningRateSchedule(
                shape: .constant,
                peak: try #require(optimizer.learningRate),
                warmupSteps: 0,
                finalFraction: 1,
                totalSteps: steps.count
            )
        )
        optimizer.apply(to: &settings.optimizer)
        settings.recomputation = recomputation
        return settings
    }

    /// The tensors of a set in the layout of the parameters, under Hugging Face's names.
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

/// Compares gradients by name, relative to their norms; the names expected begin with `prefix`.
func expectSame(
    _ found: [String: [Float]],
    _ expected: [String: [Float]],
    prefix: String = ""
) throws {
    let names = expected.keys.filter { $0.hasPrefix(prefix) }
    #expect(names.count == found.count)
    for name in names.sorted() {
        let gradient = try #require(found[String(name.dropFirst(prefix.count))], "\(name)")
        let difference = compare(gradient, try #require(expected[name]))
        print("\(name): relative difference \(difference.relative)")
        #expect(difference.relative <= 1e-4, "\(name)")
    }
}
