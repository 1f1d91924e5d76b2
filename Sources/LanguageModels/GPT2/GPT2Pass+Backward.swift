// What the blocks of a GPT-2 compute on the way back, in the reverse order of GPT2Pass.swift.

import Tensors

extension GPT2Pass {
    func tensors(in set: TensorSet) -> GPT2Tensors {
        GPT2Tensors(TensorSource { set[$0] })
    }

    func classifierGradient(_ gradients: GPT2Tensors) -> Tensor { gradients.wte }

    /// The gradients on the way back.
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
