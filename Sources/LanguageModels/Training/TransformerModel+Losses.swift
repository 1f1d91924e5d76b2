// A batch's losses and logits. What a pass computes for them is in TrainingPass.swift.

import Tensors

extension TransformerModel {
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
        workspace: TrainingWorkspace
    ) throws -> Float {
        try load(inputs: inputs, targets: targets, into: workspace)
        forEachLane(of: workspace) { pass in
            pass.forwardBlocks()
            pass.computeLosses()
        }
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
    public func allLogits(
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
        into workspace: TrainingWorkspace
    ) throws {
        precondition(workspace.model === self, "a workspace of another model")
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
        if let targets { try checkTokens(targets) }
        for lane in workspace.lanes {
            lane.load(inputs: inputs, targets: targets)
        }
    }

    /// Calls `body` with the pass over each lane, on a thread each.
    func forEachLane(of workspace: TrainingWorkspace, _ body: (any TrainingPass) -> Void) {
        let passes = workspace.passes
        if passes.count == 1 { return body(passes[0]) }
        workspace.ops.runLanes(passes.count) { body(passes[$0]) }
    }

    /// The mean of the losses of all rows, summed in double in their order.
    func meanLoss(_ workspace: TrainingWorkspace) -> Float {
        let losses = workspace.lanes.flatMap { ops.floats($0.losses) }
        return Float(losses.reduce(0.0) { $0 + Double($1) } / Double(losses.count))
    }
}
