// Creates tensors and accesses their elements.

extension Tensor {
    /// A new tensor of zeros, in memory of its own or in a part of `arena`.
    /// - Throws: ``TensorError/outOfMemory(byteCount:)``.
    package init(
        zeros shape: [Int],
        elementType: ElementType = .float32,
        in arena: WeightArena? = nil
    ) throws {
        let (rows, columns) = (Self.rows(of: shape), Self.columns(of: shape))
        // Scales start at a cache line, like values.
        let valueBytes = rows * elementType.valueBytes(columns: columns)
        let scaleBytes = rows * elementType.scaleBytes(columns: columns)
        let scalesOffset = scaleBytes == 0 ? valueBytes : (valueBytes + 63) / 64 * 64
        let byteCount = scalesOffset + scaleBytes
        let (buffer, offset) =
            try arena?.reserve(byteCount: byteCount) ?? (TensorBuffer(byteCount: byteCount), 0)
        self.init(
            buffer,
            byteOffset: offset,
            scalesOffset: offset + scalesOffset,
            shape: shape,
            elementType: elementType
        )
    }

    /// A new float32 tensor with these elements.
    /// - Throws: ``TensorError/outOfMemory(byteCount:)``.
    package init(_ elements: [Float], shape: [Int]) throws {
        try self.init(zeros: shape)
        precondition(count == elements.count, "\(elements.count) elements for shape \(shape)")
        withUnsafeMutableElements(as: Float.self) { _ = $0.update(fromContentsOf: elements) }
    }

    /// A new int32 tensor with these elements, such as token ids.
    /// - Throws: ``TensorError/outOfMemory(byteCount:)``.
    package init(_ elements: [Int32], shape: [Int]) throws {
        try self.init(zeros: shape, elementType: .int32)
        precondition(count == elements.count, "\(elements.count) elements for shape \(shape)")
        withUnsafeMutableElements(as: Int32.self) { _ = $0.update(fromContentsOf: elements) }
    }

    /// Calls `body` with the elements, which it must not keep; not for block formats.
    package func withUnsafeElements<Element: BitwiseCopyable, Result>(
        as type: Element.Type = Element.self,
        _ body: (UnsafeBufferPointer<Element>) throws -> Result
    ) rethrows -> Result {
        // The memory must outlive the call, even when this view was its last reference.
        try withExtendedLifetime(memory) {
            try body(UnsafeBufferPointer(start: pointer(to: type), count: count))
        }
    }

    /// Calls `body` with the elements of a writable tensor, which it must not keep; not for block
    /// formats.
    package func withUnsafeMutableElements<Element: BitwiseCopyable, Result>(
        as type: Element.Type = Element.self,
        _ body: (UnsafeMutableBufferPointer<Element>) throws -> Result
    ) rethrows -> Result {
        requireWritable()
        return try withExtendedLifetime(memory) {
            try body(UnsafeMutableBufferPointer(start: pointer(to: type), count: count))
        }
    }

    /// Calls `body` with the bytes of both planes; scales are empty where there are none.
    package func withUnsafeBytes<Result>(
        _ body: (
            _ values: UnsafeRawBufferPointer,
            _ scales: UnsafeRawBufferPointer
        ) throws -> Result
    ) rethrows -> Result {
        let (rows, columns) = (rows, columns)
        return try withExtendedLifetime(memory) {
            try body(
                UnsafeRawBufferPointer(
                    start: values,
                    count: rows * elementType.valueBytes(columns: columns)
                ),
                UnsafeRawBufferPointer(
                    start: scales,
                    count: rows * elementType.scaleBytes(columns: columns)
                )
            )
        }
    }

    /// A copy of the elements of a float32 tensor.
    package func floats() -> [Float] {
        precondition(elementType == .float32, "elements of \(elementType) read as floats")
        return withUnsafeElements(as: Float.self) { Array($0) }
    }

    /// Sets every byte of a writable tensor to zero.
    package func zero() {
        requireWritable()
        withUnsafeBytes { values, scales in
            for plane in [values, scales] {
                UnsafeMutableRawBufferPointer(mutating: plane)
                    .initializeMemory(as: UInt8.self, repeating: 0)
            }
        }
    }

    /// Overwrites the elements of a writable tensor with those of one of the same shape and type.
    package func copy(from source: Tensor) {
        precondition(
            source.shape == shape && source.elementType == elementType,
            "\(source.elementType) \(source.shape) copied to \(elementType) \(shape)"
        )
        requireWritable()
        source.withUnsafeBytes { newValues, newScales in
            withExtendedLifetime(memory) {
                UnsafeMutableRawBufferPointer(start: values, count: newValues.count)
                    .copyMemory(from: newValues)
                UnsafeMutableRawBufferPointer(start: scales, count: newScales.count)
                    .copyMemory(from: newScales)
            }
        }
    }

    /// Where the elements are, typed.
    private func pointer<Element: BitwiseCopyable>(
        to type: Element.Type
    ) -> UnsafeMutablePointer<Element> {
        precondition(
            MemoryLayout<Element>.size == elementType.byteWidth,
            "elements of \(elementType) read as \(type)"
        )
        // A plane is aligned to the width of its elements.
        return values.assumingMemoryBound(to: type)
    }
}
