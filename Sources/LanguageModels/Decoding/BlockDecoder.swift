// What a model must provide so that CachedSession can continue sequences with it, and the steps of
// a pass, common to all stacks of transformer blocks. The model defines what a block computes.

import Inference
import Tensors

/// A stack of blocks, each of attention and a feed-forward network, between embeddings and a
/// classifier.
protocol BlockDecoder: InspectableModel {
    /// Memory for passes of one shape.
    associatedtype Workspace

    /// How keys and values are stored.
    var cachePrecision: ElementType { get }
    /// The sizes of what is kept of a token.
    var cacheShape: KVCacheShape { get }
    /// The files whose pages are weights, and which may lose some while the model is in use.
    var weightFiles: [any Storage] { get }

    /// Memory for passes over `rowCount` tokens that predict the next token for `predictedCount` of
    /// them.
    /// - Throws: ``TensorError/outOfMemory(byteCount:)``.
    func makeDecodingWorkspace(rowCount: Int, predictedCount: Int) throws -> Workspace
    /// The part of the memory that all models share.
    func rows(of workspace: Workspace) -> PassRows
    /// Sets the residual to the embeddings of the tokens.
    func embed(_ workspace: Workspace)
    /// The first half of a block: stores keys and values, and leaves attention's output in `atty`.
    /// - Throws: What `hooks` throw.
    func attend(
        block: Int,
        _ parts: [CachePart],
        _ workspace: Workspace,
        hooks: ChunkHooks?
    ) throws
    /// The rest of a block for the rows of `atty` and `residual`, which it adds to.
    /// - Throws: What `hooks` throw.
    func transform(
        block: Int,
        atty: Tensor,
        residual: Tensor,
        _ workspace: Workspace,
        hooks: ChunkHooks?
    ) throws
    /// The logits for the rows of `residual`.
    func classify(logits: Tensor, residual: Tensor, _ workspace: Workspace)
}

extension BlockDecoder {
    /// Appends a chunk's tokens to the cache, which has room for them.
    ///
    /// For rows whose next token is not needed, the last block computes only keys and values,
    /// unless there are hooks.
    /// - Parameters:
    ///   - chunk: At least one token; all in the vocabulary. With hooks, it predicts the
    ///     next token for every row or for none.
    ///   - cache: Keys and values of earlier tokens are read, and those of the chunk stored.
    ///   - workspace: Memory for this shape.
    ///   - hooks: Called during the pass.
    /// - Returns: `(predictedCount, V)` logits, which are overwritten by the next pass; nil when
    ///   the chunk predicts nothing.
    /// - Throws: What `hooks` throw.
    func decode(
        _ chunk: TokenChunk,
        cache: KVCache,
        workspace: Workspace,
        hooks: PassHooks? = nil
    ) throws -> Tensor? {
        let rows = rows(of: workspace)
        ops.write(chunk.tokens, to: rows.tokens)
        ops.write(chunk.positions, to: rows.positions)
        embed(workspace)
        let chunkHooks = hooks.map { ChunkHooks($0, chunk, ops: ops) }
        let last = layerCount - 1
        let isPartial = hooks != nil && rows.predicted == nil
        let whole = (hooks?.resumedLayer ?? 0)..<(isPartial ? (hooks?.lastLayer ?? last) + 1 : last)
        for block in whole {
            let parts = cache.parts(layer: block, of: chunk)
            try attendWithHooks(block: block, parts, workspace, hooks: chunkHooks)
            try transform(
                block: block,
                atty: rows.atty,
                residual: rows.residual,
                workspace,
                hooks: chunkHooks
            )
            try chunkHooks?.visit(.residualPost(layer: block), rows.residual)
        }
        if isPartial { return nil }
        let parts = cache.parts(layer: last, of: chunk, onlyPredicted: true)
        try attendWithHooks(block: last, parts, workspace, hooks: chunkHooks)
        guard let predicted = rows.predicted else { return nil }
        ops.write(chunk.predictedRows, to: predicted.rows)
        ops.lookUp(out: predicted.residual, weight: rows.residual, rows: predicted.rows)
        ops.lookUp(out: predicted.atty, weight: rows.atty, rows: predicted.rows)
        try transform(
            block: last,
            atty: predicted.atty,
            residual: predicted.residual,
            workspace,
            hooks: chunkHooks
        )
        try chunkHooks?.visit(.residualPost(layer: last), predicted.residual)
        classify(logits: predicted.logits, residual: predicted.residual, workspace)
        return predicted.logits
    }

    /// The attention of a block, or the replacement that hooks give.
    private func attendWithHooks(
        block: Int,
        _ parts: [CachePart],
        _ workspace: Workspace,
        hooks: ChunkHooks?
    ) throws {
        let rows = rows(of: workspace)
        try hooks?.visit(.residualPre(layer: block), rows.residual)
        if hooks == nil || hooks?.resumedLayer != block {
            try attend(block: block, parts, workspace, hooks: hooks)
        }
        try hooks?.visit(.z(layer: block), rows.atty)
    }

    /// Stops the program if weights, or keys and values, cannot have a type, before any memory is
    /// allocated.
    static func checkTypes(_ precision: ElementType?, _ cachePrecision: ElementType) {
        if let precision {
            precondition(ElementType.weightTypes.contains(precision), "weights of \(precision)")
        }
        precondition(KVCache.precisions.contains(cachePrecision), "a cache of \(cachePrecision)")
    }
}
