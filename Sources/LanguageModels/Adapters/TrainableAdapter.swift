// A low-rank adapter in memory, whose matrices training changes: a new one, or one that was read.
// TrainableAdapter+Writing.swift writes it.

import RandomNumbers
import TensorFiles
import Tensors

/// The matrices of an adapter, in float32.
///
/// Rows of B are in the order of the weight's rows in ``ModelWeights``.
package struct TrainableAdapter {
    /// One layer's matrices.
    struct Pair {
        let a: Tensor  // (r, in)
        let b: Tensor  // (out, r)
        /// What the product B A is multiplied by.
        let scale: Float
    }

    /// Its layers.
    package let shape: LowRankShape
    /// The matrices, in the shape's layout.
    package let parameters: TensorSet
    /// The index of each layer in the shape; A and B are that many pairs from the first.
    private let indices: [ModelWeight: Int]

    /// An adapter that changes nothing yet: each A is random and each B zero.
    ///
    /// PEFT's initialization: A is uniform within 1 / sqrt(in), Kaiming's bound for a slope of
    /// sqrt(5).
    /// - Parameters:
    ///   - shape: Its layers.
    ///   - generator: Where the randomness comes from; moved on.
    ///   - ops: What allocates.
    /// - Throws: `TensorError` when memory is short.
    package init(
        _ shape: LowRankShape,
        using generator: inout MersenneTwister,
        ops: Ops
    ) throws {
        self.shape = shape
        indices = shape.indices
        parameters = try ops.allocate(shape.parameterLayout)
        for layer in shape.layers {
            let bound = 1 / Float(layer.weight.shape[1]).squareRoot()
            ops.fill(parameters[layer.nameOfA]) {
                generator.fillUniform(&$0, from: -bound, to: bound)
            }
        }
    }

    /// An adapter that was read, to continue training.
    /// - Parameters:
    ///   - adapter: Of linear layers within the blocks of a model.
    ///   - configuration: The model's sizes.
    ///   - ops: What allocates.
    /// - Throws: `TensorFileError` when it changes something else, or belongs to another model;
    ///   `TensorError` when memory is short.
    package init(
        _ adapter: LowRankAdapter,
        of configuration: some ModelConfiguration,
        ops: Ops
    ) throws {
        let shape = try LowRankShape(adapter, of: configuration)
        self.shape = shape
        indices = shape.indices
        parameters = try ops.allocate(shape.parameterLayout)
        let naming = configuration.huggingFaceNaming
        for layer in shape.layers {
            guard let (path, arrangement) = naming.linearLayer(layer.weight),
                let change = adapter.changes[path]
            else { preconditionFailure("an adapter without \(layer.weight)") }
            try ops.copy(change.a.floats(), into: parameters[layer.nameOfA])
            try ops.copy(
                arrangement.rowOrder.arranged(change.b.floats()),
                into: parameters[layer.nameOfB]
            )
        }
    }

    /// The matrices that change a weight; nil where none do.
    /// - Parameters:
    ///   - weight: A weight of the model.
    ///   - set: Parameters of the adapter, or their gradients; nil is its own.
    /// - Returns: The matrices.
    func pair(_ weight: ModelWeight, in set: TensorSet? = nil) -> Pair? {
        guard let index = indices[weight] else { return nil }
        let tensors = (set ?? parameters).tensors
        return Pair(
            a: tensors[2 * index],
            b: tensors[2 * index + 1],
            scale: shape.scale(of: shape.layers[index])
        )
    }
}

extension WeightNaming {
    /// The path of the module that a weight belongs to, and the weight's layout in it; nil if there
    /// is none.
    func linearLayer(_ weight: ModelWeight) -> (path: String, arrangement: WeightArrangement)? {
        let end = ".weight"
        guard case .tensor(let name, let arrangement) = self[weight], name.hasSuffix(end) else {
            return nil
        }
        return (String(name.dropLast(end.count)), arrangement)
    }
}

extension WeightArrangement {
    /// Reorders the rows of B, which are the weight's; whether the weight is stored transposed
    /// changes neither A nor B.
    var rowOrder: WeightArrangement { self == .transposed ? .asItIs : self }
}

// Its matrices change in training without synchronization.
@available(*, unavailable) extension TrainableAdapter: Sendable {}
