// A shaped view of memory. Arithmetic is in Ops; this knows only where the elements are.

/// A dense, row-major array of numbers inside a ``TensorBuffer``, which it keeps alive.
///
/// Copying a tensor copies the view: both see the same elements.
public struct Tensor {
    /// The extent of each axis, outermost first.
    public let shape: [Int]
    /// The type of the elements.
    public let dtype: DType
    let buffer: TensorBuffer
    let byteOffset: Int

    /// The number of elements.
    public var count: Int { shape.reduce(1, *) }

    /// A view of `buffer` from `byteOffset` on, which must be a multiple of an element's width.
    public init(_ buffer: TensorBuffer, byteOffset: Int = 0, shape: [Int], dtype: DType = .float32)
    {
        self.buffer = buffer
        self.byteOffset = byteOffset
        self.shape = shape
        self.dtype = dtype
        let end = byteOffset + shape.reduce(1, *) * dtype.byteWidth
        precondition(
            byteOffset >= 0 && byteOffset % dtype.byteWidth == 0 && end <= buffer.byteCount,
            "a tensor of shape \(shape) at byte \(byteOffset) in a buffer of \(buffer.byteCount)"
        )
    }

    /// A new tensor of zeros.
    /// - Throws: ``TensorError/outOfMemory(byteCount:)``.
    public init(zeros shape: [Int], dtype: DType = .float32) throws {
        let byteCount = shape.reduce(1, *) * dtype.byteWidth
        self.init(try TensorBuffer(byteCount: byteCount), shape: shape, dtype: dtype)
    }

    /// A new float32 tensor with these elements.
    public init(_ elements: [Float], shape: [Int]) throws {
        try self.init(zeros: shape)
        precondition(count == elements.count, "\(elements.count) elements for shape \(shape)")
        withUnsafeMutableElements(as: Float.self) { _ = $0.update(fromContentsOf: elements) }
    }

    /// A new int32 tensor with these elements, such as token ids.
    public init(_ elements: [Int32], shape: [Int]) throws {
        try self.init(zeros: shape, dtype: .int32)
        precondition(count == elements.count, "\(elements.count) elements for shape \(shape)")
        withUnsafeMutableElements(as: Int32.self) { _ = $0.update(fromContentsOf: elements) }
    }

    /// The part of the first axis at `index`, one axis fewer.
    public subscript(index: Int) -> Tensor {
        precondition(
            !shape.isEmpty && index >= 0 && index < shape[0],
            "index \(index) of a tensor of shape \(shape)"
        )
        return slice(index, shape: Array(shape.dropFirst()))
    }

    /// The part `range` of the first axis, with as many axes.
    public subscript(range: Range<Int>) -> Tensor {
        precondition(
            !shape.isEmpty && range.lowerBound >= 0 && range.upperBound <= shape[0],
            "range \(range) of a tensor of shape \(shape)"
        )
        return slice(range.lowerBound, shape: [range.count] + shape.dropFirst())
    }

    /// The same elements in another shape of the same count.
    public func reshaped(_ shape: [Int]) -> Tensor {
        precondition(shape.reduce(1, *) == count, "a tensor of \(self.shape) as \(shape)")
        return Tensor(buffer, byteOffset: byteOffset, shape: shape, dtype: dtype)
    }

    private func slice(_ first: Int, shape newShape: [Int]) -> Tensor {
        let rowBytes = shape.dropFirst().reduce(1, *) * dtype.byteWidth
        return Tensor(
            buffer,
            byteOffset: byteOffset + first * rowBytes,
            shape: newShape,
            dtype: dtype
        )
    }

    /// Calls `body` with the elements, which it must not keep.
    public func withUnsafeMutableElements<Element: BitwiseCopyable, Result>(
        as type: Element.Type = Element.self,
        _ body: (UnsafeMutableBufferPointer<Element>) throws -> Result
    ) rethrows -> Result {
        precondition(
            MemoryLayout<Element>.size == dtype.byteWidth,
            "elements of \(dtype) read as \(type)"
        )
        // The buffer must outlive the call, even when this view was its last reference.
        return try withExtendedLifetime(buffer) {
            try body(UnsafeMutableBufferPointer(start: pointer(to: type), count: count))
        }
    }

    /// A copy of the elements of a float32 tensor.
    public func floats() -> [Float] {
        withUnsafeMutableElements(as: Float.self) { Array($0) }
    }

    /// Sets every byte to zero.
    public func zero() {
        let byteCount = count * dtype.byteWidth
        withExtendedLifetime(buffer) {
            _ = (buffer.start + byteOffset).initializeMemory(
                as: UInt8.self,
                repeating: 0,
                count: byteCount
            )
        }
    }

    /// Overwrites the elements with those of a tensor of the same shape and type.
    public func copy(from source: Tensor) {
        precondition(
            source.shape == shape && source.dtype == dtype,
            "\(source.dtype) \(source.shape) copied to \(dtype) \(shape)"
        )
        withExtendedLifetime((buffer, source.buffer)) {
            rawPointer.copyMemory(from: source.rawPointer, byteCount: count * dtype.byteWidth)
        }
    }

    /// Overwrites the elements of an int32 tensor.
    public func copy(from source: [Int32]) {
        precondition(source.count == count, "\(source.count) elements for shape \(shape)")
        withUnsafeMutableElements(as: Int32.self) { _ = $0.update(fromContentsOf: source) }
    }

    /// Where the elements are, only for calls that keep `self` alive until they return.
    var rawPointer: UnsafeMutableRawPointer { buffer.start + byteOffset }

    /// The same, typed.
    func pointer<Element: BitwiseCopyable>(to type: Element.Type) -> UnsafeMutablePointer<Element> {
        // The buffer starts at a page and every offset is a multiple of the element's width.
        rawPointer.assumingMemoryBound(to: type)
    }
}

// Views of one buffer do not know of each other.
@available(*, unavailable) extension Tensor: Sendable {}
