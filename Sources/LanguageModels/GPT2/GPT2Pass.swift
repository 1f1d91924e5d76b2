// What the blocks of a GPT-2 compute, forwards: embedding, blocks, final layernorm.

import Tensors

/// A pass of a GPT-2 over the sequences of one lane of a workspace.
struct GPT2Pass: TrainingPass {
    let configuration: GPT2Configuration
    /// What the pass reads.
    let weights: GPT2Tensors
    let lane: TrainingLane
    /// What it keeps.
    let activations: GPT2Activations

    init(_ configuration: GPT2Configuration, weights: GPT2Tensors, lane: TrainingLane) {
        self.configuration = configuration
        self.weights = weights
        self.lane = lane
        activations = GPT2Activations(lane)
    }

    var sizes: any ModelConfiguration { configuration }
    var classifier: Tensor { weights.wte }

    /// The activations of block `layer`: its own, or those all blocks share.
    func block(_ layer: Int) -> GPT2BlockActivations {
        activations.blocks[activations.blocks.count == 1 ? 0 : layer]
    }
}

extension GPT2Pass {
    func embed() {
        embed(weights.wte, positions: weights.wpe)
    }

    func normalizeOutput() {
        ops.layernormForward(
            out: lane.normalized,
            mean: activations.lnfMean,
            rstd: activations.lnfRstd,
            inp: lane.residual(configuration.layerCount),
            weight: weights.lnfw,
            bias: weights.lnfb
        )
    }

    func forwardBlockInside(_ layer: Int) {
        let activations = block(layer)
        let N = lane.rowCount
        let C = configuration.channels
        normalizeBeforeAttention(layer)
        let qkv = activations.qkv.reshaped([N, 3 * C])
        forward(
            configuration.weight(.qkvw, layer: layer),
            out: qkv,
            inp: lane.normalized,
            weight: weights.qkvw[layer],
            bias: weights.qkvb[layer]
        )
        attend(
            layer,
            AttentionColumns(together: qkv),
            out: activations.atty,
            lse: activations.lse
        )
        forwardBranch(
            .attentionOutput,
            configuration.weight(.attprojw, layer: layer),
            layer: layer,
            out: activations.residual2,
            inp: activations.atty.reshaped([N, C]),
            weight: weights.attprojw[layer],
            bias: weights.attprojb[layer],
            residual: lane.residual(layer)
        )
        normalizeBeforeMLP(layer)
        forward(
            configuration.weight(.fcw, layer: layer),
            out: activations.fch,
            geluOut: activations.fchGelu,
            inp: lane.normalized,
            weight: weights.fcw[layer],
            bias: weights.fcb[layer]
        )
    }

    /// The first layernorm of a block, into `lane.normalized`.
    func normalizeBeforeAttention(_ layer: Int) {
        ops.layernormForward(
            out: lane.normalized,
            mean: block(layer).ln1Mean,
            rstd: block(layer).ln1Rstd,
            inp: lane.residual(layer),
            weight: weights.ln1w[layer],
            bias: weights.ln1b[layer]
        )
    }

    /// The second layernorm of a block, into `lane.normalized`.
    func normalizeBeforeMLP(_ layer: Int) {
        ops.layernormForward(
            out: lane.normalized,
            mean: block(layer).ln2Mean,
            rstd: block(layer).ln2Rstd,
            inp: block(layer).residual2,
            weight: weights.ln2w[layer],
            bias: weights.ln2b[layer]
        )
    }

    func forwardBlockOutput(_ layer: Int) {
        let activations = block(layer)
        forwardBranch(
            .feedForwardOutput,
            configuration.weight(.fcprojw, layer: layer),
            layer: layer,
            out: lane.residual(layer + 1),
            inp: activations.fchGelu,
            weight: weights.fcprojw[layer],
            bias: weights.fcprojb[layer],
            residual: activations.residual2
        )
    }
}
