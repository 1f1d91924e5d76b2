// Some new tokens of cached sequences, for one pass of a transformer, and the memory of the pass
// that does not depend on what the blocks compute.

import Inference
import Tensors

/// New tokens of some sequences, computed together.
struct TokenChunk {
    /// Consecutive rows of the chunk that belong to one sequence.
    struct Part {
        /// Index of the sequence in the cache.
        let sequence: Int
        /// How many tokens the sequence already has.
        let past: Int
        /// The part's rows within the chunk.
        let rows: Range<Int>
        /// For how many of the rows, up to the last, the next token is predicted.
        let predictedCount: Int
    }

    /// The tokens, row by row.
    let tokens: [Int32]
    /// Which sequences the rows belong to; the parts cover all rows in order.
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
    /// - Returns: A part for each of the chunk's parts.
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

/// The memory that a pass needs whatever the blocks compute.
///
/// An object, because its many references would otherwise be counted again in every block.
package final class PassRows {
    let tokens: Tensor  // (N) int32
    let positions: Tensor  // (N) int32
    let residual: Tensor  // (N, C)
    let normalized: Tensor  // (N, C): output of the norm at hand
    let atty: Tensor  // (N, NH * HS)
    let residual2: Tensor  // (N, C): the residual between attention and feed-forward
    /// Nil when no token is predicted.
    let predicted: Predicted?

    /// The rows whose next token is predicted, and what the last block computes only for them.
    struct Predicted {
        let rows: Tensor  // (P) int32
        let residual: Tensor  // (P, C)
        let atty: Tensor  // (P, NH * HS)
        let logits: Tensor  // (P, V)
    }

    private init(_ set: TensorSet, predictedCount: Int) {
        tokens = set["tokens"]
        positions = set["positions"]
        residual = set["residual"]
        normalized = set["normalized"]
        atty = set["atty"]
        residual2 = set["residual2"]
        predicted =
            predictedCount == 0
            ? nil
            : Predicted(
                rows: set["predictedRows"],
                residual: set["predictedResidual"],
                atty: set["predictedAtty"],
                logits: set["logits"]
            )
    }

    /// Allocates it, together with a model's own tensors, in one block of memory.
    /// - Throws: ``TensorError/outOfMemory(byteCount:)``.
    static func allocate(
        _ configuration: some ModelConfiguration,
        rowCount N: Int,
        predictedCount P: Int,
        beside others: [TensorSpecification],
        ops: Ops
    ) throws -> (rows: PassRows, all: TensorSet) {
        let (C, A) = (configuration.channels, configuration.attentionChannels)
        let V = configuration.vocabularySize
        let layout = TensorLayout(
            [
                TensorSpecification("tokens", [N], elementType: .int32),
                TensorSpecification("positions", [N], elementType: .int32),
                TensorSpecification("residual", [N, C]),
                TensorSpecification("normalized", [N, C]),
                TensorSpecification("atty", [N, A]),
                TensorSpecification("residual2", [N, C]),
                TensorSpecification("predictedRows", [P], elementType: .int32),
                TensorSpecification("predictedResidual", [P, C]),
                TensorSpecification("predictedAtty", [P, A]),
                TensorSpecification("logits", [P, V]),
            ] + others,
            alignment: 64
        )
        let set = try ops.allocate(layout)
        return (PassRows(set, predictedCount: P), set)
    }
}
