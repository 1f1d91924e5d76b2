// Memory for the parameters of a GPT-2, all layers of a kind together.

import Tensors

/// Memory for one number a parameter: the weights, their gradients, or a moment of the optimiser.
public struct GPT2Parameters {
    /// All tensors, in file order.
    public let set: TensorSet

    let tensors: GPT2Tensors

    /// Allocates zeros.
    /// - Throws: ``TensorError/outOfMemory(byteCount:)``.
    public init(_ configuration: GPT2Configuration, ops: Ops) throws {
        let set = try ops.allocate(configuration.parameterLayout)
        self.set = set
        tensors = GPT2Tensors { set[$0] }
    }

    /// A weight's part of the tensor that holds its kind.
    func part(_ weight: ModelWeight) -> Tensor {
        let all = set[weight.name]
        return weight.layer.map { all[$0] } ?? all[0..<weight.shape[0]]
    }
}
