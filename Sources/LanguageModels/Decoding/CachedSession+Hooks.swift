// Passes with hooks, and the hooks as blocks call them: they know the chunk, so blocks need not.

import Inference
import Tensors

extension CachedSession: HookedSession {
    func append(_ parts: [SequencePart], hooks: PassHooks) throws {
        try append(parts, predictedCounts: parts.map { _ in 0 }, hooks: hooks) { _ in }
    }

    func losses(appending parts: [ScoredPart], hooks: PassHooks) throws -> [[Float]] {
        precondition(
            parts.allSatisfy { $0.targets.count == $0.tokens.count },
            "hooks in a pass that predicts only some tokens"
        )
        return try losses(appending: parts, hooks: Optional(hooks))
    }

    func logits(ofResidual residual: Tensor) throws -> Tensor {
        let count = residual.shape[0]
        let memory = try memory(rowCount: count, predictedCount: count)
        guard let predicted = memory.rows.predicted else {
            preconditionFailure("logits of no rows")
        }
        model.classify(logits: predicted.logits, residual: residual, memory)
        for file in model.weightFiles { try file.requireIntact() }
        return predicted.logits
    }
}

/// The hooks of a pass over one chunk.
final class ChunkHooks {
    private let hooks: PassHooks
    private let parts: [HookedRows]
    private let ops: Ops

    init(_ hooks: PassHooks, _ chunk: TokenChunk, ops: Ops) {
        self.hooks = hooks
        self.ops = ops
        parts = chunk.parts.map {
            HookedRows(sequence: $0.sequence, past: $0.past, rows: $0.rows)
        }
    }

    /// The block whose attention is given instead of computed.
    var resumedLayer: Int? { hooks.resumedLayer }

    /// Shows a value of all rows.
    func visit(_ point: HookPoint, _ tensor: Tensor) throws {
        try hooks.visit(point, tensor, of: parts)
    }

    /// Shows what each head looks at, if it is wanted; otherwise it is not computed.
    /// - Parameters:
    ///   - layer: The block.
    ///   - q: The queries of all rows.
    ///   - parts: The cache with the keys of all rows, in the order of the chunk.
    ///   - NH: Heads of queries.
    /// - Throws: ``TensorError/outOfMemory(byteCount:)``, or what the hook throws.
    func visitPatterns(layer: Int, q: TensorColumns, parts: [CachePart], headCount NH: Int) throws {
        guard hooks.points.contains(.pattern(layer: layer)) else { return }
        for (part, rows) in zip(parts, self.parts) {
            let count = rows.rows.count
            let pattern = try ops.tensor([NH, count, rows.past + count])
            ops.attentionPattern(out: pattern, q: q, part: part, headCount: NH)
            try hooks.visit(.pattern(layer: layer), pattern, of: [rows])
        }
    }
}
