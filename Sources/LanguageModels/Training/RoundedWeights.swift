// Rounded copies of the matrices among the parameters, which remain float32, for passes of training
// at bfloat16.

import Tensors

/// The matrices and embeddings of a model, rounded to bfloat16 for the products of training.
///
/// The optimizer rewrites them with every update. Biases and the weights of normalizations, a
/// thousandth of all, are used as they are.
package struct RoundedWeights {
    private let set: TensorSet

    /// Allocates memory; ``round(_:ops:)`` fills it.
    /// - Throws: ``TensorError/outOfMemory(byteCount:)``.
    init(_ parameters: TensorLayout, ops: Ops) throws {
        set = try ops.allocate(Self.layout(parameters))
    }

    /// Matrices are the parameters that decay.
    private static func layout(_ parameters: TensorLayout) -> TensorLayout {
        TensorLayout(
            parameters.specifications
                .filter(\.decays)
                .map { TensorSpecification($0.name, $0.shape, elementType: .bfloat16) },
            alignment: 64
        )
    }

    /// Bytes that they take.
    package static func byteCount(_ parameters: TensorLayout) -> Int {
        layout(parameters).byteCount
    }

    /// The rounded copy of a parameter, or nil when it is used as it is.
    func tensor(_ name: String) -> Tensor? {
        let index = set.layout.specifications.firstIndex { $0.name == name }
        return index.map { set.tensors[$0] }
    }

    /// Rounds all matrices of `parameters`.
    func round(_ parameters: TensorSet, ops: Ops) {
        for (specification, tensor) in zip(set.layout.specifications, set.tensors) {
            let shape = [tensor.rows, tensor.columns]
            ops.store(
                parameters[specification.name].reshaped(shape),
                in: tensor.reshaped(shape)
            )
        }
    }
}
