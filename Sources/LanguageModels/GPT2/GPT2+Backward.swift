// The backward pass: from the logits back to the embeddings, in the reverse order of GPT2+Forward.
//
// The gradient of the residual stream flows through one buffer, to which each layernorm adds what
// its branch contributes; so a block needs no memory of its own on the way back.

import Tensors

extension GPT2 {
    /// The mean loss of a batch, and its gradient with respect to every parameter.
    /// - Parameters:
    ///   - inputs: B * T token ids, one sequence after the other.
    ///   - targets: As many: the token that follows each input.
    ///   - workspace: Memory for this batch shape, made for training.
    ///   - gradients: Receives the gradients.
    ///   - scale: Multiplies the gradients: 1 over the number of batches that are accumulated.
    ///   - accumulate: Whether to add to what `gradients` holds, or to overwrite it.
    /// - Returns: The loss in nats, without `scale`.
    /// - Throws: ``ModelError`` for a wrong number of tokens, or one outside the vocabulary.
    public func lossAndGradients(
        inputs: some Collection<Int32>,
        targets: some Collection<Int32>,
        workspace: GPT2Workspace,
        gradients: GPT2Parameters,
        scale: Float = 1,
        accumulate: Bool = false
    ) throws -> Float {
        guard let flow = workspace.gradients else {
            preconditionFailure("a workspace made for inference has no memory for gradients")
        }
        try load(inputs: inputs, targets: targets, into: workspace)
        if !accumulate { zeroSmallGradients(gradients) }
        forwardBlocks(workspace)
        let tensors = gradients.tensors

        let N = workspace.batchSize * workspace.sequenceLength
        let dloss = scale / Float(N)
        forEachClassifierChunk(workspace) { rows, logits in
            ops.crossEntropyForwardBackward(
                losses: workspace.losses[rows],
                logits: logits,
                targets: workspace.targets[rows],
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
                inp: workspace.normalized[rows],
                accumulate: accumulate || rows.lowerBound > 0
            )
        }
        ops.zero(flow.dresidual)
        ops.layernormBackward(
            dinp: flow.dresidual,
            dweight: tensors.lnfw,
            dbias: tensors.lnfb,
            dout: flow.dinner,
            inp: workspace.residual(configuration.layerCount),
            weight: weights.lnfw,
            mean: workspace.lnfMean,
            rstd: workspace.lnfRstd
        )
        for layer in (0..<configuration.layerCount).reversed() {
            if workspace.recomputation == .block { forwardBlockInside(layer, workspace) }
            backwardBlock(layer, workspace, flow, tensors, accumulate: accumulate)
        }
        ops.encoderBackward(
            dwte: tensors.wte,
            dwpe: tensors.wpe,
            dout: flow.dresidual.reshaped([
                workspace.batchSize, workspace.sequenceLength, configuration.channels,
            ]),
            tokens: workspace.tokens
        )
        return meanLoss(workspace)
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
        _ workspace: GPT2Workspace,
        _ flow: GPT2ActivationGradients,
        _ gradients: GPT2Tensors,
        accumulate: Bool
    ) {
        let activations = workspace.block(layer)
        let (B, T, C) = (workspace.batchSize, workspace.sequenceLength, configuration.channels)
        let N = B * T

        // The MLP.
        if workspace.recomputation == .gelu {
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
            out: workspace.normalized,
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
            inp: workspace.normalized,
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
        ops.attentionBackward(
            dqkv: dqkv.reshaped([B, T, 3 * C]),
            dout: flow.dinner.reshaped([B, T, C]),
            out: activations.atty,
            qkv: activations.qkv,
            lse: activations.lse
        )
        ops.layernormForward(
            out: workspace.normalized,
            mean: activations.ln1Mean,
            rstd: activations.ln1Rstd,
            inp: workspace.residual(layer),
            weight: weights.ln1w[layer],
            bias: weights.ln1b[layer]
        )
        ops.matmulBackwardWeight(
            dweight: gradients.qkvw[layer],
            dbias: gradients.qkvb[layer],
            dout: dqkv,
            inp: workspace.normalized,
            accumulate: accumulate
        )
        ops.matmulBackwardInput(dinp: flow.dinner, dout: dqkv, weight: weights.qkvw[layer])
        ops.layernormBackward(
            dinp: flow.dresidual,
            dweight: gradients.ln1w[layer],
            dbias: gradients.ln1b[layer],
            dout: flow.dinner,
            inp: workspace.residual(layer),
            weight: weights.ln1w[layer],
            mean: activations.ln1Mean,
            rstd: activations.ln1Rstd
        )
    }
}
