// Passes that somebody looks into.

import Inference
import Tensors

extension CachedSession: HookedSession {
    func append(_ parts: [SequencePart], hooks: PassHooks) throws {
        try append(parts, predictedCounts: parts.map { _ in 0 }, hooks: hooks) { _ in }
    }

    func losses(appending parts: [ScoredPart], hooks: PassHooks) throws -> [[Float]] {
        precondition(
            parts.allSatisfy { $0.targets.count == $0.tokens.count },
            "hooks in a pass that predicts some tokens only"
        )
        return try losses(appending: parts, hooks: Optional(hooks))
    }

    func logits(ofResidual residual: Tensor) throws -> Tensor {
        let count = residual.shape[0]
        let memory = try memory(rowCount: count, predictedCount: count)
        guard let predicted = model.rows(of: memory).predicted else {
            preconditionFailure("logits of no rows")
        }
        model.classify(logits: predicted.logits, residual: residual, memory)
        for file in model.weightFiles { try file.requireIntact() }
        return predicted.logits
    }
}

extension BlockDecoder {
    /// Empty sequences over a cache of ``cachePrecision``.
    func makeCachedSession(sequenceCount: Int, tokenCapacity: Int) -> CachedSession<Self> {
        CachedSession(
            self,
            sequenceCount: sequenceCount,
            tokenCapacity: tokenCapacity,
            precision: cachePrecision
        )
    }
}
