// What the blocks of a Llama compute on the way back, in the reverse order of Llama2Pass.swift.

import Tensors

extension Llama2Pass {
    func tensors(in set: TensorSet) -> Llama2Tensors {
        Llama2Tensors(configuration, TensorSource { set[$0] })
    }

    func classifierGradient(_ gradients: Llama2Tensors) -> Tensor { gradients.classifier }

    /// The gradients on the way back: those of all families, and those within a block.
    private var flow: (residual: ResidualGradients, block: Llama2ActivationGradients) {
        guard let residual = lane.gradients, let block = activations.gradients else {
            preconditionFailure("a workspace made for inference has no memory for gradients")
        }
        return (residual, block)
    }

    func backwardOutput(_ gradients: PassGradients<Llama2Tensors>) {
        ops.rmsnormBackward(
            dinp: flow.residual.dresidual,
            dweight: gradients.weights?.finalNorm,
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

    func backwardBlock(_ layer: Int, _ gradients: PassGradients<Llama2Tensors>, accumulate: Bool) {
        backwardFeedForward(layer, gradients, accumulate)
        backwardAttention(layer, gradients, accumulate)
    }

    private func backwardFeedForward(
        _ layer: Int,
        _ gradients: PassGradients<Llama2Tensors>,
        _ accumulate: Bool
    ) {
        let (block, flow) = (block(layer), flow)
        let (dresidual, dinner) = (flow.residual.dresidual, flow.residual.dinner)
        let (dgate, dup) = (flow.block.dgate, flow.block.dup)
        if lane.recomputation == .gelu {
            ops.swigluForward(out: block.hidden, gate: block.gate, up: block.up)
        }
        backward(
            configuration.weight(.w2, layer: layer),
            dinp: dgate,
            dout: branchGradient(.feedForwardOutput, layer: layer, dresidual),
            inp: block.hidden,
            weight: weights.w2[layer],
            dweight: gradients.weights?.w2[layer],
            in: gradients.set,
            accumulate: accumulate
        )
        ops.swigluBackward(dgate: dgate, dup: dup, gate: block.gate, up: block.up, dout: dgate)
        normalize(block.residual2, weights.feedForwardNorm[layer], rstd: block.feedForwardRstd)
        backwardProducts(layer, [(.w1, dgate), (.w3, dup)], gradients, accumulate)
        ops.rmsnormBackward(
            dinp: dresidual,
            dweight: gradients.weights?.feedForwardNorm[layer],
            dout: dinner,
            inp: block.residual2,
            weight: weights.feedForwardNorm[layer],
            rstd: block.feedForwardRstd
        )
    }

    private func backwardAttention(
        _ layer: Int,
        _ gradients: PassGradients<Llama2Tensors>,
        _ accumulate: Bool
    ) {
        let (block, flow) = (block(layer), flow)
        let (dresidual, dinner) = (flow.residual.dresidual, flow.residual.dinner)
        let (datty, dq, dk, dv) = (flow.block.datty, flow.block.dq, flow.block.dk, flow.block.dv)
        backward(
            configuration.weight(.wo, layer: layer),
            dinp: datty,
            dout: branchGradient(.attentionOutput, layer: layer, dresidual),
            inp: rows(of: block.atty),
            weight: weights.wo[layer],
            dweight: gradients.weights?.wo[layer],
            in: gradients.set,
            accumulate: accumulate
        )
        attendBackward(
            layer,
            AttentionColumns(q: block.q, k: block.k, v: block.v),
            gradients: AttentionColumns(q: dq, k: dk, v: dv),
            dout: datty.reshaped(block.atty.shape),
            out: block.atty,
            lse: block.lse
        )
        ops.ropeBackward(TensorColumns(dq), rotations: activations.rotations)
        ops.ropeBackward(TensorColumns(dk), rotations: activations.rotations)
        let residual = lane.residual(layer)
        normalize(residual, weights.attentionNorm[layer], rstd: block.attentionRstd)
        backwardProducts(layer, [(.wq, dq), (.wk, dk), (.wv, dv)], gradients, accumulate)
        ops.rmsnormBackward(
            dinp: dresidual,
            dweight: gradients.weights?.attentionNorm[layer],
            dout: dinner,
            inp: residual,
            weight: weights.attentionNorm[layer],
            rstd: block.attentionRstd
        )
    }

    /// Layers that read the same `lane.normalized`, whose gradient becomes the sum of theirs.
    private func backwardProducts(
        _ layer: Int,
        _ products: [(kind: Llama2Weight, dout: Tensor)],
        _ gradients: PassGradients<Llama2Tensors>,
        _ accumulate: Bool
    ) {
        for (index, product) in products.enumerated() {
            backward(
                configuration.weight(product.kind, layer: layer),
                dinp: flow.residual.dinner,
                dout: product.dout,
                inp: lane.normalized,
                weight: weights.matrices(product.kind)[layer],
                dweight: gradients.weights?.matrices(product.kind)[layer],
                in: gradients.set,
                accumulate: accumulate,
                addsToInput: index > 0
            )
        }
    }
}
