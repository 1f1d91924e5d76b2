// What a pass over new tokens computes on its way.

import Tensors

/// Memory for passes of one shape.
final class Llama2DecoderWorkspace {
    let rows: PassRows
    let rotations: Tensor  // (N, HS)
    let residual2: Tensor  // (N, C)
    let normalized: Tensor  // (N, C)
    let q: Tensor  // (N, NH * HS)
    let k: Tensor  // (N, NKV * HS)
    let v: Tensor  // (N, NKV * HS)
    let gate: Tensor  // (N, H)
    let up: Tensor  // (N, H)

    init(_ configuration: Llama2Configuration, rowCount N: Int, predictedCount P: Int, ops: Ops)
        throws
    {
        let C = configuration.channels
        let (A, KV) = (configuration.attentionChannels, configuration.keyValueChannels)
        let H = configuration.hiddenChannels
        let (rows, all) = try PassRows.allocate(
            rowCount: N,
            predictedCount: P,
            channels: C,
            attentionChannels: A,
            vocabularySize: configuration.vocabularySize,
            beside: [
                TensorSpecification("rotations", [N, configuration.headSize]),
                TensorSpecification("residual2", [N, C]),
                TensorSpecification("normalized", [N, C]),
                TensorSpecification("q", [N, A]),
                TensorSpecification("k", [N, KV]),
                TensorSpecification("v", [N, KV]),
                TensorSpecification("gate", [N, H]),
                TensorSpecification("up", [N, H]),
            ],
            ops: ops
        )
        self.rows = rows
        rotations = all["rotations"]
        residual2 = all["residual2"]
        normalized = all["normalized"]
        q = all["q"]
        k = all["k"]
        v = all["v"]
        gate = all["gate"]
        up = all["up"]
    }
}
