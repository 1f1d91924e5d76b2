// What the blocks of a Llama compute on the way back, in the reverse order of Llama2Pass.swift.

import Tensors

extension Llama2Pass {
    func gradients(in set: TensorSet) -> Llama2Tensors {
        Llama2Tensors(configuration) { set[$0] }
    }

    func classifierGradient(_ gradients: Llama2Tensors) -> Tensor { gradients.classifier }

    /// The gradients on the way back: those of all families, and those within a block.
    private var flow: (residual: ResidualGradients, block: Llama2ActivationGradients) {
        guard let residual = lane.gradients, let block = activations.gradients else {
            preconditionFailure("a workspace made for inference has no memory for gradients")
        }
        return (residual, block)
    }

    func backwardOutput(_ gradients: Llama2Tensors) {
        ops.rmsnormBackward(
            dinp: flow.residual.dresidual,
            dweight: gradients.finalNorm,
            dout: flow.residual.dinner,
            inp: lane.residual(configuration.layerCount),
            weight: weights.finalNorm,
            rstd: activations.finalRstd
        )
    }

    func backwardEmbedding(_ gradients: Llama2Tensors) {
        ops.encoderBackward(
            dwte: gradients.tokenEmbedding,
            dwpe: nil,
            dout: flow.residual.dresidual.reshaped([
                lane.batchSize, lane.sequenceLength, configuration.channels,
            ]),
            tokens: lane.tokens
        )
    }

    func backwardBlock(_ layer: Int, _ gradients: Llama2Tensors, accumulate: Bool) {
        backwardFeedForward(layer, gradients, accumulate)
        backwardAttention(layer, gradients, accumulate)
    }

    private func backwardFeedForward(
        _ layer: Int,
        _ gradients: Llama2Tensors,
        _ accumulate: Bool
    ) {
        let (block, flow) = (block(layer), flow)
        let (dresidual, dinner) = (flow.residual.dresidual, flow.residual.dinner)
        let (dgate, dup) = (flow.block.dgate, flow.block.dup)
        if lane.recomputation == .gelu {
            ops.swigluForward(out: block.hidden, gate: block.gate, up: block.up)
        }
        ops.matmulBackwardWeight(
            dweight: gradients.w2[layer],
            dout: dresidual,
            inp: block.hidden,
            accumulate: accumulate
        )
        ops.matmulBackwardInput(dinp: dgate, dout: dresidual, weight: weights.w2[layer])
        ops.swigluBackward(dgate: dgate, dup: dup, gate: block.gate, up: block.up, dout: dgate)
        normalize(block.residual2, weights.feedForwardNorm[layer], rstd: block.feedForwardRstd)
        backwardProducts(
            [
                (dgate, weights.w1[layer], gradients.w1[layer]),
                (dup, weights.w3[layer], gradients.w3[layer]),
            ],
            accumulate
        )
        ops.rmsnormBackward(
            dinp: dresidual,
            dweight: gradients.feedForwardNorm[layer],
            dout: dinner,
            inp: block.residual2,
            weight: weights.feedForwardNorm[layer],
            rstd: block.feedForwardRstd
        )
    }

    private func backwardAttention(
        _ layer: Int,
        _ gradients: Llama2Tensors,
        _ accumulate: Bool
    ) {
        let (block, flow) = (block(layer), flow)
        let (dresidual, dinner) = (flow.residual.dresidual, flow.residual.dinner)
        let (datty, dq, dk, dv) = (flow.block.datty, flow.block.dq, flow.block.dk, flow.block.dv)
        ops.matmulBackwardWeight(
            dweight: gradients.wo[layer],
            dout: dresidual,
            inp: rows(of: block.atty),
            accumulate: accumulate
        )
        ops.matmulBackwardInput(dinp: datty, dout: dresidual, weight: weights.wo[layer])
        ops.attentionBackward(
            dq: TensorColumns(dq),
            dk: TensorColumns(dk),
            dv: TensorColumns(dv),
            dout: datty.reshaped(block.atty.shape),
            out: block.atty,
            lse: block.lse,
            q: TensorColumns(block.q),
            k: TensorColumns(block.k),
            v: TensorColumns(block.v),
            headCount: configuration.headCount,
            starts: lane.starts
        )
        ops.ropeBackward(TensorColumns(dq), rotations: activations.rotations)
        ops.ropeBackward(TensorColumns(dk), rotations: activations.rotations)
        let residual = lane.residual(layer)
        normalize(residual, weights.attentionNorm[layer], rstd: block.attentionRstd)
        backwardProducts(
            [
                (dq, weights.wq[layer], gradients.wq[layer]),
                (dk, weights.wk[layer], gradients.wk[layer]),
                (dv, weights.wv[layer], gradients.wv[layer]),
            ],
            accumulate
        )
        ops.rmsnormBackward(
            dinp: dresidual,
            dweight: gradients.attentionNorm[layer],
            dout: dinner,
            inp: residual,
            weight: weights.attentionNorm[layer],
            rstd: block.attentionRstd
        )
    }

    /// Layers that read the same `lane.normalized`, whose gradient becomes the sum of theirs.
    private func backwardProducts(
        _ layers: [(dout: Tensor, weight: Tensor, dweight: Tensor)],
        _ accumulate: Bool
    ) {
        for (index, layer) in layers.enumerated() {
            ops.matmulBackwardWeight(
                dweight: layer.dweight,
                dout: layer.dout,
                inp: lane.normalized,
                accumulate: accumulate
            )
            ops.matmulBackwardInput(
                dinp: flow.residual.dinner,
                dout: layer.dout,
                weight: layer.weight,
                accumulate: index > 0
            )
        }
    }
}
