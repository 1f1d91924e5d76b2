// A model in training, of which only an adapter changes. Its weights stay in their file, in the
// type they are stored in, unless the precision requires another.

import FileIO
import Inference
import TensorFiles
import Tensors

/// A model with a low-rank adapter, whose matrices are its parameters.
package final class AdaptedModel: TransformerModel {
    /// The model without its adapter.
    package let frozenWeights: any ModelWeights
    /// What passes read of it.
    private let weights: TensorSource
    /// The adapter being trained.
    package let adapter: TrainableAdapter
    /// Where the model is, for readers of the adapter's files.
    package let baseName: String?

    /// Takes the weights of a model as they are.
    /// - Parameters:
    ///   - sizes: The model's sizes as training has them.
    ///   - base: Its weights, whose files must not change while the model is in use.
    ///   - adapter: The adapter to train.
    ///   - baseName: Where the model is, for the adapter's files.
    ///   - precision: The type of the passes. At bfloat16 matrices of float32 are rounded to it.
    ///   - ops: What runs the arithmetic.
    /// - Throws: What reading the weights throws, or `TensorError` when memory is short.
    init(
        _ sizes: any ModelConfiguration,
        _ base: any ModelWeights,
        _ adapter: TrainableAdapter,
        baseName: String?,
        precision: ElementType,
        ops: Ops
    ) throws {
        frozenWeights = base
        self.adapter = adapter
        self.baseName = baseName
        let arena = WeightArena()
        var weights: [ModelWeight: Tensor] = [:]
        for weight in sizes.weights {
            let stored = try base.tensor(weight)
            switch Self.passType(of: weight, stored: stored.elementType, precision) {
            case stored.elementType: weights[weight] = stored
            case .bfloat16: weights[weight] = try ops.convert(stored, to: .bfloat16, in: arena)
            case let type: weights[weight] = try ops.convert(stored, to: type)
            }
        }
        self.weights = TensorSource(weights)
        try super.init(sizes, parameters: adapter.parameters, ops: ops)
        try setPrecision(precision)
    }

    /// The type in which passes read a weight.
    private static func passType(
        of weight: ModelWeight,
        stored: ElementType,
        _ precision: ElementType
    ) -> ElementType {
        if !weight.role.isMatrix { return .float32 }
        return precision == .bfloat16 && stored == .float32 ? .bfloat16 : stored
    }

    /// How many bytes of weights that training does not change are read by passes.
    /// - Parameters:
    ///   - base: The model's weights.
    ///   - precision: The type of the passes.
    /// - Returns: Bytes of copies, and of pages of the file; every step reads all of both.
    /// - Throws: What reading the weights throws.
    package static func weightByteCount(
        _ base: any ModelWeights,
        precision: ElementType
    ) throws -> Int {
        try base.configuration.weights.reduce(0) { sum, weight in
            let stored = try base.elementType(of: weight)
            let columns = weight.shape.last ?? 1
            return sum
                + passType(of: weight, stored: stored, precision)
                .byteCount(rows: weight.count / max(1, columns), columns: columns)
        }
    }

    override package var trainedAdapter: TrainableAdapter? { adapter }

    override var passWeights: TensorSource { weights }

    /// The model with the adapter merged into its weights.
    override package func makeLanguageModel() throws -> any LanguageModel {
        try frozenWeights.merging(adapter, ops: ops).makeModel(ops: ops)
    }

    /// A directory in PEFT's format.
    override package var checkpointForm: CheckpointForm { .directory }

    override package func writeCheckpoint(to path: FilePath) throws {
        try adapter.write(
            to: path,
            of: sizes,
            baseModel: baseName,
            overwrite: true,
            ops: ops
        )
    }

    override package func readCheckpoint(from path: FilePath) throws -> Bool {
        let saved = try TrainableAdapter(LowRankAdapter(path), of: sizes, ops: ops)
        guard saved.shape == adapter.shape else {
            throw ModelError.mismatch(
                path: path,
                expected: "an adapter with the same layers, ranks and alphas as the run's",
                found: "another",
                hint: "use one of the run's own layers, ranks and alphas"
            )
        }
        ops.copy(saved.parameters.flat, to: parameters.flat)
        return false
    }
}

/// A model's weights with an adapter in memory merged into them.
private struct MergedWeights<Base: ModelWeights>: ModelWeights {
    let base: Base
    let adapter: TrainableAdapter
    let ops: Ops

    var configuration: Base.Configuration { base.configuration }
    var format: ModelFormat { base.format }
    var tensors: [StoredTensor] { base.tensors }

    func tensor(_ weight: ModelWeight) throws -> Tensor {
        let stored = try base.tensor(weight)
        guard let pair = adapter.pair(weight) else { return stored }
        return try ops.merged(stored, a: pair.a, b: pair.b, scale: pair.scale)
    }

    func elementType(of weight: ModelWeight) throws -> ElementType {
        let stored = try base.elementType(of: weight)
        return adapter.pair(weight) == nil ? stored : stored.ofMergedWeights
    }
}

extension ModelWeights {
    /// The same weights with the current state of an adapter merged in.
    fileprivate func merging(_ adapter: TrainableAdapter, ops: Ops) -> any ModelWeights {
        MergedWeights(base: self, adapter: adapter, ops: ops)
    }
}
