// The tensors of a Llama by what they are: weights as passes read them, or the gradients that they
// write.

import Tensors

/// The tensors of a model, each with all its layers.
struct Llama2Tensors {
    let tokenEmbedding: Tensor  // (V, C)
    let attentionNorm: Tensor  // (L, C)
    let wq: Tensor  // (L, NH * HS, C)
    let wk: Tensor  // (L, NKV * HS, C)
    let wv: Tensor  // (L, NKV * HS, C)
    let wo: Tensor  // (L, C, NH * HS)
    let feedForwardNorm: Tensor  // (L, C)
    let w1: Tensor  // (L, H, C)
    let w2: Tensor  // (L, C, H)
    let w3: Tensor  // (L, H, C)
    let finalNorm: Tensor  // (C)
    /// `(V, C)`; the embedding where that is used in its place.
    let classifier: Tensor

    /// Takes the tensors by their names.
    init(_ configuration: Llama2Configuration, _ tensor: (_ name: String) -> Tensor) {
        func take(_ kind: Llama2Weight) -> Tensor { tensor(kind.rawValue) }
        tokenEmbedding = take(.tokenEmbedding)
        attentionNorm = take(.attentionNorm)
        wq = take(.wq)
        wk = take(.wk)
        wv = take(.wv)
        wo = take(.wo)
        feedForwardNorm = take(.feedForwardNorm)
        w1 = take(.w1)
        w2 = take(.w2)
        w3 = take(.w3)
        finalNorm = take(.finalNorm)
        classifier = configuration.hasSeparateClassifier ? take(.classifier) : tokenEmbedding
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
