// What a decoder-only transformer has to say and do so that CachedSession can continue sequences
// with it: one batched pass over some new tokens.

import Inference
import Tensors

/// New tokens of some sequences, computed together.
public struct TokenChunk {
    /// Consecutive rows of the chunk that belong to one sequence.
    public struct Part {
        /// Index of the sequence in the cache.
        public let sequence: Int
        /// Tokens that the sequence holds before these.
        public let past: Int
        /// Its rows of the chunk.
        public let rows: Range<Int>
        /// How many of the rows, up to the last one, have the token after them predicted.
        public let predictedCount: Int
    }

    /// The tokens, row by row.
    public let tokens: [Int32]
    /// Where the rows belong; they cover all of them in order.
    public let parts: [Part]

    /// The position of each row in its sequence.
    public var positions: [Int32] {
        parts.flatMap { part in
            part.rows.indices.map { Int32(part.past + $0 - part.rows.lowerBound) }
        }
    }

    /// The rows whose next token is predicted.
    public var predictedRows: [Int32] {
        parts.flatMap { $0.rows.suffix($0.predictedCount).map { Int32($0) } }
    }
}

extension KVCache {
    /// The parts of a chunk for attention in one layer.
    /// - Parameters:
    ///   - layer: The block.
    ///   - chunk: Its sequences have room for its tokens.
    ///   - onlyPredicted: Whether only rows whose next token is predicted need a result, as in the
    ///     last layer.
    /// - Returns: A part for each of the chunk's.
    public func parts(layer: Int, of chunk: TokenChunk, onlyPredicted: Bool = false) -> [CachePart]
    {
        chunk.parts.map {
            part(
                layer: layer,
                sequence: $0.sequence,
                past: $0.past,
                rows: $0.rows,
                silent: onlyPredicted ? $0.rows.count - $0.predictedCount : 0
            )
        }
    }
}

/// A transformer that appends tokens to cached sequences.
public protocol CachedTransformer: AnyObject {
    /// Memory for passes of one shape.
    associatedtype Workspace

    /// V: token ids run from 0 to one less.
    var vocabularySize: Int { get }
    /// maxT: the longest sequence.
    var contextLength: Int { get }
    /// What is kept of a token.
    var cacheShape: KVCacheShape { get }
    /// Bytes of weights that are read for every token, or batch of tokens.
    var weightBytesPerToken: Int { get }
    /// What runs the arithmetic.
    var ops: Ops { get }
    /// The files whose pages are weights, which may lose some while the model is in use.
    var weightFiles: [any Storage] { get }

    /// Memory for passes over `rowCount` tokens that predict `predictedCount` ones.
    /// - Throws: ``TensorError/outOfMemory(byteCount:)``.
    func makeDecodingWorkspace(rowCount: Int, predictedCount: Int) throws -> Workspace

    /// Appends a chunk's tokens to the cache, which has room for them.
    /// - Parameters:
    ///   - chunk: At least one token; all in the vocabulary.
    ///   - cache: Keys and values of the tokens before are read, those of the chunk stored.
    ///   - workspace: Memory for this shape.
    /// - Returns: `(predictedCount, V)` logits, which are overwritten by the next pass; nil when
    ///   the chunk predicts nothing.
    func decode(_ chunk: TokenChunk, cache: KVCache, workspace: Workspace) -> Tensor?
}

extension CachedTransformer {
    /// Stops the program where weights, or keys and values, cannot be of a type, before any memory
    /// is taken.
    static func checkTypes(_ precision: ElementType, _ cachePrecision: ElementType) {
        precondition(ElementType.weightTypes.contains(precision), "weights of \(precision)")
        precondition(KVCache.precisions.contains(cachePrecision), "a cache of \(cachePrecision)")
    }
}
