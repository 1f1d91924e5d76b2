// Tensors on their way into files, in any type that weights are stored in. A piece at a time: a
// tensor need not fit into memory twice.

import FileIO
import Tensors

extension AtomicFile {
    /// Elements of a piece.
    private static let pieceCount = 1 << 20

    /// Appends the elements of a tensor.
    /// - Parameters:
    ///   - tensor: In any of `ElementType.weightTypes`.
    ///   - type: How to store them: float32, float16, bfloat16, or blocks but q6_K, of which rows
    ///     must be whole ones. What has another type is converted; see
    ///     `Ops.store(_:in:firstRow:)`.
    ///   - ops: What converts.
    /// - Throws: `FileIOError` when the disk is full or fails, or when the file of the tensor has
    ///   lost some of it; `TensorError` when memory is short.
    package func write(_ tensor: Tensor, storedAs type: StoredType, ops: Ops) throws {
        guard let weightType = type.weightType, type != .float64, type != .q6_K else {
            preconditionFailure("weights are not written as \(type)")
        }
        guard tensor.count > 0 else { return }
        let (rows, columns) = (tensor.rows, tensor.columns)
        precondition(columns % type.blockSize == 0, "rows of \(columns) as \(type)")
        let matrix = tensor.reshaped([rows, columns])
        let pieceRows = min(max(1, Self.pieceCount / columns), rows)
        for first in stride(from: 0, to: rows, by: pieceRows) {
            let part = matrix[first..<min(first + pieceRows, rows)]
            let converted = try ops.convert(part, to: weightType)
            if type.isBlocked {
                try write(converted.fileBlocks())
            } else {
                try converted.withUnsafeBytes { values, _ in try write(values) }
            }
            // Else a file would take memory beside the one that is written.
            part.releasePages()
        }
        try tensor.requireIntact()
    }
}
