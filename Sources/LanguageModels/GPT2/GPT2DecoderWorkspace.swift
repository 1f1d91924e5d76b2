// What a pass over new tokens computes on its way.

import Tensors

/// Memory for passes of one shape.
final class GPT2DecoderWorkspace {
    let rows: PassRows
    let residual2: Tensor  // (N, C)
    let normalized: Tensor  // (N, C)
    let mean: Tensor  // (N)
    let rstd: Tensor  // (N)
    let qkv: Tensor  // (N, 3C)
    let fchGelu: Tensor  // (N, 4C)

    init(_ configuration: GPT2Configuration, rowCount N: Int, predictedCount P: Int, ops: Ops)
        throws
    {
        let C = configuration.channels
        let (rows, all) = try PassRows.allocate(
            rowCount: N,
            predictedCount: P,
            channels: C,
            attentionChannels: C,
            vocabularySize: configuration.vocabularySize,
            beside: [
                TensorSpecification("residual2", [N, C]),
                TensorSpecification("normalized", [N, C]),
                TensorSpecification("mean", [N]),
                TensorSpecification("rstd", [N]),
                TensorSpecification("qkv", [N, 3 * C]),
                TensorSpecification("fchGelu", [N, 4 * C]),
            ],
            ops: ops
        )
        self.rows = rows
        residual2 = all["residual2"]
        normalized = all["normalized"]
        mean = all["mean"]
        rstd = all["rstd"]
        qkv = all["qkv"]
        fchGelu = all["fchGelu"]
    }
}
