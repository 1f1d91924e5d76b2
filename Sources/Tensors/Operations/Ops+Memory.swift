// Allocates, writes and reads the memory of tensors. Models go through these functions for
// everything they compute with, so that a backend may keep it where only it can reach. Weights as
// files hold them are read and assembled in this process's memory, with the initializers and
// methods of Tensor; Ops+Conversion.swift turns them into what is computed with.

extension Ops {
    /// A new tensor of zeros, in memory of its own or in part of `arena`.
    /// - Throws: ``TensorError/outOfMemory(byteCount:)``.
    package func tensor(
        _ shape: [Int],
        elementType: ElementType = .float32,
        in arena: WeightArena? = nil
    ) throws -> Tensor {
        try Tensor(zeros: shape, elementType: elementType, in: arena)
    }

    /// A new int32 tensor with these elements, such as token ids.
    /// - Throws: ``TensorError/outOfMemory(byteCount:)``.
    package func tensor(_ elements: [Int32], shape: [Int]) throws -> Tensor {
        try Tensor(elements, shape: shape)
    }

    /// One zeroed block of memory with a view of it for each tensor of a layout, in order.
    /// - Throws: ``TensorError/outOfMemory(byteCount:)``.
    package func allocate(_ layout: TensorLayout) throws -> TensorSet {
        try layout.allocate()
    }

    /// Overwrites the elements of an int32 tensor, such as the tokens of a batch.
    /// - Precondition: There are as many elements as the tensor has.
    package func write(_ elements: some Collection<Int32>, to tensor: Tensor) {
        precondition(
            elements.count == tensor.count,
            "\(elements.count) elements for shape \(tensor.shape)"
        )
        tensor.withUnsafeMutableElements(as: Int32.self) { _ = $0.update(fromContentsOf: elements) }
    }

    /// Calls `body` to overwrite the elements of a float32 tensor.
    package func fill(
        _ tensor: Tensor,
        _ body: (_ elements: inout MutableSpan<Float>) throws -> Void
    ) rethrows {
        try tensor.withUnsafeMutableElements(as: Float.self) { elements in
            var span = elements.mutableSpan
            try body(&span)
        }
    }

    /// A copy of the elements of a float32 tensor.
    package func floats(_ tensor: Tensor) -> [Float] { tensor.floats() }

    /// Copies the elements of a float32 tensor to `floats`, the first of them to index `first`.
    /// - Precondition: They fit.
    package func read(_ tensor: Tensor, into floats: inout MutableSpan<Float>, at first: Int = 0) {
        precondition(
            first >= 0 && tensor.count <= floats.count - first,
            "\(tensor.count) elements at \(first) of \(floats.count)"
        )
        floats.withUnsafeMutableBufferPointer { all in
            tensor.withUnsafeElements(as: Float.self) { elements in
                _ = UnsafeMutableBufferPointer(rebasing: all[first..<first + elements.count])
                    .update(fromContentsOf: elements)
            }
        }
    }

    /// Sets every element to zero.
    package func zero(_ tensor: Tensor) { tensor.zero() }

    /// Overwrites the elements of `tensor` with those of one of the same shape and type.
    package func copy(_ source: Tensor, to tensor: Tensor) { tensor.copy(from: source) }
}
