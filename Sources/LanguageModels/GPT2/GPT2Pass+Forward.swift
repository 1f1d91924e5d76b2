// The forward pass over one lane: embedding, blocks, final layernorm, and logits chunk by chunk.

import Tensors

/// A pass of a model over the sequences of one lane of a workspace.
struct GPT2Pass {
    let configuration: GPT2Configuration
    /// What the pass reads.
    let weights: GPT2Tensors
    /// The sequences, and the memory for them.
    let lane: GPT2Lane
    /// What runs the arithmetic.
    var ops: Ops { lane.ops }
}

extension GPT2Pass {
    /// From the tokens to the output of the final layernorm, in `lane.normalized`.
    func forwardBlocks() {
        let (B, T) = (lane.batchSize, lane.sequenceLength)
        let C = configuration.channels
        ops.encoderForward(
            out: lane.residual(0).reshaped([B, T, C]),
            tokens: lane.tokens,
            wte: weights.wte,
            wpe: weights.wpe
        )
        for layer in 0..<configuration.layerCount {
            forwardBlockInside(layer)
            forwardBlockOutput(layer)
        }
        ops.layernormForward(
            out: lane.normalized,
            mean: lane.lnfMean,
            rstd: lane.lnfRstd,
            inp: lane.residual(configuration.layerCount),
            weight: weights.lnfw,
            bias: weights.lnfb
        )
    }

    /// One block, from its residual to all that its backward pass needs.
    func forwardBlockInside(_ layer: Int) {
        let activations = lane.block(layer)
        let N = lane.rowCount
        let C = configuration.channels
        let residual = lane.residual(layer)
        ops.layernormForward(
            out: lane.normalized,
            mean: activations.ln1Mean,
            rstd: activations.ln1Rstd,
            inp: residual,
            weight: weights.ln1w[layer],
            bias: weights.ln1b[layer]
        )
        let qkv = activations.qkv.reshaped([N, 3 * C])
        ops.matmulForward(
            out: qkv,
            inp: lane.normalized,
            weight: weights.qkvw[layer],
            bias: weights.qkvb[layer]
        )
        ops.attentionForward(
            out: activations.atty,
            lse: activations.lse,
            q: TensorColumns(qkv, 0..<C),
            k: TensorColumns(qkv, C..<2 * C),
            v: TensorColumns(qkv, 2 * C..<3 * C),
            headCount: configuration.headCount
        )
        ops.matmulForward(
            out: activations.residual2,
            inp: activations.atty.reshaped([N, C]),
            weight: weights.attprojw[layer],
            bias: weights.attprojb[layer],
            residual: residual
        )
        ops.layernormForward(
            out: lane.normalized,
            mean: activations.ln2Mean,
            rstd: activations.ln2Rstd,
            inp: activations.residual2,
            weight: weights.ln2w[layer],
            bias: weights.ln2b[layer]
        )
        ops.matmulForward(
            out: activations.fch,
            geluOut: activations.fchGelu,
            inp: lane.normalized,
            weight: weights.fcw[layer],
            bias: weights.fcb[layer]
        )
    }

    /// The last product of a block, which gives the residual after it.
    private func forwardBlockOutput(_ layer: Int) {
        let activations = lane.block(layer)
        ops.matmulForward(
            out: lane.residual(layer + 1),
            inp: activations.fchGelu,
            weight: weights.fcprojw[layer],
            bias: weights.fcprojb[layer],
            residual: activations.residual2
        )
    }

    /// The V logits of one row of `lane.normalized`.
    func logitRow(_ row: Int) -> [Float] {
        let padded = logits(of: row..<row + 1)
        return Array(ops.floats(padded).prefix(configuration.vocabularySize))
    }

    /// The logits of some rows of `lane.normalized`, in the lane's chunk.
    func logits(of rows: Range<Int>) -> Tensor {
        let logits = lane.logits[0..<rows.count]
        ops.matmulForward(out: logits, inp: lane.normalized[rows], weight: weights.wte)
        return logits
    }

    /// Calls `body` with the logits of the first `rowCount` rows, or of all, a chunk at a time;
    /// `body` may change them.
    func forEachClassifierChunk(
        rowCount: Int? = nil,
        _ body: (_ rows: Range<Int>, _ logits: Tensor) -> Void
    ) {
        let N = rowCount ?? lane.rowCount
        for start in stride(from: 0, to: N, by: lane.classifierRows) {
            let rows = start..<min(start + lane.classifierRows, N)
            body(rows, logits(of: rows))
        }
    }

    /// The losses of the first `rowCount` rows, or of all, into `lane.losses`.
    func computeLosses(rowCount: Int? = nil) {
        forEachClassifierChunk(rowCount: rowCount) { chunk, logits in
            ops.crossEntropyForward(
                losses: lane.losses[chunk],
                logits: logits,
                targets: lane.targets[chunk],
                vocabularySize: configuration.vocabularySize
            )
        }
    }
}
