// The forward pass of a GPT-2 in training: embedding, blocks, final layernorm; and the backward
// pass, in the reverse order.

import Tensors

/// A pass of a GPT-2 over the sequences of one lane of a workspace.
struct GPT2Pass: TrainingPass {
    let configuration: GPT2Configuration
    /// The weights.
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

    /// The activations of block `layer`: its own, or those that all blocks share.
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

extension GPT2Pass {
    func tensors(in set: TensorSet) -> GPT2Tensors {
        GPT2Tensors(TensorSource { set[$0] })
    }

    func classifierGradient(_ gradients: GPT2Tensors) -> Tensor { gradients.wte }

    /// The gradients of the backward pass.
    private var flow: (dresidual: Tensor, dinner: Tensor, dwide: Tensor) {
        guard let flow = lane.gradients, let dwide = activations.dwide else {
            preconditionFailure("a workspace made for inference has no memory for gradients")
        }
        return (flow.dresidual, flow.dinner, dwide)
    }

    func backwardOutput(_ gradients: PassGradients<GPT2Tensors>) {
        ops.layernormBackward(
            dinp: flow.dresidual,
            dweight: gradients.weights?.lnfw,
            dbias: gradients.weights?.lnfb,
            dout: flow.dinner,
            inp: lane.residual(configuration.layerCount),
            weight: weights.lnfw,
            mean: activations.lnfMean,
            rstd: activations.lnfRstd
        )
    }

    func backwardEmbedding(_ gradients: GPT2Tensors) {
        ops.encoderBackward(
            dwte: gradients.wte,
            dwpe: gradients.wpe,
            dout: flow.dresidual.reshaped([
                lane.batchSize, lane.sequenceLength, configuration.channels,
            ]),
            tokens: lane.tokens,
            positions: lane.positions
        )
    }

    func backwardBlock(_ layer: Int, _ gradients: PassGradients<GPT2Tensors>, accumulate: Bool) {
        let flow = flow
        let activations = block(layer)
        let (B, T, C) = (lane.batchSize, lane.sequenceLength, configuration.channels)
        let N = B * T

        // The MLP.
        if lane.recomputation == .gelu {
            ops.geluForward(out: activations.fchGelu, inp: activations.fch)
        }
        backward(
            configuration.weight(.fcprojw, layer: layer),
            dinp: flow.dwide,
            dout: branchGradient(.feedForwardOutput, layer: layer, flow.dresidual),
            inp: activations.fchGelu,
            weight: weights.fcprojw[layer],
            dweight: gradients.weights?.fcprojw[layer],
            dbias: gradients.weights?.fcprojb[layer],
            in: gradients.set,
            geluInp: activations.fch,
            accumulate: accumulate
        )
        normalizeBeforeMLP(layer)
        backward(
            configuration.weight(.fcw, layer: layer),
            dinp: flow.dinner,
            dout: flow.dwide,
            inp: lane.normalized,
            weight: weights.fcw[layer],
            dweight: gradients.weights?.fcw[layer],
            dbias: gradients.weights?.fcb[layer],
            in: gradients.set,
            accumulate: accumulate
        )
        ops.layernormBackward(
            dinp: flow.dresidual,
            dweight: gradients.weights?.ln2w[layer],
            dbias: gradients.weights?.ln2b[layer],
            dout: flow.dinner,
            inp: activations.residual2,
            weight: weights.ln2w[layer],
            mean: activations.ln2Mean,
            rstd: activations.ln2Rstd
        )

        // Attention.
        let dqkv = flow.dwide.reshaped([4 * N, C])[0..<3 * N].reshaped([N, 3 * C])
        backward(
            configuration.weight(.attprojw, layer: layer),
            dinp: flow.dinner,
            dout: branchGradient(.attentionOutput, layer: layer, flow.dresidual),
            inp: activations.atty.reshaped([N, C]),
            weight: weights.attprojw[layer],
            dweight: gradients.weights?.attprojw[layer],
            dbias: gradients.weights?.attprojb[layer],
            in: gradients.set,
            accumulate: accumulate
        )
        attendBackward(
            layer,
            AttentionColumns(together: activations.qkv.reshaped([N, 3 * C])),
            gradients: AttentionColumns(together: dqkv),
            dout: flow.dinner.reshaped([B, T, C]),
            out: activations.atty,
            lse: activations.lse
        )
        normalizeBeforeAttention(layer)
        backward(
            configuration.weight(.qkvw, layer: layer),
            dinp: flow.dinner,
            dout: dqkv,
            inp: lane.normalized,
            weight: weights.qkvw[layer],
            dweight: gradients.weights?.qkvw[layer],
            dbias: gradients.weights?.qkvb[layer],
            in: gradients.set,
            accumulate: accumulate
        )
        ops.layernormBackward(
            dinp: flow.dresidual,
            dweight: gradients.weights?.ln1w[layer],
            dbias: gradients.weights?.ln1b[layer],
            dout: flow.dinner,
            inp: lane.residual(layer),
            weight: weights.ln1w[layer],
            mean: activations.ln1Mean,
            rstd: activations.ln1Rstd
        )
    }
}
