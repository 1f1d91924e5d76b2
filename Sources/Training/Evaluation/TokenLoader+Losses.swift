// The losses of a model on the batches of a loader, one after another: validation while training
// and measuring a model afterwards are this loop.

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
    mutating func forEachLoss<Model: ScoringModel>(
        of model: Model,
        batchCount: Int,
        batch: inout TokenBatch,
        workspace: Model.ScoringWorkspace,
        _ body: (_ loss: Double, TokenBatch) throws -> Void
    ) throws {
        for _ in 0..<batchCount {
            try batch.load(from: &self)
            let losses = try model.tokenLosses(
                inputs: batch.inputs,
                targets: batch.targets,
                at: Array(batch.targets.indices),
                workspace: workspace
            )
            try body(losses.reduce(0.0) { $0 + Double($1) } / Double(losses.count), batch)
        }
    }
}
