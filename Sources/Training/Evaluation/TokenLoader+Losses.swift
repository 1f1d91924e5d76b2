// The losses of a model on the batches of a loader, one after another: validation while training
// and measuring a model afterwards are this loop.

import Inference
import LanguageModels
import TokenData

extension TokenLoader {
    /// Calls `body` with a model's mean loss on each of the next batches, and with the batch.
    /// - Parameters:
    ///   - scorer: What predicts, with room for the batches.
    ///   - batchCount: How many batches.
    ///   - batch: Filled with each of them.
    ///   - body: Called after each batch.
    /// - Throws: ``TokenDataError`` or ``ModelError`` for bad data; what `body` throws.
    mutating func forEachLoss(
        by scorer: some TokenScorer,
        batchCount: Int,
        batch: inout TokenBatch,
        _ body: (_ loss: Double, TokenBatch) throws -> Void
    ) throws {
        for _ in 0..<batchCount {
            try nextBatch(into: &batch)
            let T = source.sequenceLength
            let parts = (0..<batch.inputs.count / T).map { sequence in
                let rows = sequence * T..<(sequence + 1) * T
                return ScoredPart(
                    sequence: sequence,
                    tokens: Array(batch.inputs[rows]),
                    targets: Array(batch.targets[rows])
                )
            }
            let losses = try scorer.losses(of: parts).joined()
            try body(losses.reduce(0.0) { $0 + Double($1) } / Double(losses.count), batch)
        }
    }
}
