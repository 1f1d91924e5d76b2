// One tensor in a file. Its bytes are read on request and not before: opening a model of many
// gigabytes reads next to nothing. Operations use it on the file's own pages if possible.

import FileIO
import Tensors

/// A named, dense, row-major tensor in a mapped file.
package struct StoredTensor: Sendable {
    /// Its name in the file, such as `model.norm.weight`.
    package let name: String
    /// The type of its elements.
    package let storedType: StoredType
    /// The extent of each axis, outermost first; empty for a single number.
    package let shape: [Int]
    /// The file, which the tensor keeps mapped.
    package let file: MappedFile
    /// Where its elements are in the file, little-endian and at any alignment.
    package let byteRange: Range<Int>

    /// The number of elements.
    package var count: Int { byteRange.count / storedType.blockBytes * storedType.blockSize }

    /// Names a part of a file, which must have the size of the shape.
    package init(
        name: String,
        storedType: StoredType,
        shape: [Int],
        file: MappedFile,
        byteRange: Range<Int>
    ) {
        precondition(
            storedType.byteCount(of: shape) == byteRange.count
                && byteRange.lowerBound >= 0 && byteRange.upperBound <= file.count,
            "\(byteRange.count) bytes for a tensor of \(storedType) and shape \(shape)"
        )
        self.name = name
        self.storedType = storedType
        self.shape = shape
        self.file = file
        self.byteRange = byteRange
    }

    /// Calls `body` with the bytes of the elements, which it must not keep.
    package func withUnsafeBytes<Result>(
        _ body: (UnsafeRawBufferPointer) throws -> Result
    ) rethrows -> Result {
        try file.withUnsafeBytes { try body(UnsafeRawBufferPointer(rebasing: $0[byteRange])) }
    }

    /// The same, and checks afterwards that the bytes were in the file.
    /// - Throws: As ``MappedFile/withIntactBytes(_:)``.
    package func withIntactBytes<Result>(
        _ body: (UnsafeRawBufferPointer) throws -> Result
    ) throws -> Result {
        try file.withIntactBytes { try body(UnsafeRawBufferPointer(rebasing: $0[byteRange])) }
    }

    /// Converts the elements to float32.
    /// - Parameter tensor: A float32 tensor of as many elements, in any shape.
    /// - Throws: ``TensorFileError/unsupported(path:reason:hint:)`` when they are not floats, or
    ///   eight-bit floats; `FileIOError` when the file has lost some of them.
    package func read(into tensor: Tensor) throws {
        precondition(
            tensor.elementType == .float32 && tensor.count == count,
            "'\(name)' of shape \(shape) read into \(tensor.elementType) of shape \(tensor.shape)"
        )
        let isRead = try withIntactBytes { bytes in
            tensor.withUnsafeMutableElements(as: Float.self) { elements in
                elements.convert(bytes, storedAs: storedType)
            }
        }
        guard isRead else {
            throw TensorFileError.unsupported(
                path: file.path,
                reason: "tensor '\(name)' has elements of type \(storedType)",
                hint: "weights must be float32, float16, bfloat16, float64, q8_0, q4_0, q4_1 or "
                    + "q6_K"
            )
        }
    }
}

extension StoredTensor {
    /// The tensor for operations that read it.
    ///
    /// float32, bfloat16 and float16 stay in the file if they are aligned there, and are copied
    /// otherwise. GGUF's blocks become planes in memory with the same numbers, except that q6_K is
    /// rounded to q8_0. Everything else becomes float32 in memory.
    /// - Parameter arena: Where to allocate copies, if not in memory of their own.
    /// - Returns: The tensor, which keeps the file mapped if it uses its pages.
    /// - Throws: ``TensorFileError/unsupported(path:reason:hint:)`` when the elements are not
    ///   floats, `FileIOError` when the file has lost some of them, or `TensorError` when memory is
    ///   short.
    package func tensor(in arena: WeightArena? = nil) throws -> Tensor {
        if storedType.isBlocked, count > 0 { return try planes(in: arena) }
        guard let elementType = storedType.elementType, elementType != .int32, count > 0 else {
            return try floats(in: arena)
        }
        // The mapping itself begins at a page.
        guard byteRange.lowerBound % elementType.byteWidth == 0 else {
            return try copy(as: elementType, in: arena)
        }
        return Tensor(
            file,
            byteOffset: byteRange.lowerBound,
            shape: shape,
            elementType: elementType
        )
    }

    /// The elements as float32, in memory of their own or in part of `arena`.
    /// - Throws: What ``read(into:)`` throws, or `TensorError` when memory is short.
    package func floats(in arena: WeightArena? = nil) throws -> Tensor {
        let tensor = try Tensor(zeros: shape, in: arena)
        try read(into: tensor)
        return tensor
    }

    /// The first rows of a tensor of two axes, or all of them if there are fewer.
    package func firstRows(_ count: Int) -> StoredTensor {
        let rows = min(count, shape.first ?? 0)
        let byteCount = shape.isEmpty ? 0 : byteRange.count / max(1, shape[0]) * rows
        return StoredTensor(
            name: name,
            storedType: storedType,
            shape: [rows] + shape.dropFirst(),
            file: file,
            byteRange: byteRange.lowerBound..<byteRange.lowerBound + byteCount
        )
    }

    /// Blocks with their values in one plane and their scales in another.
    private func planes(in arena: WeightArena?) throws -> Tensor {
        let tensor = try Tensor(
            zeros: shape,
            elementType: storedType.weightType ?? .float32,
            in: arena
        )
        try withIntactBytes { bytes in
            if storedType == .q6_K {
                tensor.fill(fromQ6KBlocks: bytes)
            } else {
                tensor.fill(fromBlocks: bytes)
            }
        }
        // Otherwise the file's pages would take memory alongside the copy.
        file.releasePages(byteRange)
        return tensor
    }

    /// The elements as they are, in memory.
    private func copy(as elementType: ElementType, in arena: WeightArena?) throws -> Tensor {
        let tensor = try Tensor(zeros: shape, elementType: elementType, in: arena)
        try withIntactBytes { bytes in
            tensor.withUnsafeBytes { values, _ in
                UnsafeMutableRawBufferPointer(mutating: values).copyMemory(from: bytes)
            }
        }
        return tensor
    }
}

/// A tensor that a file will hold.
package struct TensorDescription: Sendable, Equatable {
    /// Its name, which must be unique in the file.
    package let name: String
    /// The extent of each axis, outermost first.
    package let shape: [Int]
    /// The type of its elements in the file.
    package let storedType: StoredType

    /// Describes a tensor.
    package init(name: String, shape: [Int], storedType: StoredType) {
        self.name = name
        self.shape = shape
        self.storedType = storedType
    }

    /// Bytes of its elements.
    /// - Precondition: Its rows are whole blocks of its type.
    package var byteCount: Int {
        guard let count = storedType.byteCount(of: shape) else {
            preconditionFailure("'\(name)' of shape \(shape) as \(storedType)")
        }
        return count
    }
}
