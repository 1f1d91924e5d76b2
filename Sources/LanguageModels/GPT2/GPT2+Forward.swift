// The forward pass: embedding, blocks, final layernorm, and logits chunk by chunk.

import Tensors

extension GPT2 {
    /// The mean cross-entropy, in nats, of predicting `targets` from `inputs`.
    /// - Parameters:
    ///   - inputs: B * T token ids, one sequence after the other.
    ///   - targets: As many: the token that follows each input.
    ///   - workspace: Memory for this batch shape.
    /// - Returns: The loss.
    /// - Throws: ``ModelError`` for a wrong number of tokens, or one outside the vocabulary.
    public func loss(
        inputs: some Collection<Int32>,
        targets: some Collection<Int32>,
        workspace: GPT2Workspace
    ) throws -> Float {
        try load(inputs: inputs, targets: targets, into: workspace)
        forwardBlocks(workspace)
        computeLosses(workspace)
        return meanLoss(workspace)
    }

    /// The logits of the last position of each sequence.
    /// - Parameters:
    ///   - inputs: B * T token ids, one sequence after the other.
    ///   - workspace: Memory for this batch shape.
    /// - Returns: B rows of V logits.
    /// - Throws: ``ModelError`` for a wrong number of tokens, or one outside the vocabulary.
    public func lastLogits(
        inputs: some Collection<Int32>,
        workspace: GPT2Workspace
    ) throws -> [[Float]] {
        try load(inputs: inputs, targets: nil as [Int32]?, into: workspace)
        forwardBlocks(workspace)
        return (0..<workspace.batchSize).map { sequence in
            logitRow((sequence + 1) * workspace.sequenceLength - 1, workspace)
        }
    }

    /// The logits of every position, for comparing models; large: B * T rows of V floats.
    /// - Parameters:
    ///   - inputs: B * T token ids, one sequence after the other.
    ///   - workspace: Memory for this batch shape.
    /// - Returns: B * T rows of V logits.
    /// - Throws: ``ModelError`` for a wrong number of tokens, or one outside the vocabulary.
    public func allLogits(
        inputs: some Collection<Int32>,
        workspace: GPT2Workspace
    ) throws -> [[Float]] {
        try load(inputs: inputs, targets: nil as [Int32]?, into: workspace)
        forwardBlocks(workspace)
        var rows: [[Float]] = []
        forEachClassifierChunk(workspace) { chunk, logits in
            rows += (0..<chunk.count).map {
                Array(ops.floats(logits[$0]).prefix(configuration.vocabularySize))
            }
        }
        return rows
    }

    /// Checks a batch and copies it into the workspace.
    func load(
        inputs: some Collection<Int32>,
        targets: (some Collection<Int32>)?,
        into workspace: GPT2Workspace
    ) throws {
        precondition(
            workspace.precision == precision,
            "a workspace of \(workspace.precision) for a model at \(precision)"
        )
        let (B, T) = (workspace.batchSize, workspace.sequenceLength)
        for count in [inputs.count, targets?.count ?? B * T] where count != B * T {
            throw ModelError.wrongBatch(
                expected: "\(B) sequences of \(T) tokens",
                found: "\(count) tokens"
            )
        }
        try checkTokens(inputs)
        ops.write(inputs, to: workspace.tokens)
        if let targets {
            try checkTokens(targets)
            ops.write(targets, to: workspace.targets)
        }
    }

    /// From the tokens to the output of the final layernorm, in `workspace.normalized`.
    func forwardBlocks(_ workspace: GPT2Workspace) {
        let (B, T) = (workspace.batchSize, workspace.sequenceLength)
        let C = configuration.channels
        ops.encoderForward(
            out: workspace.residual(0).reshaped([B, T, C]),
            tokens: workspace.tokens,
            wte: weights.wte,
            wpe: weights.wpe
        )
        for layer in 0..<configuration.layerCount {
            forwardBlockInside(layer, workspace)
            forwardBlockOutput(layer, workspace)
        }
        ops.layernormForward(
            out: workspace.normalized,
            mean: workspace.lnfMean,
            rstd: workspace.lnfRstd,
            inp: workspace.residual(configuration.layerCount),
            weight: weights.lnfw,
            bias: weights.lnfb
        )
    }

    /// One block, from its residual to all that its backward pass needs.
    func forwardBlockInside(_ layer: Int, _ workspace: GPT2Workspace) {
        let activations = workspace.block(layer)
        let N = workspace.batchSize * workspace.sequenceLength
        let C = configuration.channels
        let residual = workspace.residual(layer)
        ops.layernormForward(
            out: workspace.normalized,
            mean: activations.ln1Mean,
            rstd: activations.ln1Rstd,
            inp: residual,
            weight: weights.ln1w[layer],
            bias: weights.ln1b[layer]
        )
        ops.matmulForward(
            out: activations.qkv.reshaped([N, 3 * C]),
            inp: workspace.normalized,
            weight: weights.qkvw[layer],
            bias: weights.qkvb[layer]
        )
        ops.attentionForward(out: activations.atty, lse: activations.lse, qkv: activations.qkv)
        ops.matmulForward(
            out: activations.residual2,
            inp: activations.atty.reshaped([N, C]),
            weight: weights.attprojw[layer],
            bias: weights.attprojb[layer],
            residual: residual
        )
        ops.layernormForward(
            out: workspace.normalized,
            mean: activations.ln2Mean,
            rstd: activations.ln2Rstd,
            inp: activations.residual2,
            weight: weights.ln2w[layer],
            bias: weights.ln2b[layer]
        )
        ops.matmulForward(
            out: activations.fch,
            geluOut: activations.fchGelu,
            inp: workspace.normalized,
            weight: weights.fcw[layer],
            bias: weights.fcb[layer]
        )
    }

    /// The last product of a block, which gives the residual after it.
    private func forwardBlockOutput(_ layer: Int, _ workspace: GPT2Workspace) {
        let activations = workspace.block(layer)
        ops.matmulForward(
            out: workspace.residual(layer + 1),
            inp: activations.fchGelu,
            weight: weights.fcprojw[layer],
            bias: weights.fcprojb[layer],
            residual: activations.residual2
        )
    }

    /// The V logits of one row of `workspace.normalized`.
    private func logitRow(_ row: Int, _ workspace: GPT2Workspace) -> [Float] {
        let padded = logits(of: row..<row + 1, workspace)
        return Array(ops.floats(padded).prefix(configuration.vocabularySize))
    }

    /// The logits of some rows of `workspace.normalized`, in the workspace's chunk.
    private func logits(of rows: Range<Int>, _ workspace: GPT2Workspace) -> Tensor {
        let logits = workspace.logits[0..<rows.count]
        ops.matmulForward(out: logits, inp: workspace.normalized[rows], weight: weights.wte)
        return logits
    }

    /// Calls `body` with the logits of the first `rowCount` rows, or of all, a chunk at a time;
    /// `body` may change them.
    func forEachClassifierChunk(
        _ workspace: GPT2Workspace,
        rowCount: Int? = nil,
        _ body: (_ rows: Range<Int>, _ logits: Tensor) -> Void
    ) {
        let N = rowCount ?? workspace.batchSize * workspace.sequenceLength
        for start in stride(from: 0, to: N, by: workspace.classifierRows) {
            let rows = start..<min(start + workspace.classifierRows, N)
            body(rows, logits(of: rows, workspace))
        }
    }

    /// The losses of the first `rowCount` rows, or of all, into `workspace.losses`.
    func computeLosses(_ workspace: GPT2Workspace, rowCount: Int? = nil) {
        forEachClassifierChunk(workspace, rowCount: rowCount) { chunk, logits in
            ops.crossEntropyForward(
                losses: workspace.losses[chunk],
                logits: logits,
                targets: workspace.targets[chunk],
                vocabularySize: configuration.vocabularySize
            )
        }
    }

    /// The mean of the losses of all rows, summed in double.
    func meanLoss(_ workspace: GPT2Workspace) -> Float {
        let losses = ops.floats(workspace.losses)
        return Float(losses.reduce(0.0) { $0 + Double($1) } / Double(losses.count))
    }
}
