// A batch's loss with the gradient of every parameter: what training asks of a model.

import Tensors

extension TransformerModel {
    /// The mean loss of a batch, and its gradient with respect to every parameter.
    ///
    /// The classifier runs on the targets that count only.
    /// - Parameters:
    ///   - inputs: B * T token ids, one sequence after the other.
    ///   - targets: As many: the token that follows each input.
    ///   - isCounted: Which targets count; nil for all.
    ///   - starts: The first position of its row that each token sees, so that documents in a row
    ///     do not see each other; nil for rows that are whole.
    ///   - dropout: What is dropped of embeddings, of attention's probabilities, and of what each
    ///     half of a block adds to the residual stream, with a key that no other batch has; nil for
    ///     nothing.
    ///   - workspace: Memory for this batch shape, made for training.
    ///   - gradients: Receives the gradients, in the layout of the parameters.
    ///   - scale: Multiplies the gradients: the share of this batch in those that are accumulated.
    ///   - accumulate: Whether to add to what `gradients` holds, or to overwrite it.
    ///   - didFinishLayer: Called with each layer, from the last to the first, when the gradients
    ///     of its weights are complete; the pass does not touch them from then on.
    /// - Returns: The loss in nats, without `scale`; 0 where no target counts.
    /// - Throws: ``ModelError`` for a wrong number of tokens, or one outside the vocabulary;
    ///   `TensorError` when memory is short for the first batch of documents, or of which something
    ///   is dropped.
    public func lossAndGradients(
        inputs: some Collection<Int32>,
        targets: some Collection<Int32>,
        isCounted: [Bool]? = nil,
        starts: [Int32]? = nil,
        dropout: Dropout? = nil,
        workspace: TrainingWorkspace,
        gradients: TensorSet,
        scale: Float = 1,
        accumulate: Bool = false,
        didFinishLayer: ((_ layer: Int) -> Void)? = nil
    ) throws -> Float {
        try load(
            inputs: inputs,
            targets: targets,
            isCounted,
            starts: starts,
            dropout: dropout,
            into: workspace
        )
        let rows = countedRows(isCounted, workspace)
        let count =
            rows?.reduce(0) { $0 + $1.count } ?? workspace.batchSize * workspace.sequenceLength
        let dloss = scale / Float(max(count, 1))
        // Lanes add up their gradients at the end.
        let isSplit = workspace.passes.count > 1
        forEachLane(of: workspace) { pass in
            let own = pass.lane.parameterGradients
            pass.computeGradients(
                dloss: dloss,
                of: rows?[pass.lane.index],
                into: own ?? gradients,
                accumulate: own == nil && accumulate,
                didFinishLayer: isSplit ? nil : didFinishLayer
            )
        }
        let sum = gradients.flat
        for case let part? in workspace.lanes.map(\.parameterGradients) {
            workspace.ops.residualForward(out: sum, a: sum, b: part.flat)
        }
        if isSplit, let didFinishLayer { (0..<sizes.layerCount).reversed().forEach(didFinishLayer) }
        return meanLoss(workspace, of: rows)
    }
}
