// What the blocks of a GPT-2 compute on the way back, in the reverse order of GPT2Pass.swift.

import Tensors

extension GPT2Pass {
    func gradients(in set: TensorSet) -> GPT2Tensors { GPT2Tensors { set[$0] } }

    func classifierGradient(_ gradients: GPT2Tensors) -> Tensor { gradients.wte }

    /// The gradients on the way back.
    private var flow: (dresidual: Tensor, dinner: Tensor, dwide: Tensor) {
        guard let flow = lane.gradients, let dwide = activations.dwide else {
            preconditionFailure("a workspace made for inference has no memory for gradients")
        }
        return (flow.dresidual, flow.dinner, dwide)
    }

    func backwardOutput(_ gradients: GPT2Tensors) {
        ops.layernormBackward(
            dinp: flow.dresidual,
            dweight: gradients.lnfw,
            dbias: gradients.lnfb,
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

    func backwardBlock(_ layer: Int, _ gradients: GPT2Tensors, accumulate: Bool) {
        let flow = flow
        let activations = block(layer)
        let (B, T, C) = (lane.batchSize, lane.sequenceLength, configuration.channels)
        let N = B * T

        // The MLP.
        if lane.recomputation == .gelu {
            ops.geluForward(out: activations.fchGelu, inp: activations.fch)
        }
        ops.matmulBackwardWeight(
            dweight: gradients.fcprojw[layer],
            dbias: gradients.fcprojb[layer],
            dout: flow.dresidual,
            inp: activations.fchGelu,
            accumulate: accumulate
        )
        ops.matmulBackwardInput(
            dinp: flow.dwide,
            dout: flow.dresidual,
            weight: weights.fcprojw[layer],
            geluInp: activations.fch
        )
        ops.layernormForward(
            out: lane.normalized,
            mean: activations.ln2Mean,
            rstd: activations.ln2Rstd,
            inp: activations.residual2,
            weight: weights.ln2w[layer],
            bias: weights.ln2b[layer]
        )
        ops.matmulBackwardWeight(
            dweight: gradients.fcw[layer],
            dbias: gradients.fcb[layer],
            dout: flow.dwide,
            inp: lane.normalized,
            accumulate: accumulate
        )
        ops.matmulBackwardInput(
            dinp: flow.dinner,
            dout: flow.dwide,
            weight: weights.fcw[layer]
        )
        ops.layernormBackward(
            dinp: flow.dresidual,
            dweight: gradients.ln2w[layer],
            dbias: gradients.ln2b[layer],
            dout: flow.dinner,
            inp: activations.residual2,
            weight: weights.ln2w[layer],
            mean: activations.ln2Mean,
            rstd: activations.ln2Rstd
        )

        // Attention.
        let dqkv = flow.dwide.reshaped([4 * N, C])[0..<3 * N].reshaped([N, 3 * C])
        ops.matmulBackwardWeight(
            dweight: gradients.attprojw[layer],
            dbias: gradients.attprojb[layer],
            dout: flow.dresidual,
            inp: activations.atty.reshaped([N, C]),
            accumulate: accumulate
        )
        ops.matmulBackwardInput(
            dinp: flow.dinner,
            dout: flow.dresidual,
            weight: weights.attprojw[layer]
        )
        let qkv = activations.qkv.reshaped([N, 3 * C])
        ops.attentionBackward(
            dq: TensorColumns(dqkv, 0..<C),
            dk: TensorColumns(dqkv, C..<2 * C),
            dv: TensorColumns(dqkv, 2 * C..<3 * C),
            dout: flow.dinner.reshaped([B, T, C]),
            out: activations.atty,
            lse: activations.lse,
            q: TensorColumns(qkv, 0..<C),
            k: TensorColumns(qkv, C..<2 * C),
            v: TensorColumns(qkv, 2 * C..<3 * C),
            headCount: configuration.headCount,
            starts: lane.starts
        )
        ops.layernormForward(
            out: lane.normalized,
            mean: activations.ln1Mean,
            rstd: activations.ln1Rstd,
            inp: lane.residual(layer),
            weight: weights.ln1w[layer],
            bias: weights.ln1b[layer]
        )
        ops.matmulBackwardWeight(
            dweight: gradients.qkvw[layer],
            dbias: gradients.qkvb[layer],
            dout: dqkv,
            inp: lane.normalized,
            accumulate: accumulate
        )
        ops.matmulBackwardInput(dinp: flow.dinner, dout: dqkv, weight: weights.qkvw[layer])
        ops.layernormBackward(
            dinp: flow.dresidual,
            dweight: gradients.ln1w[layer],
            dbias: gradients.ln1b[layer],
            dout: flow.dinner,
            inp: lane.residual(layer),
            weight: weights.ln1w[layer],
            mean: activations.ln1Mean,
            rstd: activations.ln1Rstd
        )
    }
}
