// Weight matrices from one stored format to another.

extension Ops {
    /// Floats that a piece of a matrix takes while it is converted, so that a model larger than
    /// half the memory can be.
    private static let pieceFloats = 1 << 20

    /// The matrix in another format: itself when it is in that one already.
    ///
    /// - Parameters:
    ///   - matrix: The weights.
    ///   - format: How to store them; see ``store(_:in:firstRow:)`` for the rounding.
    ///   - arena: Where to make a new matrix, if not in memory of its own.
    /// - Returns: The weights in `format`.
    /// - Throws: ``TensorError/outOfMemory(byteCount:)``; what ``WeightStorage/requireIntact()``
    ///   throws of those that were converted.
    public func convert(
        _ matrix: WeightMatrix,
        to format: WeightFormat,
        in arena: WeightArena? = nil
    ) throws -> WeightMatrix {
        if matrix.format == format { return matrix }
        let (rows, columns) = (matrix.rows, matrix.columns)
        let result = try WeightMatrix(zeros: format, rows: rows, columns: columns, in: arena)
        let pieceRows = min(max(1, Self.pieceFloats / columns), rows)
        let piece = try Tensor(zeros: [pieceRows, columns])
        for first in stride(from: 0, to: rows, by: pieceRows) {
            let some = piece[0..<min(pieceRows, rows - first)]
            try copy(matrix, firstRow: first, to: some)
            store(some, in: result, firstRow: first)
            // Else a file would take memory beside what was made of it.
            matrix[first..<first + some.shape[0]].releasePages()
        }
        try matrix.requireIntact()
        return result
    }

    /// The weights as float32, `(rows, columns)`, in memory of their own.
    /// - Throws: ``TensorError/outOfMemory(byteCount:)``; what ``WeightStorage/requireIntact()``
    ///   throws.
    public func floats(_ matrix: WeightMatrix) throws -> Tensor {
        let tensor = try Tensor(zeros: [matrix.rows, matrix.columns])
        try copy(matrix, firstRow: 0, to: tensor)
        try matrix.requireIntact()
        return tensor
    }

    private func copy(_ matrix: WeightMatrix, firstRow: Int, to tensor: Tensor) throws {
        let indices = (0..<tensor.shape[0]).map { Int32(firstRow + $0) }
        lookUp(out: tensor, weight: matrix, rows: try Tensor(indices, shape: [indices.count]))
    }
}
