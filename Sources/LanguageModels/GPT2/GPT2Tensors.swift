// The tensors of a GPT-2, by name: its weights, in training and in generation; and in training,
// what a pass keeps for its backward pass, block by block, and the gradients of the backward pass.

import Tensors

/// The sixteen kinds of tensor of a model.
struct GPT2Tensors {
    let wte: Tensor  // (Vp, C); (V, C) if it is not trained
    let wpe: Tensor  // (maxT, C)
    let ln1w: LayerTensors  // (C)
    let ln1b: LayerTensors  // (C)
    let qkvw: LayerTensors  // (3C, C)
    let qkvb: LayerTensors  // (3C)
    let attprojw: LayerTensors  // (C, C)
    let attprojb: LayerTensors  // (C)
    let ln2w: LayerTensors  // (C)
    let ln2b: LayerTensors  // (C)
    let fcw: LayerTensors  // (4C, C)
    let fcb: LayerTensors  // (4C)
    let fcprojw: LayerTensors  // (C, 4C)
    let fcprojb: LayerTensors  // (C)
    let lnfw: Tensor  // (C)
    let lnfb: Tensor  // (C)

    /// Finds the tensors by name.
    init(_ source: TensorSource) {
        wte = source.tensor("wte")
        wpe = source.tensor("wpe")
        ln1w = source.layers("ln1w")
        ln1b = source.layers("ln1b")
        qkvw = source.layers("qkvw")
        qkvb = source.layers("qkvb")
        attprojw = source.layers("attprojw")
        attprojb = source.layers("attprojb")
        ln2w = source.layers("ln2w")
        ln2b = source.layers("ln2b")
        fcw = source.layers("fcw")
        fcb = source.layers("fcb")
        fcprojw = source.layers("fcprojw")
        fcprojb = source.layers("fcprojb")
        lnfw = source.tensor("lnfw")
        lnfb = source.tensor("lnfb")
    }
}

/// What one transformer block keeps for its backward pass.
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
        _ shape: ActivationShape,
        block: Int
    ) -> [TensorSpecification] {
        let (B, T, N) = (shape.batchSize, shape.sequenceLength, shape.rowCount)
        let C = configuration.channels
        let precision = shape.precision
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
        if !shape.sharesActivation {
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

/// What a pass over a lane keeps besides what all families keep.
struct GPT2Activations {
    let blocks: [GPT2BlockActivations]  // those of all layers, or one for all
    let lnfMean: Tensor  // (N)
    let lnfRstd: Tensor  // (N)
    /// The gradient of fch, (N, 4C); its beginning also serves as the (N, 3C) gradient of qkv.
    ///
    /// Nil for inference.
    let dwide: Tensor?

    init(_ lane: TrainingLane) {
        let set = lane.tensors
        blocks = (0..<lane.blockCount).map {
            GPT2BlockActivations(set, block: $0, sharesGelu: lane.sharesActivation)
        }
        lnfMean = set["lnfMean"]
        lnfRstd = set["lnfRstd"]
        dwide = lane.gradients == nil ? nil : set["dwide"]
    }
}

extension GPT2Configuration {
    package func activationLayout(_ shape: ActivationShape) -> [TensorSpecification] {
        let (N, C) = (shape.rowCount, channels)
        var layout = [
            TensorSpecification("lnfMean", [N]),
            TensorSpecification("lnfRstd", [N]),
            TensorSpecification(
                "sharedGelu",
                shape.sharesActivation ? [N, 4 * C] : [0, 4 * C],
                elementType: shape.precision
            ),
        ]
        for block in 0..<shape.blockCount {
            layout += GPT2BlockActivations.layout(self, shape, block: block)
        }
        if shape.recomputation == nil { return layout }
        return layout + [
            TensorSpecification("dresidual", [N, C]),
            // When blocks share GELU's output, the block is done with it before this is written.
            TensorSpecification("dinner", [N, C], sharedWith: "sharedGelu"),
            // The logits are no longer needed when the first block runs.
            TensorSpecification("dwide", [N, 4 * C], sharedWith: "logits"),
        ]
    }
}
