// Losses of single tokens, for those who score parts of a batch: the endings of a question, or what
// a sliding window has moved onto. What the parts mean is theirs to know.

import Tensors

extension GPT2 {
    /// Memory for batches of a shape in the passes that only measure.
    /// - Throws: ``TensorError/outOfMemory(byteCount:)``.
    public func makeScoringWorkspace(
        batchSize: Int,
        sequenceLength: Int
    ) throws -> GPT2Workspace {
        try GPT2Workspace(
            configuration,
            batchSize: batchSize,
            sequenceLength: sequenceLength,
            training: nil,
            precision: precision,
            ops: ops
        )
    }

    /// The cross-entropy, in nats, of predicting some of the targets.
    ///
    /// The classifier, which a small model spends most of its time in, runs on these positions
    /// only.
    /// - Parameters:
    ///   - inputs: B * T token ids, one sequence after the other.
    ///   - targets: As many: the token that follows each input. Those of other positions may be any
    ///     tokens.
    ///   - positions: Strictly ascending indices into `targets`.
    ///   - workspace: Memory for this batch shape.
    /// - Returns: A loss for each of `positions`.
    /// - Throws: ``ModelError`` for a wrong number of tokens, or one outside the vocabulary.
    public func tokenLosses(
        inputs: some Collection<Int32>,
        targets: some Collection<Int32>,
        at positions: [Int],
        workspace: GPT2Workspace
    ) throws -> [Float] {
        try load(inputs: inputs, targets: targets, into: workspace)
        if positions.isEmpty { return [] }
        forwardBlocks(workspace)
        gather(positions, of: targets, workspace)
        computeLosses(workspace, rowCount: positions.count)
        return ops.floats(workspace.losses[0..<positions.count])
    }

    /// Moves rows of `workspace.normalized`, and their targets, to the front: in place, because no
    /// row moves back and all are written again by the next pass.
    private func gather(
        _ positions: [Int],
        of targets: some Collection<Int32>,
        _ workspace: GPT2Workspace
    ) {
        let targets = Array(targets)
        let rows = workspace.normalized
        var previous = -1
        for (row, position) in positions.enumerated() {
            precondition(
                position > previous && position < targets.count,
                "position \(position) after \(previous) of \(targets.count)"
            )
            previous = position
            if row != position { ops.copy(rows[position], to: rows[row]) }
        }
        ops.write(positions.map { targets[$0] }, to: workspace.targets[0..<positions.count])
    }
}
