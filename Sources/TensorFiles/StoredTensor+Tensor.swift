// A tensor of a file as operations take it: on the file's own pages where that is possible.

import FileIO
import Tensors

extension StoredTensor {
    /// The tensor for operations that read it.
    ///
    /// float32, bfloat16 and float16 stay where they are, if they are aligned, and are copied else.
    /// GGUF's blocks become planes in memory: the same numbers, but for q6_K, which is rounded to
    /// q8_0. All else becomes float32 in memory.
    /// - Parameter arena: Where to make what is made, if not in memory of its own.
    /// - Returns: The tensor, which keeps the file mapped where it is on its pages.
    /// - Throws: ``TensorFileError/unsupported(path:reason:hint:)`` when the elements are no
    ///   floats, `FileIOError` when the file has lost some of them, or `TensorError` when memory is
    ///   short.
    public func tensor(in arena: WeightArena? = nil) throws -> Tensor {
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

    /// The elements as float32, in memory of their own or in a part of `arena`.
    /// - Throws: What ``read(into:)`` throws, or `TensorError` when memory is short.
    public func floats(in arena: WeightArena? = nil) throws -> Tensor {
        let tensor = try Tensor(zeros: shape, in: arena)
        try read(into: tensor)
        return tensor
    }

    /// The first rows of a tensor of two axes, or all where there are no more.
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
        // Else the file would take memory beside what was made of it.
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
