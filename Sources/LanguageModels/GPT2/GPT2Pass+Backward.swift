// The backward pass over one lane: from the logits back to the embeddings, in the reverse order of
// GPT2Pass+Forward.
//
// The gradient of the residual stream flows through one buffer, to which each layernorm adds what
// its branch contributes; so a block needs no memory of its own on the way back.

import Tensors

extension GPT2Pass {
    /// The losses of all rows, and what they contribute to the gradient of every parameter.
    /// - Parameters:
    ///   - dloss: The gradient of the whole batch's loss by the loss of a row.
    ///   - gradients: Receives the gradients.
    ///   - accumulate: Whether to add to what `gradients` holds, or to overwrite it.
    func computeGradients(dloss: Float, into gradients: GPT2Parameters, accumulate: Bool) {
        guard let flow = lane.gradients else {
            preconditionFailure("a workspace made for inference has no memory for gradients")
        }
        if !accumulate { zeroSmallGradients(gradients) }
        forwardBlocks()
        let tensors = gradients.tensors
        forEachClassifierChunk { rows, logits in
            ops.crossEntropyForwardBackward(
                losses: lane.losses[rows],
                logits: logits,
                targets: lane.targets[rows],
                dloss: dloss,
                vocabularySize: configuration.vocabularySize
            )
            ops.matmulBackwardInput(
                dinp: flow.dinner[rows],
                dout: logits,
                weight: weights.wte
            )
            ops.matmulBackwardWeight(
                dweight: tensors.wte,
                dout: logits,
                inp: lane.normalized[rows],
                accumulate: accumulate || rows.lowerBound > 0
            )
        }
        ops.zero(flow.dresidual)
        ops.layernormBackward(
            dinp: flow.dresidual,
            dweight: tensors.lnfw,
            dbias: tensors.lnfb,
            dout: flow.dinner,
            inp: lane.residual(configuration.layerCount),
            weight: weights.lnfw,
            mean: lane.lnfMean,
            rstd: lane.lnfRstd
        )
        for layer in (0..<configuration.layerCount).reversed() {
            if lane.recomputation == .block { forwardBlockInside(layer) }
            backwardBlock(layer, flow, tensors, accumulate: accumulate)
        }
        ops.encoderBackward(
            dwte: tensors.wte,
            dwpe: tensors.wpe,
            dout: flow.dresidual.reshaped([
                lane.batchSize, lane.sequenceLength, configuration.channels,
            ]),
            tokens: lane.tokens
        )
    }

    /// Zeroes the gradients that are only ever added to.
    ///
    /// Those of linear weights are overwritten by the first product that reaches them, which saves
    /// a pass over most of the memory.
    private func zeroSmallGradients(_ gradients: GPT2Parameters) {
        for (specification, tensor) in zip(
            gradients.set.layout.specifications,
            gradients.set.tensors
        ) where !GPT2Tensors.factors.contains(specification.name) {
            ops.zero(tensor)
        }
    }

    /// One block: turns the gradient of the residual stream after it into that before it.
    private func backwardBlock(
        _ layer: Int,
        _ flow: GPT2ActivationGradients,
        _ gradients: GPT2Tensors,
        accumulate: Bool
    ) {
        let activations = lane.block(layer)
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
            headCount: configuration.headCount
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
