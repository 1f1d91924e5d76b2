// What a pass leaves to its backward pass, block by block, and the gradients on the way back.

import Tensors

/// What one transformer block leaves for its backward pass.
struct GPT2BlockActivations {
    let ln1Mean: Tensor  // (N)
    let ln1Rstd: Tensor  // (N)
    let qkv: Tensor  // (B, T, 3C)
    let lse: Tensor  // (B, NH, T)
    let atty: Tensor  // (B, T, C)
    let residual2: Tensor  // (N, C): the residual stream between attention and MLP
    let ln2Mean: Tensor  // (N)
    let ln2Rstd: Tensor  // (N)
    let fch: Tensor  // (N, 4C): before GELU
    let fchGelu: Tensor  // (N, 4C)

    static func layout(
        _ configuration: GPT2Configuration,
        _ B: Int,
        _ T: Int,
        block: Int,
        sharesGelu: Bool,
        _ precision: ElementType
    ) -> [TensorSpecification] {
        let (N, C) = (B * T, configuration.channels)
        var layout = [
            TensorSpecification("ln1Mean\(block)", [N]),
            TensorSpecification("ln1Rstd\(block)", [N]),
            TensorSpecification("qkv\(block)", [B, T, 3 * C], elementType: precision),
            TensorSpecification("lse\(block)", [B, configuration.headCount, T]),
            TensorSpecification("atty\(block)", [B, T, C], elementType: precision),
            TensorSpecification("residual2\(block)", [N, C]),
            TensorSpecification("ln2Mean\(block)", [N]),
            TensorSpecification("ln2Rstd\(block)", [N]),
            TensorSpecification("fch\(block)", [N, 4 * C], elementType: precision),
        ]
        if !sharesGelu {
            layout.append(
                TensorSpecification("fchGelu\(block)", [N, 4 * C], elementType: precision)
            )
        }
        return layout
    }

    init(_ set: TensorSet, block: Int, sharesGelu: Bool) {
        ln1Mean = set["ln1Mean\(block)"]
        ln1Rstd = set["ln1Rstd\(block)"]
        qkv = set["qkv\(block)"]
        lse = set["lse\(block)"]
        atty = set["atty\(block)"]
        residual2 = set["residual2\(block)"]
        ln2Mean = set["ln2Mean\(block)"]
        ln2Rstd = set["ln2Rstd\(block)"]
        fch = set["fch\(block)"]
        fchGelu = set[sharesGelu ? "sharedGelu" : "fchGelu\(block)"]
    }
}

/// Gradients of activations, reused by every block on the way back.
struct GPT2ActivationGradients {
    let dresidual: Tensor  // (N, C): of the residual stream, flowing from last block to first
    let dinner: Tensor  // (N, C): of a layernorm's or the attention's output
    let dwide: Tensor  // (N, 4C): of fch; its front serves as (N, 3C) of qkv

    static func layout(_ N: Int, _ C: Int) -> [TensorSpecification] {
        [
            TensorSpecification("dresidual", [N, C]),
            // The output of GELU, where blocks share it, is done with in a block before this is
            // written.
            TensorSpecification("dinner", [N, C], sharedWith: "sharedGelu"),
            // The logits are done with before the first block.
            TensorSpecification("dwide", [N, 4 * C], sharedWith: "logits"),
        ]
    }

    init(_ set: TensorSet) {
        dresidual = set["dresidual"]
        dinner = set["dinner"]
        dwide = set["dwide"]
    }
}
