// What a pass over new tokens computes on its way.

import Tensors

/// Memory for passes of one shape.
public final class GPT2DecoderWorkspace {
    let tokens: Tensor  // (N) int32
    let positions: Tensor  // (N) int32
    let residual: Tensor  // (N, C)
    let residual2: Tensor  // (N, C)
    let normalized: Tensor  // (N, C)
    let mean: Tensor  // (N)
    let rstd: Tensor  // (N)
    let qkv: Tensor  // (N, 3C)
    let atty: Tensor  // (N, C)
    let fchGelu: Tensor  // (N, 4C)
    /// The rows whose next token is predicted, and what the last block computes for them alone.
    let predicted: Tensor?  // (P) int32
    let predictedResidual: Tensor?  // (P, C)
    let predictedAtty: Tensor?  // (P, C)
    let logits: Tensor?  // (P, V)

    init(_ configuration: GPT2Configuration, rowCount N: Int, predictedCount P: Int) throws {
        let (C, V) = (configuration.channels, configuration.vocabularySize)
        let set = try TensorLayout(
            [
                TensorSpecification("tokens", [N], dtype: .int32),
                TensorSpecification("positions", [N], dtype: .int32),
                TensorSpecification("residual", [N, C]),
                TensorSpecification("residual2", [N, C]),
                TensorSpecification("normalized", [N, C]),
                TensorSpecification("mean", [N]),
                TensorSpecification("rstd", [N]),
                TensorSpecification("qkv", [N, 3 * C]),
                TensorSpecification("atty", [N, C]),
                TensorSpecification("fchGelu", [N, 4 * C]),
                TensorSpecification("predicted", [P], dtype: .int32),
                TensorSpecification("predictedResidual", [P, C]),
                TensorSpecification("predictedAtty", [P, C]),
                TensorSpecification("logits", [P, V]),
            ],
            alignment: 64
        ).allocate()
        tokens = set["tokens"]
        positions = set["positions"]
        residual = set["residual"]
        residual2 = set["residual2"]
        normalized = set["normalized"]
        mean = set["mean"]
        rstd = set["rstd"]
        qkv = set["qkv"]
        atty = set["atty"]
        fchGelu = set["fchGelu"]
        predicted = P > 0 ? set["predicted"] : nil
        predictedResidual = P > 0 ? set["predictedResidual"] : nil
        predictedAtty = P > 0 ? set["predictedAtty"] : nil
        logits = P > 0 ? set["logits"] : nil
    }
}
