// Where named tensors are in one buffer. Allocation, files, the optimizer and documentation all
// read this one description, so none of them can drift from the others.

/// A named tensor before it has memory.
package struct TensorSpecification: Sendable, Equatable {
    /// A name unique in its layout, such as `qkvw`.
    package let name: String
    /// The extent of each axis, outermost first.
    package let shape: [Int]
    /// The type of the elements, not a block format.
    package let elementType: ElementType
    /// Whether the optimizer applies weight decay.
    package let decays: Bool
    /// An earlier tensor of the layout whose memory this one shares, because they are never needed
    /// at the same time; nil for memory of its own.
    package let sharedWith: String?

    /// The number of elements.
    package var count: Int { shape.reduce(1, *) }

    /// Describes a tensor; only weights that an optimizer knows set `decays`.
    package init(
        _ name: String,
        _ shape: [Int],
        elementType: ElementType = .float32,
        decays: Bool = false,
        sharedWith: String? = nil
    ) {
        self.name = name
        self.shape = shape
        self.elementType = elementType
        self.decays = decays
        self.sharedWith = sharedWith
    }

    /// Bytes of the elements.
    var byteCount: Int { count * elementType.byteWidth }
}

/// An ordered list of tensors and the place of each in one buffer.
package struct TensorLayout: Sendable, Equatable {
    /// The tensors in memory order.
    package let specifications: [TensorSpecification]
    /// The first byte of each tensor.
    package let byteOffsets: [Int]
    /// Bytes of a buffer that holds all tensors.
    package let byteCount: Int

    /// The number of elements in all tensors together.
    package var elementCount: Int { specifications.reduce(0) { $0 + $1.count } }

    /// Places tensors one after the other, except for those that share memory.
    /// - Parameters:
    ///   - specifications: The tensors, in order.
    ///   - alignment: Each tensor starts at a multiple of this many bytes: 1 packs them without
    ///     gaps, as files and the optimizer want parameters; 64, a cache line, is for working
    ///     memory. A power of two.
    package init(_ specifications: [TensorSpecification], alignment: Int = 1) {
        precondition(alignment > 0 && alignment & (alignment - 1) == 0, "alignment \(alignment)")
        var offsets: [Int] = []
        var offsetsByName: [String: Int] = [:]
        var end = 0
        // The most bytes of all tensors that share one tensor's memory.
        var sharedByteCounts: [String: Int] = [:]
        for specification in specifications {
            guard let owner = specification.sharedWith else { continue }
            sharedByteCounts[owner] = max(sharedByteCounts[owner] ?? 0, specification.byteCount)
        }
        for specification in specifications {
            let name = specification.name
            if let owner = specification.sharedWith {
                guard let offset = offsetsByName[owner] else {
                    preconditionFailure("'\(name)' shares memory with '\(owner)', which is unknown")
                }
                offsets.append(offset)
                continue
            }
            // Even packed tensors must be aligned to their own elements.
            let step = max(alignment, specification.elementType.byteWidth)
            end = (end + step - 1) / step * step
            offsets.append(end)
            offsetsByName[name] = end
            end += max(specification.byteCount, sharedByteCounts[name] ?? 0)
        }
        self.specifications = specifications
        byteOffsets = offsets
        byteCount = end
    }

    /// Allocates one zeroed buffer and returns a view of it for each tensor, in order.
    /// - Throws: ``TensorError/outOfMemory(byteCount:)``.
    package func allocate() throws -> TensorSet {
        TensorSet(self, try TensorBuffer(byteCount: byteCount))
    }
}

/// The tensors of a layout, in one buffer.
package struct TensorSet {
    /// The layout.
    package let layout: TensorLayout
    /// One view for each specification of the layout, in order.
    package let tensors: [Tensor]
    private let buffer: TensorBuffer

    init(_ layout: TensorLayout, _ buffer: TensorBuffer) {
        self.layout = layout
        self.buffer = buffer
        tensors = zip(layout.specifications, layout.byteOffsets).map { specification, offset in
            Tensor(
                buffer,
                byteOffset: offset,
                shape: specification.shape,
                elementType: specification.elementType
            )
        }
    }

    /// The tensor called `name`, which the layout must contain.
    package subscript(name: String) -> Tensor {
        guard let index = layout.specifications.firstIndex(where: { $0.name == name }) else {
            preconditionFailure("no tensor is called '\(name)'")
        }
        return tensors[index]
    }

    /// All elements as one float32 tensor of one axis; the layout must be packed and float32.
    package var flat: Tensor {
        precondition(
            layout.specifications.allSatisfy { $0.elementType == .float32 }
                && layout.byteCount == layout.elementCount * ElementType.float32.byteWidth,
            "a flat view of a layout with gaps or with elements other than float32"
        )
        return Tensor(buffer, shape: [layout.elementCount])
    }
}

// The set hands out views of one buffer.
@available(*, unavailable) extension TensorSet: Sendable {}
