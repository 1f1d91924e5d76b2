// Where passes read their weights: one tensor per layer for each kind of weight, which is part of a
// parameter or stays in its file; and, in training at bfloat16, rounded copies of the matrices
// among the parameters, which remain float32.

import Tensors

/// One tensor for each layer.
struct LayerTensors {
    private let tensors: [Tensor]

    /// Takes tensors, in the order of the layers.
    init(_ tensors: [Tensor]) { self.tensors = tensors }

    /// Takes the parts of a tensor whose first axis counts layers.
    init(stack: Tensor) { tensors = (0..<stack.shape[0]).map { stack[$0] } }

    subscript(layer: Int) -> Tensor { tensors[layer] }
}

/// Finds the tensors of a model by name.
struct TensorSource {
    /// One that the model has once.
    let tensor: (_ name: String) -> Tensor
    /// One that every layer has.
    let layers: (_ name: String) -> LayerTensors

    /// The tensors of all layers are one parameter.
    init(stacks tensor: @escaping (_ name: String) -> Tensor) {
        self.tensor = tensor
        layers = { LayerTensors(stack: tensor($0)) }
    }

    /// Each weight is a separate tensor.
    init(_ weights: [ModelWeight: Tensor]) {
        var whole: [String: Tensor] = [:]
        var layered: [String: [(layer: Int, tensor: Tensor)]] = [:]
        for (weight, tensor) in weights {
            if let layer = weight.layer {
                layered[weight.name, default: []].append((layer, tensor))
            } else {
                whole[weight.name] = tensor
            }
        }
        tensor = { name in
            guard let tensor = whole[name] else { preconditionFailure("no weight \(name)") }
            return tensor
        }
        layers = { name in
            LayerTensors((layered[name] ?? []).sorted { $0.layer < $1.layer }.map(\.tensor))
        }
    }
}

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
