// The hooks of a pass as its blocks call them: they know the chunk, so that blocks need not.

import Inference
import Tensors

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

    /// The block whose attention is given.
    var resumedLayer: Int? { hooks.resumedLayer }

    /// Shows a value of all rows.
    func visit(_ point: HookPoint, _ tensor: Tensor) throws {
        try hooks.visit(point, tensor, of: parts)
    }

    /// Shows what each head looks at, where somebody wants it; nobody else computes it.
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
