// The course of a pass that every stack of transformer blocks takes. What a block computes is the
// model's.

import Inference
import Tensors

/// Memory that a pass needs whatever the blocks compute.
///
/// An object, because its many references would else be counted again in every block.
final class PassRows {
    let tokens: Tensor  // (N) int32
    let positions: Tensor  // (N) int32
    let residual: Tensor  // (N, C)
    let atty: Tensor  // (N, C)
    /// Nil when no next token is predicted.
    let predicted: Predicted?

    /// The rows whose next token is predicted, and what the last block computes for them alone.
    struct Predicted {
        let rows: Tensor  // (P) int32
        let residual: Tensor  // (P, C)
        let atty: Tensor  // (P, C)
        let logits: Tensor  // (P, V)
    }

    private init(_ set: TensorSet, predictedCount: Int) {
        tokens = set["tokens"]
        positions = set["positions"]
        residual = set["residual"]
        atty = set["atty"]
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

    /// Makes it, and a model's own tensors beside it in one block of memory.
    /// - Throws: ``TensorError/outOfMemory(byteCount:)``.
    static func allocate(
        rowCount N: Int,
        predictedCount P: Int,
        channels C: Int,
        vocabularySize V: Int,
        beside others: [TensorSpecification],
        ops: Ops
    ) throws -> (rows: PassRows, all: TensorSet) {
        let layout = TensorLayout(
            [
                TensorSpecification("tokens", [N], elementType: .int32),
                TensorSpecification("positions", [N], elementType: .int32),
                TensorSpecification("residual", [N, C]),
                TensorSpecification("atty", [N, C]),
                TensorSpecification("predictedRows", [P], elementType: .int32),
                TensorSpecification("predictedResidual", [P, C]),
                TensorSpecification("predictedAtty", [P, C]),
                TensorSpecification("logits", [P, V]),
            ] + others,
            alignment: 64
        )
        let set = try ops.allocate(layout)
        return (PassRows(set, predictedCount: P), set)
    }
}

/// A stack of blocks of attention and a feed-forward network, between embeddings and a classifier.
protocol BlockDecoder: CachedTransformer {
    /// L: at least one.
    var blockCount: Int { get }

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
    /// ``CachedTransformer/decode(_:cache:workspace:)``, of which only keys and values of the last
    /// block are computed for rows whose next token is not asked for.
    func decodeBlocks(_ chunk: TokenChunk, _ cache: KVCache, _ workspace: Workspace) -> Tensor? {
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
}
