// The tensors of a Llama: its weights, in training and in generation; and in training, what a pass
// keeps for its backward pass, block by block, and the gradients of the backward pass.

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
    /// `(V, C)`; the embedding if that serves as the classifier.
    let classifier: Tensor

    /// Finds the tensors by name.
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

    /// The matrices that multiply the output of a normalization.
    func matrices(_ kind: Llama2Weight) -> LayerTensors {
        switch kind {
        case .wq: wq
        case .wk: wk
        case .wv: wv
        case .w1: w1
        case .w3: w3
        default: preconditionFailure("\(kind) multiplies no normalized rows")
        }
    }
}

/// What one transformer block keeps for its backward pass.
struct Llama2BlockActivations {
    let attentionRstd: Tensor  // (N)
    let q: Tensor  // (N, NH * HS), turned
    let k: Tensor  // (N, NKV * HS), turned
    let v: Tensor  // (N, NKV * HS)
    let lse: Tensor  // (B, NH, T)
    let atty: Tensor  // (B, T, NH * HS)
    let residual2: Tensor  // (N, C): the residual stream between attention and feed-forward
    let feedForwardRstd: Tensor  // (N)
    let gate: Tensor  // (N, H)
    let up: Tensor  // (N, H)
    let hidden: Tensor  // (N, H): SwiGLU of the two

    static func layout(
        _ configuration: Llama2Configuration,
        _ shape: ActivationShape,
        block: Int
    ) -> [TensorSpecification] {
        let (B, T, N) = (shape.batchSize, shape.sequenceLength, shape.rowCount)
        let (A, K) = (configuration.attentionChannels, configuration.keyValueChannels)
        let H = configuration.hiddenChannels
        func rounded(_ name: String, _ sizes: [Int]) -> TensorSpecification {
            TensorSpecification("\(name)\(block)", sizes, elementType: shape.precision)
        }
        let layout = [
            TensorSpecification("attentionRstd\(block)", [N]),
            rounded("q", [N, A]),
            rounded("k", [N, K]),
            rounded("v", [N, K]),
            TensorSpecification("lse\(block)", [B, configuration.headCount, T]),
            rounded("atty", [B, T, A]),
            TensorSpecification("residual2\(block)", [N, configuration.channels]),
            TensorSpecification("feedForwardRstd\(block)", [N]),
            rounded("gate", [N, H]),
            rounded("up", [N, H]),
        ]
        return shape.sharesActivation ? layout : layout + [rounded("hidden", [N, H])]
    }

    init(_ set: TensorSet, block: Int, sharesHidden: Bool) {
        attentionRstd = set["attentionRstd\(block)"]
        q = set["q\(block)"]
        k = set["k\(block)"]
        v = set["v\(block)"]
        lse = set["lse\(block)"]
        atty = set["atty\(block)"]
        residual2 = set["residual2\(block)"]
        feedForwardRstd = set["feedForwardRstd\(block)"]
        gate = set["gate\(block)"]
        up = set["up\(block)"]
        hidden = set[sharesHidden ? "sharedHidden" : "hidden\(block)"]
    }
}

/// What a pass over a lane keeps besides what all families keep.
struct Llama2Activations {
    let blocks: [Llama2BlockActivations]  // those of all layers, or one for all
    let finalRstd: Tensor  // (N)
    let positions: Tensor  // (N) int32
    let rotations: Tensor  // (N, HS)
    /// Nil for inference.
    let gradients: Llama2ActivationGradients?

    init(_ configuration: Llama2Configuration, _ lane: TrainingLane) {
        let set = lane.tensors
        blocks = (0..<lane.blockCount).map {
            Llama2BlockActivations(set, block: $0, sharesHidden: lane.sharesActivation)
        }
        finalRstd = set["finalRstd"]
        positions = set["positions"]
        rotations = set["rotations"]
        gradients = lane.gradients == nil ? nil : Llama2ActivationGradients(configuration, lane)
    }
}

/// The gradients within a block, all float32.
struct Llama2ActivationGradients {
    let dgate: Tensor  // (N, H): first that of hidden
    let dup: Tensor  // (N, H)
    let datty: Tensor  // (N, NH * HS)
    let dq: Tensor  // (N, NH * HS)
    let dk: Tensor  // (N, NKV * HS)
    let dv: Tensor  // (N, NKV * HS)

    fileprivate init(_ configuration: Llama2Configuration, _ lane: TrainingLane) {
        let set = lane.tensors
        dgate = set["dgate"]
        dup = set["dup"]
        datty = set["datty"]
        let N = lane.rowCount
        let (A, K) = (configuration.attentionChannels, configuration.keyValueChannels)
        let all = set["dqkv"]
        dq = all[0..<N * A].reshaped([N, A])
        dk = all[N * A..<N * (A + K)].reshaped([N, K])
        dv = all[N * (A + K)..<N * (A + 2 * K)].reshaped([N, K])
    }

    fileprivate static func layout(
        _ configuration: Llama2Configuration,
        rowCount N: Int
    ) -> [TensorSpecification] {
        let (A, K) = (configuration.attentionChannels, configuration.keyValueChannels)
        let H = configuration.hiddenChannels
        return [
            // The logits are no longer needed when the first block runs, nor the feed-forward
            // network's memory when attention does.
            TensorSpecification("dgate", [N, H], sharedWith: "logits"),
            TensorSpecification("datty", [N, A], sharedWith: "logits"),
            TensorSpecification("dup", [N, H]),
            TensorSpecification("dqkv", [N * (A + 2 * K)], sharedWith: "dup"),
        ]
    }
}

extension Llama2Configuration {
    package func activationLayout(_ shape: ActivationShape) -> [TensorSpecification] {
        let N = shape.rowCount
        var layout = [
            TensorSpecification("finalRstd", [N]),
            TensorSpecification("positions", [N], elementType: .int32),
            TensorSpecification("rotations", [N, headSize]),
            TensorSpecification(
                "sharedHidden",
                [shape.sharesActivation ? N : 0, hiddenChannels],
                elementType: shape.precision
            ),
        ]
        for block in 0..<shape.blockCount {
            layout += Llama2BlockActivations.layout(self, shape, block: block)
        }
        if shape.recomputation == nil { return layout }
        return layout + [
            TensorSpecification("dresidual", [N, channels]),
            // A block is done with shared activations before this is written.
            TensorSpecification("dinner", [N, channels], sharedWith: "sharedHidden"),
        ] + Llama2ActivationGradients.layout(self, rowCount: N)
    }
}
