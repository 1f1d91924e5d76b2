// A batch's losses and logits, and losses of single tokens, for callers that score parts of a
// batch: the endings of a question, or the tokens that a sliding window has moved onto.
// TrainingPass.swift does the computation.

import Tensors

extension TransformerModel {
    /// The mean cross-entropy, in nats, of predicting `targets` from `inputs`.
    /// - Parameters:
    ///   - inputs: B * T token ids, one sequence after the other.
    ///   - targets: As many: the token that follows each input.
    ///   - isCounted: Which targets count; nil for all.
    ///   - starts: The first position of its row that each token sees; nil for whole rows.
    ///   - workspace: Memory for this batch shape.
    /// - Returns: The loss, 0 where no target counts.
    /// - Throws: ``ModelError`` for a wrong number of tokens, or one outside the vocabulary.
    package func loss(
        inputs: some Collection<Int32>,
        targets: some Collection<Int32>,
        isCounted: [Bool]? = nil,
        starts: [Int32]? = nil,
        workspace: TrainingWorkspace
    ) throws -> Float {
        try load(inputs: inputs, targets: targets, isCounted, starts: starts, into: workspace)
        let rows = countedRows(isCounted, workspace)
        forEachLane(of: workspace) { pass in
            pass.forwardBlocks()
            pass.computeLosses(of: rows?[pass.lane.index])
        }
        return meanLoss(workspace, of: rows)
    }

    /// The logits of the last position of each sequence.
    /// - Parameters:
    ///   - inputs: B * T token ids, one sequence after the other.
    ///   - workspace: Memory for this batch shape.
    /// - Returns: B rows of V logits.
    /// - Throws: ``ModelError`` for a wrong number of tokens, or one outside the vocabulary.
    package func lastLogits(
        inputs: some Collection<Int32>,
        workspace: TrainingWorkspace
    ) throws -> [[Float]] {
        try load(inputs: inputs, targets: nil as [Int32]?, into: workspace)
        forEachLane(of: workspace) { $0.forwardBlocks() }
        return workspace.passes.flatMap { pass in
            (1...pass.lane.batchSize).map { pass.logitRow($0 * pass.lane.sequenceLength - 1) }
        }
    }

    /// The logits of every position, for comparing models; large: B * T rows of V floats.
    /// - Parameters:
    ///   - inputs: B * T token ids, one sequence after the other.
    ///   - workspace: Memory for this batch shape.
    /// - Returns: B * T rows of V logits.
    /// - Throws: ``ModelError`` for a wrong number of tokens, or one outside the vocabulary.
    package func allLogits(
        inputs: some Collection<Int32>,
        workspace: TrainingWorkspace
    ) throws -> [[Float]] {
        try load(inputs: inputs, targets: nil as [Int32]?, into: workspace)
        forEachLane(of: workspace) { $0.forwardBlocks() }
        var rows: [[Float]] = []
        for pass in workspace.passes {
            pass.forEachClassifierChunk { chunk, logits in
                rows += (0..<chunk.count).map {
                    Array(ops.floats(logits[$0]).prefix(sizes.vocabularySize))
                }
            }
        }
        return rows
    }

    /// Checks a batch and copies it into the workspace.
    func load(
        inputs: some Collection<Int32>,
        targets: (some Collection<Int32>)?,
        _ isCounted: [Bool]? = nil,
        starts: [Int32]? = nil,
        dropout: Dropout? = nil,
        into workspace: TrainingWorkspace
    ) throws {
        precondition(workspace.model === self, "a workspace of another model")
        precondition(
            workspace.precision == precision,
            "a workspace of \(workspace.precision) for a model at \(precision)"
        )
        let (B, T) = (workspace.batchSize, workspace.sequenceLength)
        let counts = [inputs.count, targets?.count, isCounted?.count, starts?.count]
        for case let count? in counts where count != B * T {
            throw ModelError.wrongBatch(
                expected: "\(B) sequences of \(T) tokens",
                found: "\(count) tokens"
            )
        }
        try checkTokens(inputs)
        if let targets { try checkTokens(targets) }
        if let starts { try Self.check(starts: starts, sequenceLength: T) }
        for lane in workspace.lanes {
            try lane.load(inputs: inputs, targets: targets, starts: starts, dropout: dropout)
        }
    }

    /// Checks that each token sees itself, and none that the previous token does not.
    private static func check(starts: [Int32], sequenceLength T: Int) throws {
        for (index, start) in starts.enumerated() {
            let t = index % T
            let earlier = t == 0 ? 0 : starts[index - 1]
            guard start >= earlier, start <= t else {
                throw ModelError.wrongBatch(
                    expected: "starts that never decrease and are no later than their own token",
                    found: "\(start) at position \(t) of sequence \(index / T)"
                )
            }
        }
    }

    /// Calls `body` with the pass over each lane, on a thread each.
    func forEachLane(of workspace: TrainingWorkspace, _ body: (any TrainingPass) -> Void) {
        let passes = workspace.passes
        if passes.count == 1 { return body(passes[0]) }
        workspace.ops.runLanes(passes.count) { body(passes[$0]) }
    }

    /// The rows of each lane whose targets count; nil where all do.
    func countedRows(_ isCounted: [Bool]?, _ workspace: TrainingWorkspace) -> [[Int]]? {
        isCounted.map { isCounted in
            workspace.lanes.map { lane in
                lane.rows.filter { isCounted[$0] }.map { $0 - lane.rows.lowerBound }
            }
        }
    }

    /// The mean of the losses of all rows, or of those that count, summed in double in their order;
    /// 0 if none do.
    func meanLoss(_ workspace: TrainingWorkspace, of rows: [[Int]]? = nil) -> Float {
        let losses = workspace.lanes.flatMap { lane in
            let count = rows?[lane.index].count ?? lane.rowCount
            return count == 0 ? [] : ops.floats(lane.losses[0..<count])
        }
        if losses.isEmpty { return 0 }
        return Float(losses.reduce(0.0) { $0 + Double($1) } / Double(losses.count))
    }
}

extension TransformerModel {
    /// Memory for batches of a shape, for passes that only measure.
    /// - Throws: ``TensorError/outOfMemory(byteCount:)``.
    package func makeScoringWorkspace(
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
    /// The classifier, on which a small model spends most of its time, only runs on these
    /// positions.
    /// - Parameters:
    ///   - inputs: B * T token ids, one sequence after the other.
    ///   - targets: As many: the token that follows each input. Those of other positions may be any
    ///     tokens.
    ///   - positions: Strictly ascending indices into `targets`.
    ///   - starts: The first position of its row that each token sees; nil for whole rows.
    ///   - workspace: Memory for this batch shape.
    /// - Returns: A loss for each of `positions`.
    /// - Throws: ``ModelError`` for a wrong number of tokens, or one outside the vocabulary.
    package func tokenLosses(
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
