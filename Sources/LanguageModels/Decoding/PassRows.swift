// The memory of a pass that does not depend on what the blocks compute.

import Tensors

/// Memory that a pass needs whatever the blocks compute.
///
/// An object, because its many references would else be counted again in every block.
final class PassRows {
    let tokens: Tensor  // (N) int32
    let positions: Tensor  // (N) int32
    let residual: Tensor  // (N, C)
    let atty: Tensor  // (N, NH * HS)
    /// Nil when no next token is predicted.
    let predicted: Predicted?

    /// The rows whose next token is predicted, and what the last block computes for them alone.
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
        attentionChannels A: Int,
        vocabularySize V: Int,
        beside others: [TensorSpecification],
        ops: Ops
    ) throws -> (rows: PassRows, all: TensorSet) {
        let layout = TensorLayout(
            [
                TensorSpecification("tokens", [N], elementType: .int32),
                TensorSpecification("positions", [N], elementType: .int32),
                TensorSpecification("residual", [N, C]),
                TensorSpecification("atty", [N, A]),
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
