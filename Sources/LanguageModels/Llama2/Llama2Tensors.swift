// The tensors of a Llama by what they are: weights as passes read them, or the gradients that they
// write.

import Tensors

/// The tensors of a model.
struct Llama2Tensors {
    let tokenEmbedding: Tensor  // (V, C)
    let attentionNorm: LayerTensors  // (C)
    let wq: LayerTensors  // (NH * HS, C)
    let wk: LayerTensors  // (NKV * HS, C)
    let wv: LayerTensors  // (NKV * HS, C)
    let wo: LayerTensors  // (C, NH * HS)
    let feedForwardNorm: LayerTensors  // (C)
    let w1: LayerTensors  // (H, C)
    let w2: LayerTensors  // (C, H)
    let w3: LayerTensors  // (H, C)
    let finalNorm: Tensor  // (C)
    /// `(V, C)`; the embedding where that is used in its place.
    let classifier: Tensor

    /// Takes the tensors by their names.
    init(_ configuration: Llama2Configuration, _ source: TensorSource) {
        func take(_ kind: Llama2Weight) -> Tensor { source.tensor(kind.rawValue) }
        func layers(_ kind: Llama2Weight) -> LayerTensors { source.layers(kind.rawValue) }
        tokenEmbedding = take(.tokenEmbedding)
        attentionNorm = layers(.attentionNorm)
        wq = layers(.wq)
        wk = layers(.wk)
        wv = layers(.wv)
        wo = layers(.wo)
        feedForwardNorm = layers(.feedForwardNorm)
        w1 = layers(.w1)
        w2 = layers(.w2)
        w3 = layers(.w3)
        finalNorm = take(.finalNorm)
        classifier = configuration.hasSeparateClassifier ? take(.classifier) : tokenEmbedding
    }

    /// The matrices that multiply what a normalization gives.
    func matrices(_ kind: Llama2Weight) -> LayerTensors {
        switch kind {
        case .wq: wq
        case .wk: wk
        case .wv: wv
        case .w1: w1
        case .w3: w3
        default: preconditionFailure("\(kind) multiplies no normalised rows")
        }
    }
}

extension Llama2Configuration {
    public var parameterLayout: TensorLayout {
        TensorLayout(
            weightKinds.map { kind in
                let shape = kind.shape(in: self)
                return TensorSpecification(
                    kind.rawValue,
                    kind.isLayered ? [layerCount] + shape : shape,
                    decays: !kind.isNorm
                )
            }
        )
    }

    /// An embedding that is no classifier is no factor: tokens look its rows up.
    public var factorNames: Set<String> {
        let others = weightKinds.filter { !$0.isNorm && $0 != .tokenEmbedding }.map(\.rawValue)
        let embedding = hasSeparateClassifier ? [] : [Llama2Weight.tokenEmbedding.rawValue]
        return Set(others + embedding)
    }
}
