// Losses of single tokens, for those who score parts of a batch: the endings of a question, or what
// a sliding window has moved onto. What the parts mean is theirs to know.

import Tensors

extension TransformerModel {
    /// Memory for batches of a shape in the passes that only measure.
    /// - Throws: ``TensorError/outOfMemory(byteCount:)``.
    public func makeScoringWorkspace(
        batchSize: Int,
        sequenceLength: Int
    ) throws -> TrainingWorkspace {
        try TrainingWorkspace(
            self,
            batchSize: batchSize,
            sequenceLength: sequenceLength,
            training: nil
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
    ///   - starts: The first position of its row that each token sees; nil for rows that are whole.
    ///   - workspace: Memory for this batch shape.
    /// - Returns: A loss for each of `positions`.
    /// - Throws: ``ModelError`` for a wrong number of tokens, or one outside the vocabulary.
    public func tokenLosses(
        inputs: some Collection<Int32>,
        targets: some Collection<Int32>,
        at positions: [Int],
        starts: [Int32]? = nil,
        workspace: TrainingWorkspace
    ) throws -> [Float] {
        try load(inputs: inputs, targets: targets, starts: starts, into: workspace)
        if positions.isEmpty { return [] }
        Self.check(positions, count: targets.count)
        let rows = workspace.lanes.map { lane in
            positions.filter(lane.rows.contains).map { $0 - lane.rows.lowerBound }
        }
        forEachLane(of: workspace) { pass in
            let rows = rows[pass.lane.index]
            guard !rows.isEmpty else { return }
            pass.forwardBlocks()
            pass.computeLosses(of: rows)
        }
        return zip(workspace.lanes, rows).flatMap { lane, rows in
            rows.isEmpty ? [] : ops.floats(lane.losses[0..<rows.count])
        }
    }

    private static func check(_ positions: [Int], count: Int) {
        var previous = -1
        for position in positions {
            precondition(
                position > previous && position < count,
                "position \(position) after \(previous) of \(count)"
            )
            previous = position
        }
    }
}
