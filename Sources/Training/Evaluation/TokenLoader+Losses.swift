// The losses of a model on the batches of a loader, one after another: validation while training and
// measuring a model afterwards are this loop.

import LanguageModels
import TokenData

extension TokenLoader {
    /// Calls `body` with a model's mean loss on each of the next batches, and with the batch.
    /// - Parameters:
    ///   - model: What predicts.
    ///   - batchCount: How many batches.
    ///   - batch: Filled with each of them.
    ///   - workspace: Of the shape of the batches.
    ///   - body: Called after each batch.
    /// - Throws: ``TokenDataError`` or ``ModelError`` for bad data; what `body` throws.
    mutating func forEachLoss(
        of model: GPT2,
        batchCount: Int,
        batch: inout TokenBatch,
        workspace: GPT2Workspace,
        _ body: (_ loss: Double, TokenBatch) throws -> Void
    ) throws {
        for _ in 0..<batchCount {
            try batch.load(from: &self)
            let loss = try model.loss(
                inputs: batch.inputs,
                targets: batch.targets,
                workspace: workspace
            )
            try body(Double(loss), batch)
        }
    }
}
