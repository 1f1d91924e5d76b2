// Conversion of tensors from one element type to another.

import CKernels

extension Ops {
    /// Floats in a piece of a tensor during conversion, so that models larger than half the memory
    /// can be converted.
    private static let pieceFloats = 1 << 20

    /// Stores float32 weights in the type of a matrix, in all or some of its rows.
    ///
    /// bfloat16 and float16 are rounded to nearest, ties to even; the block formats are those of
    /// ggml's reference, to the bit.
    /// - Parameters:
    ///   - source: `(n, C)` float32.
    ///   - matrix: `(rows, C)`, in any of ``ElementType/weightTypes``; rows `firstRow ..< firstRow
    ///     + n` are overwritten.
    ///   - firstRow: The first row to overwrite, so that a large matrix can be stored piece by
    ///     piece.
    package func store(_ source: Tensor, in matrix: Tensor, firstRow: Int = 0) {
        let (n, C) = Self.sizes2(source, "source")
        let (rows, columns) = Self.sizes2(matrix, as: .weights, "matrix")
        precondition(
            columns == C && firstRow >= 0 && firstRow + n <= rows,
            "\(source.shape) weights from row \(firstRow) of a matrix \(matrix.shape)"
        )
        let part = matrix[firstRow..<firstRow + n]
        part.requireWritable()
        run {
            table.quantize(
                $0,
                part.elementType.kernelType,
                part.values,
                part.scales,
                source.floatPointer,
                n,
                C
            )
        }
        keepAlive(source, part)
    }

    /// Rounds float32 elements to int8 in groups that share a scale, as llama2.c stores them: the
    /// largest magnitude of a group becomes 127.
    ///
    /// A group of zeros has the scale 0, and one with NaN the scale NaN.
    /// - Parameters:
    ///   - source: float32 elements, a whole number of groups.
    ///   - groupSize: Elements of a group.
    /// - Returns: The values, and a scale for each group.
    package func quantizedGroups(
        of source: Tensor,
        groupSize: Int
    ) -> (values: [Int8], scales: [Float]) {
        precondition(
            source.elementType == .float32 && groupSize > 0 && source.count % groupSize == 0,
            "\(source.elementType) \(source.shape) in groups of \(groupSize)"
        )
        let count = source.count / groupSize
        var scales: [Float] = []
        let values = [Int8](unsafeUninitializedCapacity: source.count) { values, filled in
            scales = [Float](unsafeUninitializedCapacity: count) { scales, filled in
                run {
                    table.quantize_groups(
                        $0,
                        values.baseAddress,
                        scales.baseAddress,
                        source.floatPointer,
                        count,
                        groupSize
                    )
                }
                filled = count
            }
            filled = source.count
        }
        keepAlive(source)
        return (values, scales)
    }

    /// The tensor in another type, or itself when it already has that type.
    ///
    /// - Parameters:
    ///   - tensor: The elements, in any of ``ElementType/weightTypes``.
    ///   - type: The new type; see ``store(_:in:firstRow:)`` for the rounding.
    ///   - arena: Where to allocate a new tensor, if not in memory of its own.
    /// - Returns: The elements in `type`.
    /// - Throws: As ``copy(_:as:in:)``.
    package func convert(
        _ tensor: Tensor,
        to type: ElementType,
        in arena: WeightArena? = nil
    ) throws -> Tensor {
        try tensor.elementType == type ? tensor : copy(tensor, as: type, in: arena)
    }

    /// A new tensor with the same elements, in another type or, bit for bit, the same one.
    /// - Parameters: As for ``convert(_:to:in:)``.
    /// - Returns: The elements in `type`, in memory that nothing else uses.
    /// - Throws: ``TensorError/outOfMemory(byteCount:)``; what ``Storage/requireIntact()`` throws
    ///   for the memory that was read.
    package func copy(
        _ tensor: Tensor,
        as type: ElementType,
        in arena: WeightArena? = nil
    ) throws -> Tensor {
        let result = try Tensor(zeros: tensor.shape, elementType: type, in: arena)
        try copy(tensor, into: result)
        return result
    }

    /// Overwrites a tensor with the elements of one of the same shape and any type.
    /// - Throws: As ``copy(_:as:in:)``; the tensor then holds a mix of both.
    package func copy(_ tensor: Tensor, into result: Tensor) throws {
        precondition(
            tensor.shape == result.shape,
            "a tensor \(tensor.shape) copied into one \(result.shape)"
        )
        result.requireWritable()
        let type = result.elementType
        if tensor.count == 0 { return }
        let (rows, columns) = (tensor.rows, tensor.columns)
        let source = tensor.reshaped([rows, columns])
        let destination = result.reshaped([rows, columns])
        let pieceRows = min(max(1, Self.pieceFloats / columns), rows)
        // Only needed between two types that are both not float32.
        let piece =
            [.float32, type].contains(tensor.elementType) || type == .float32
            ? nil : try Tensor(zeros: [pieceRows, columns])
        for first in stride(from: 0, to: rows, by: pieceRows) {
            let range = first..<min(first + pieceRows, rows)
            let part = source[range]
            if tensor.elementType == type {
                copy(part, to: destination[range])
            } else if tensor.elementType == .float32 {
                store(part, in: destination, firstRow: first)
            } else {
                let floats = piece.map { $0[0..<range.count] } ?? destination[range]
                let indices = range.map { Int32($0) }
                let all = try Tensor(indices, shape: [indices.count])
                lookUp(out: floats, weight: source, rows: all)
                if piece != nil { store(floats, in: destination, firstRow: first) }
            }
            // Otherwise a file's pages would take memory alongside the copy.
            part.releasePages()
        }
        try tensor.requireIntact()
    }
}
