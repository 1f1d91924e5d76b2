// A batch's loss with the gradient of every parameter: what training asks of a model.

import Tensors

extension TransformerModel {
    /// The mean loss of a batch, and its gradient with respect to every parameter.
    /// - Parameters:
    ///   - inputs: B * T token ids, one sequence after the other.
    ///   - targets: As many: the token that follows each input.
    ///   - workspace: Memory for this batch shape, made for training.
    ///   - gradients: Receives the gradients, in the layout of the parameters.
    ///   - scale: Multiplies the gradients: 1 over the number of batches that are accumulated.
    ///   - accumulate: Whether to add to what `gradients` holds, or to overwrite it.
    /// - Returns: The loss in nats, without `scale`.
    /// - Throws: ``ModelError`` for a wrong number of tokens, or one outside the vocabulary.
    public func lossAndGradients(
        inputs: some Collection<Int32>,
        targets: some Collection<Int32>,
        workspace: TrainingWorkspace,
        gradients: TensorSet,
        scale: Float = 1,
        accumulate: Bool = false
    ) throws -> Float {
        try load(inputs: inputs, targets: targets, into: workspace)
        let dloss = scale / Float(workspace.batchSize * workspace.sequenceLength)
        forEachLane(of: workspace) { pass in
            let own = pass.lane.parameterGradients
            pass.computeGradients(
                dloss: dloss,
                into: own ?? gradients,
                accumulate: own == nil && accumulate
            )
        }
        let sum = gradients.flat
        for case let part? in workspace.lanes.map(\.parameterGradients) {
            workspace.ops.residualForward(out: sum, a: sum, b: part.flat)
        }
        return meanLoss(workspace)
    }
}
