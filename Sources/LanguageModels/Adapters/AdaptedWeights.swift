// A model's weights with an adapter merged into them, each when it is asked for: what opens or
// writes a model does not know that there is one.

import TensorFiles
import Tensors

/// Weights of which an adapter changes some.
struct AdaptedWeights<Base: ModelWeights>: ModelWeights {
    private let base: Base
    private let changes: [ModelWeight: (change: LowRankAdapter.Change, place: WeightArrangement)]
    private let ops: Ops

    /// Finds the weights that an adapter changes.
    /// - Throws: `TensorFileError` when it changes some that the model does not have, or of another
    ///   shape.
    init(_ base: Base, _ adapter: LowRankAdapter, ops: Ops) throws {
        self.base = base
        self.ops = ops
        let naming = base.configuration.huggingFaceNaming
        var rest = adapter.changes
        var changes: [ModelWeight: (LowRankAdapter.Change, WeightArrangement)] = [:]
        for weight in base.configuration.weights where weight.role.isMatrix {
            guard case .tensor(let name, let arrangement) = naming[weight],
                name.hasSuffix(".weight"),
                let change = rest.removeValue(forKey: String(name.dropLast(".weight".count)))
            else { continue }
            guard [change.b.shape[0], change.a.shape[1]] == weight.shape else {
                throw TensorFileError.wrongShape(
                    path: adapter.path,
                    name: change.b.name,
                    expected: [weight.shape[0], change.a.shape[0]],
                    found: change.b.shape
                )
            }
            changes[weight] = (change, arrangement)
        }
        if let layer = rest.keys.min() {
            throw TensorFileError.unsupported(
                path: adapter.path,
                reason: "it changes '\(layer)', which the model does not have",
                hint: "use the adapter with the model it was trained on"
            )
        }
        self.changes = changes
    }

    var configuration: Base.Configuration { base.configuration }
    var format: ModelFormat { base.format }
    var tensors: [StoredTensor] { base.tensors }

    func elementType(of weight: ModelWeight) throws -> ElementType {
        try changes[weight] == nil ? base.elementType(of: weight) : .float32
    }

    /// The weight, in float32 where the adapter changes it.
    func tensor(_ weight: ModelWeight) throws -> Tensor {
        let stored = try base.tensor(weight)
        guard let (change, place) = changes[weight] else { return stored }
        let a = try WeightArrangement.transposed.arranged(change.a.floats())
        var b = try change.b.floats()
        // Rows of B are those of the weight in the model's own file; a transposed weight changes
        // nothing, as A and B are (r, in) and (out, r) all the same.
        if case .halves = place { b = try place.arranged(b) }
        ops.fill(b) { elements in
            for index in elements.indices { elements[index] *= change.scale }
        }
        let result = try ops.tensor(weight.shape)
        ops.matmulForward(
            out: result,
            inp: b,
            weight: a,
            residual: try ops.convert(stored, to: .float32)
        )
        return result
    }
}

extension ModelWeights {
    /// The same weights with an adapter merged into them.
    /// - Parameters:
    ///   - adapter: An adapter that was trained on this model.
    ///   - ops: What multiplies.
    /// - Returns: The weights, each of which is merged when it is asked for.
    /// - Throws: `TensorFileError` when the adapter belongs to another model.
    public func merging(_ adapter: LowRankAdapter, ops: Ops) throws -> any ModelWeights {
        try AdaptedWeights(self, adapter, ops: ops)
    }
}
