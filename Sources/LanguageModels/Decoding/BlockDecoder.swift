// What a model has to say and do so that CachedSession can continue sequences with it, and the
// course of a pass that every stack of transformer blocks takes. What a block computes is the
// model's.

import Inference
import Tensors

/// A stack of blocks of attention and a feed-forward network, between embeddings and a classifier.
protocol BlockDecoder: LanguageModel {
    /// Memory for passes of one shape.
    associatedtype Workspace

    /// L: at least one.
    var blockCount: Int { get }
    /// What is kept of a token.
    var cacheShape: KVCacheShape { get }
    /// What runs the arithmetic.
    var ops: Ops { get }
    /// The files whose pages are weights, which may lose some while the model is in use.
    var weightFiles: [any Storage] { get }

    /// Memory for passes over `rowCount` tokens that predict `predictedCount` ones.
    /// - Throws: ``TensorError/outOfMemory(byteCount:)``.
    func makeDecodingWorkspace(rowCount: Int, predictedCount: Int) throws -> Workspace
    /// The part of the memory that all models have.
    func rows(of workspace: Workspace) -> PassRows
    /// Makes the residual the embeddings of the tokens.
    func embed(_ workspace: Workspace)
    /// The first half of a block: stores keys and values, and leaves attention's output in `atty`.
    func attend(block: Int, _ parts: [CachePart], _ workspace: Workspace)
    /// The rest of a block for the rows of `atty` and `residual`, which it adds to.
    func transform(block: Int, atty: Tensor, residual: Tensor, _ workspace: Workspace)
    /// The logits after the rows of `residual`.
    func classify(logits: Tensor, residual: Tensor, _ workspace: Workspace)
}

extension BlockDecoder {
    /// Appends a chunk's tokens to the cache, which has room for them.
    ///
    /// Of rows whose next token is not asked for, the last block computes keys and values only.
    /// - Parameters:
    ///   - chunk: At least one token; all in the vocabulary.
    ///   - cache: Keys and values of the tokens before are read, those of the chunk stored.
    ///   - workspace: Memory for this shape.
    /// - Returns: `(predictedCount, V)` logits, which are overwritten by the next pass; nil when
    ///   the chunk predicts nothing.
    func decode(_ chunk: TokenChunk, cache: KVCache, workspace: Workspace) -> Tensor? {
        let rows = rows(of: workspace)
        ops.write(chunk.tokens, to: rows.tokens)
        ops.write(chunk.positions, to: rows.positions)
        embed(workspace)
        let last = blockCount - 1
        for block in 0..<last {
            attend(block: block, cache.parts(layer: block, of: chunk), workspace)
            transform(block: block, atty: rows.atty, residual: rows.residual, workspace)
        }
        let parts = cache.parts(layer: last, of: chunk, onlyPredicted: true)
        attend(block: last, parts, workspace)
        guard let predicted = rows.predicted else { return nil }
        ops.write(chunk.predictedRows, to: predicted.rows)
        ops.lookUp(out: predicted.residual, weight: rows.residual, rows: predicted.rows)
        ops.lookUp(out: predicted.atty, weight: rows.atty, rows: predicted.rows)
        transform(block: last, atty: predicted.atty, residual: predicted.residual, workspace)
        classify(logits: predicted.logits, residual: predicted.residual, workspace)
        return predicted.logits
    }

    /// Stops the program where weights, or keys and values, cannot be of a type, before any memory
    /// is taken.
    static func checkTypes(_ precision: ElementType?, _ cachePrecision: ElementType) {
        if let precision {
            precondition(ElementType.weightTypes.contains(precision), "weights of \(precision)")
        }
        precondition(KVCache.precisions.contains(cachePrecision), "a cache of \(cachePrecision)")
    }
}
