// A model's weights with an adapter merged in, each when it is asked for. Code that opens or writes
// the model does not notice the adapter.

import TensorFiles
import Tensors

/// Weights, some of which an adapter changes.
struct AdaptedWeights<Base: ModelWeights>: ModelWeights {
    /// What happens to one weight.
    private struct Part {
        /// The product that is added.
        var change: LowRankAdapter.Change?
        /// What replaces the model's own weight before that.
        var replacement: StoredTensor?
        /// How both are laid out in the adapter.
        let arrangement: WeightArrangement
    }

    private let base: Base
    private let parts: [ModelWeight: Part]
    private let ops: Ops

    /// Finds the weights that an adapter changes.
    /// - Throws: `TensorFileError` when it changes weights that the model does not have, or that
    ///   have another shape.
    init(_ base: Base, _ adapter: LowRankAdapter, ops: Ops) throws {
        self.base = base
        self.ops = ops
        let naming = base.configuration.huggingFaceNaming
        var (changes, replacements) = (adapter.changes, adapter.replacements)
        var parts: [ModelWeight: Part] = [:]
        for weight in base.configuration.weights where weight.role.isMatrix {
            guard let (layer, arrangement) = naming.linearLayer(weight),
                case let part = Part(
                    change: changes.removeValue(forKey: layer),
                    replacement: replacements.removeValue(forKey: layer),
                    arrangement: arrangement
                ), part.change != nil || part.replacement != nil
            else { continue }
            if let change = part.change { try adapter.check(change, weight) }
            if let replacement = part.replacement {
                try adapter.check(replacement, arrangement.storedShape(weight.shape))
            }
            parts[weight] = part
        }
        if let layer = (Array(changes.keys) + replacements.keys).min() {
            throw TensorFileError.unsupported(
                path: adapter.path,
                reason: "it changes '\(layer)', which is not a linear layer of the model",
                hint: LowRankAdapter.hint
            )
        }
        self.parts = parts
    }

    var configuration: Base.Configuration { base.configuration }
    var format: ModelFormat { base.format }
    var tensors: [StoredTensor] { base.tensors }

    /// The weight.
    ///
    /// If the adapter changes it, it has the type it is stored in, or float32 if that has blocks.
    func tensor(_ weight: ModelWeight) throws -> Tensor {
        guard let part = parts[weight] else { return try base.tensor(weight) }
        let stored =
            try part.replacement.map { try part.arrangement.arranged($0.tensor()) }
            ?? base.tensor(weight)
        guard let change = part.change else { return stored }
        return try ops.merged(
            stored,
            a: change.a.floats(),
            b: part.arrangement.rowOrder.arranged(change.b.floats()),
            scale: change.scale
        )
    }

    func elementType(of weight: ModelWeight) throws -> ElementType {
        guard let part = parts[weight] else { return try base.elementType(of: weight) }
        let type =
            try part.replacement.map { $0.storedType.weightType ?? .float32 }
            ?? base.elementType(of: weight)
        return part.change == nil ? type : type.ofMergedWeights
    }
}

extension Ops {
    /// A weight with the product of two thin matrices added.
    /// - Parameters:
    ///   - stored: `(out, in)`.
    ///   - a: `(r, in)`.
    ///   - b: `(out, r)`.
    ///   - scale: What the product is multiplied by.
    /// - Returns: The sum, in memory of its own and in the type of `stored`, or in float32 where
    ///   that has blocks.
    /// - Throws: `TensorError` when memory is short, or what says that a file has lost some of it.
    func merged(_ stored: Tensor, a: Tensor, b: Tensor, scale: Float) throws -> Tensor {
        let scaled = try copy(b, as: .float32)
        self.scale(TensorColumns(scaled), by: scale)
        let result = try tensor(stored.shape)
        matmulForward(
            out: result,
            inp: scaled,
            weight: try WeightArrangement.transposed.arranged(a),
            residual: try convert(stored, to: .float32)
        )
        return try convert(result, to: stored.elementType.ofMergedWeights)
    }
}

extension ElementType {
    /// The type of a weight once something is merged into it.
    var ofMergedWeights: ElementType { isBlocked ? .float32 : self }
}

extension LowRankAdapter {
    /// What to do when an adapter and a model do not match.
    static let hint = "use the adapter with the model it was trained on"

    /// Checks that the matrices of a layer have the shapes that its weight needs.
    func check(_ change: Change, _ weight: ModelWeight) throws {
        try check(change.a, [change.a.shape[0], weight.shape[1]])
        try check(change.b, [weight.shape[0], change.a.shape[0]])
    }

    /// Checks that a tensor has the shape that the model needs.
    fileprivate func check(_ tensor: StoredTensor, _ shape: [Int]) throws {
        guard tensor.shape == shape else {
            throw TensorFileError.unsupported(
                path: path,
                reason: "its '\(tensor.name)' has the shape \(tensor.shape), and the model's layer "
                    + "needs \(shape)",
                hint: Self.hint
            )
        }
    }
}

extension ModelWeights {
    /// The same weights with an adapter merged into them.
    /// - Parameters:
    ///   - adapter: An adapter that was trained on this model.
    ///   - ops: What multiplies.
    /// - Returns: The weights, each merged when it is asked for.
    /// - Throws: `TensorFileError` when the adapter belongs to another model.
    package func merging(_ adapter: LowRankAdapter, ops: Ops) throws -> any ModelWeights {
        try AdaptedWeights(self, adapter, ops: ops)
    }
}
