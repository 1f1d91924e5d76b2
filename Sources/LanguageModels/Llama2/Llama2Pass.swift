// The forward pass of a Llama in training: embedding, blocks, final normalization; and the backward
// pass, in the reverse order.

import Tensors

/// A pass of a Llama over the sequences of one lane of a workspace.
struct Llama2Pass: TrainingPass {
    let configuration: Llama2Configuration
    /// The weights.
    let weights: Llama2Tensors
    let lane: TrainingLane
    /// What it keeps.
    let activations: Llama2Activations
    /// The angle by which rotary positions turn each pair from one position to the next.
    private let ropeFrequencies: [Double]

    init(_ configuration: Llama2Configuration, weights: Llama2Tensors, lane: TrainingLane) {
        self.configuration = configuration
        self.weights = weights
        self.lane = lane
        activations = Llama2Activations(configuration, lane)
        ropeFrequencies = configuration.ropeFrequencies
        // If rows are whole, they never change.
        let T = lane.sequenceLength
        lane.ops.write((0..<lane.rowCount).map { Int32($0 % T) }, to: activations.positions)
    }

    var sizes: any ModelConfiguration { configuration }
    var classifier: Tensor { weights.classifier }

    /// The activations of block `layer`: its own, or those that all blocks share.
    func block(_ layer: Int) -> Llama2BlockActivations {
        activations.blocks[activations.blocks.count == 1 ? 0 : layer]
    }

    /// Divides rows by the roots of their mean squares, into `lane.normalized`.
    func normalize(_ inp: Tensor, _ weight: Tensor, rstd: Tensor) {
        ops.rmsnormForward(
            out: lane.normalized,
            rstd: rstd,
            inp: inp,
            weight: weight,
            epsilon: configuration.normEpsilon
        )
    }
}

extension Llama2Pass {
    func embed() {
        embed(weights.tokenEmbedding, positions: nil)
        // The same for all blocks.
        ops.ropeRotations(
            activations.rotations,
            positions: lane.positions?.reshaped([lane.rowCount]) ?? activations.positions,
            frequencies: ropeFrequencies
        )
    }

    func normalizeOutput() {
        normalize(
            lane.residual(configuration.layerCount),
            weights.finalNorm,
            rstd: activations.finalRstd
        )
    }

    func forwardBlockInside(_ layer: Int) {
        let block = block(layer)
        let residual = lane.residual(layer)
        normalize(residual, weights.attentionNorm[layer], rstd: block.attentionRstd)
        project(.wq, layer, out: block.q)
        project(.wk, layer, out: block.k)
        project(.wv, layer, out: block.v)
        ops.ropeForward(TensorColumns(block.q), rotations: activations.rotations)
        ops.ropeForward(TensorColumns(block.k), rotations: activations.rotations)
        attend(
            layer,
            AttentionColumns(q: block.q, k: block.k, v: block.v),
            out: block.atty,
            lse: block.lse
        )
        forwardBranch(
            .attentionOutput,
            configuration.weight(.wo, layer: layer),
            layer: layer,
            out: block.residual2,
            inp: rows(of: block.atty),
            weight: weights.wo[layer],
            residual: residual
        )
        normalize(block.residual2, weights.feedForwardNorm[layer], rstd: block.feedForwardRstd)
        project(.w1, layer, out: block.gate)
        project(.w3, layer, out: block.up)
        ops.swigluForward(out: block.hidden, gate: block.gate, up: block.up)
    }

    func forwardBlockOutput(_ layer: Int) {
        let block = block(layer)
        forwardBranch(
            .feedForwardOutput,
            configuration.weight(.w2, layer: layer),
            layer: layer,
            out: lane.residual(layer + 1),
            inp: block.hidden,
            weight: weights.w2[layer],
            residual: block.residual2
        )
    }

    /// A linear layer of a block that reads `lane.normalized`.
    private func project(_ kind: Llama2Weight, _ layer: Int, out: Tensor) {
        forward(
            configuration.weight(kind, layer: layer),
            out: out,
            inp: lane.normalized,
            weight: weights.matrices(kind)[layer]
        )
    }

    /// The output of attention, (B, T, NH * HS), as (N, NH * HS).
    func rows(of atty: Tensor) -> Tensor {
        atty.reshaped([lane.rowCount, configuration.attentionChannels])
    }
}

extension Llama2Pass {
    func tensors(in set: TensorSet) -> Llama2Tensors {
        Llama2Tensors(configuration, TensorSource { set[$0] })
    }

    func classifierGradient(_ gradients: Llama2Tensors) -> Tensor { gradients.classifier }

    /// The gradients of the backward pass: those of all families, and those within a block.
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
