// The hooks of a pass as its blocks call them: they know the chunk, so that blocks need not.

import Inference
import Tensors

/// The hooks of a pass over one chunk.
final class ChunkHooks {
    private let hooks: PassHooks
    private let parts: [HookedRows]

    init(_ hooks: PassHooks, _ chunk: TokenChunk) {
        self.hooks = hooks
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
}
