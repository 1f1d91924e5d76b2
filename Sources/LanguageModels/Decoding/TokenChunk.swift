// Some new tokens of cached sequences: what one pass of a transformer is over.

import Inference
import Tensors

/// New tokens of some sequences, computed together.
struct TokenChunk {
    /// Consecutive rows of the chunk that belong to one sequence.
    struct Part {
        /// Index of the sequence in the cache.
        let sequence: Int
        /// Tokens that the sequence holds before these.
        let past: Int
        /// Its rows of the chunk.
        let rows: Range<Int>
        /// How many of the rows, up to the last one, have the token after them predicted.
        let predictedCount: Int
    }

    /// The tokens, row by row.
    let tokens: [Int32]
    /// Where the rows belong; they cover all of them in order.
    let parts: [Part]

    /// The position of each row in its sequence.
    var positions: [Int32] {
        parts.flatMap { part in
            part.rows.indices.map { Int32(part.past + $0 - part.rows.lowerBound) }
        }
    }

    /// The rows whose next token is predicted.
    var predictedRows: [Int32] {
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
    func parts(layer: Int, of chunk: TokenChunk, onlyPredicted: Bool = false) -> [CachePart] {
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
