// One tensor of a file, where it lies. Its bytes are looked at when they are asked for, and not
// before: opening a model of many gigabytes reads next to nothing.

import FileIO
import Tensors

/// A named, dense, row-major tensor in a mapped file.
public struct StoredTensor: Sendable {
    /// Its name in the file, such as `model.norm.weight`.
    public let name: String
    /// The type of its elements.
    public let storedType: StoredType
    /// The extent of each axis, outermost first; empty for a single number.
    public let shape: [Int]
    /// The file, which the tensor keeps mapped.
    public let file: MappedFile
    /// Where its elements are in the file, little-endian and at any alignment.
    public let byteRange: Range<Int>

    /// The number of elements.
    public var count: Int { byteRange.count / storedType.blockBytes * storedType.blockSize }

    /// Names a part of a file, whose size must be that of the shape.
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
    public func withUnsafeBytes<Result>(
        _ body: (UnsafeRawBufferPointer) throws -> Result
    ) rethrows -> Result {
        try file.withUnsafeBytes { try body(UnsafeRawBufferPointer(rebasing: $0[byteRange])) }
    }

    /// The same, and checks afterwards that the bytes were the file's.
    /// - Throws: As ``MappedFile/withIntactBytes(_:)``.
    public func withIntactBytes<Result>(
        _ body: (UnsafeRawBufferPointer) throws -> Result
    ) throws -> Result {
        try file.withIntactBytes { try body(UnsafeRawBufferPointer(rebasing: $0[byteRange])) }
    }

    /// Converts the elements to float32.
    /// - Parameter tensor: A float32 tensor of as many elements, in any shape.
    /// - Throws: ``TensorFileError/unsupported(path:reason:hint:)`` when they are no floats, or
    ///   floats of eight bits; `FileIOError` when the file has lost some of them.
    public func read(into tensor: Tensor) throws {
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
                hint: "weights are to be float32, float16, bfloat16, float64, q8_0, q4_0, q4_1 or "
                    + "q6_K"
            )
        }
    }
}
