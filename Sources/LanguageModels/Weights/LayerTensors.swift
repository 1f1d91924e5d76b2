// Where passes read their weights, in training and in generation: one tensor per layer for each
// kind of weight, which is part of a parameter or stays in its file.

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
package struct TensorSource {
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
