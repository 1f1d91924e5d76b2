// A shaped view of memory. Arithmetic is in Ops; this knows only where the elements are.

import CKernels

/// A dense, row-major array of numbers in a ``Storage``, which it keeps alive: memory of this
/// process, or a mapped file.
///
/// Copying a tensor copies the view: both see the same elements. A row runs along the last axis. In
/// the block formats of ``ElementType`` every row begins with a block, so the last axis is never
/// cut; the values of all rows are in one plane, and their scales in another.
package struct Tensor {
    /// The extent of each axis, outermost first.
    package let shape: [Int]
    /// The type of the elements.
    package let elementType: ElementType
    /// Whether the elements may be written: not those of a mapped file.
    package let isWritable: Bool
    let memory: TensorMemory
    // Both point into the memory, which this value keeps alive, and are only written through where
    // that is allowed. Scales are nil where the type has none.
    let values: UnsafeMutableRawPointer
    let scales: UnsafeMutableRawPointer?

    /// The number of elements.
    package var count: Int { Self.product(shape, from: 0, to: shape.count) }

    /// The extent of the last axis: C if the tensor is the weight of a linear layer.
    package var columns: Int { Self.columns(of: shape) }

    /// The number of rows: the product of all axes but the last.
    package var rows: Int { Self.rows(of: shape) }

    /// Bytes of the elements, scales included.
    package var byteCount: Int { elementType.byteCount(rows: rows, columns: columns) }

    /// A view of `storage`, which must be large enough; the caller checks what files claim.
    /// - Parameters:
    ///   - storage: The memory.
    ///   - byteOffset: The first byte of the values, a multiple of a value's width in memory.
    ///   - scalesStorage: The memory of the scales, if different.
    ///   - scalesOffset: The first byte of the scales, aligned in the same way; ignored where there
    ///     are none.
    ///   - shape: The extent of each axis.
    ///   - elementType: The type of the elements.
    package init(
        _ storage: any Storage,
        byteOffset: Int = 0,
        scalesStorage: (any Storage)? = nil,
        scalesOffset: Int = 0,
        shape: [Int],
        elementType: ElementType = .float32
    ) {
        let (rows, columns) = (Self.rows(of: shape), Self.columns(of: shape))
        func plane(
            _ storage: any Storage,
            _ offset: Int,
            _ byteCount: Int,
            _ alignment: Int
        ) -> UnsafeMutableRawPointer {
            storage.withUnsafeBytes { bytes in
                precondition(
                    offset >= 0 && byteCount >= 0 && byteCount <= bytes.count - offset,
                    "a tensor of \(elementType) \(shape) at byte \(offset) of \(bytes.count)"
                )
                guard let start = bytes.baseAddress.map({ $0 + offset }),
                    Int(bitPattern: start) % alignment == 0
                else {
                    preconditionFailure("\(elementType) at byte \(offset) is not aligned")
                }
                return UnsafeMutableRawPointer(mutating: start)
            }
        }
        self.shape = shape
        self.elementType = elementType
        values = plane(
            storage,
            byteOffset,
            rows * elementType.valueBytes(columns: columns),
            elementType.valueAlignment
        )
        scales =
            elementType.isBlocked
            ? plane(
                scalesStorage ?? storage,
                scalesOffset,
                rows * elementType.scaleBytes(columns: columns),
                elementType.scaleAlignment
            ) : nil
        memory = TensorMemory(storage, scales: elementType.isBlocked ? scalesStorage : nil)
        isWritable = memory.isWritable
    }

    /// A view of part of `whole`, starting at one of its rows.
    private init(_ whole: Tensor, firstRow: Int, shape: [Int]) {
        self.shape = shape
        elementType = whole.elementType
        isWritable = whole.isWritable
        memory = whole.memory
        let columns = whole.columns
        values = whole.values + firstRow * whole.elementType.valueBytes(columns: columns)
        scales = whole.scales.map {
            $0 + firstRow * whole.elementType.scaleBytes(columns: columns)
        }
    }

    /// A view of part of the only axis of `whole`, starting at one of its elements.
    private init(_ whole: Tensor, firstElement: Int, shape: [Int]) {
        precondition(!whole.elementType.isBlocked, "a row of \(whole.elementType) cut into parts")
        self.shape = shape
        elementType = whole.elementType
        isWritable = whole.isWritable
        memory = whole.memory
        values = whole.values + firstElement * whole.elementType.byteWidth
        scales = nil
    }

    /// The part of the first axis at `index`, one axis fewer.
    package subscript(index: Int) -> Tensor {
        precondition(
            !shape.isEmpty && index >= 0 && index < shape[0],
            "index \(index) of a tensor of shape \(shape)"
        )
        return slice(index, shape: Array(shape.dropFirst()))
    }

    /// The part `range` of the first axis, with the same number of axes: such as the rows for q in
    /// a weight that holds q, k and v.
    package subscript(range: Range<Int>) -> Tensor {
        precondition(
            !shape.isEmpty && range.lowerBound >= 0 && range.upperBound <= shape[0],
            "range \(range) of a tensor of shape \(shape)"
        )
        if range.count == shape[0] { return self }
        return slice(range.lowerBound, shape: [range.count] + shape.dropFirst())
    }

    private func slice(_ first: Int, shape newShape: [Int]) -> Tensor {
        if shape.count == 1 { return Tensor(self, firstElement: first, shape: newShape) }
        let rows = Self.product(shape, from: 1, to: shape.count - 1)
        return Tensor(self, firstRow: first * rows, shape: newShape)
    }

    /// The same elements in another shape of the same count; in a block format, with rows of the
    /// same length.
    package func reshaped(_ shape: [Int]) -> Tensor {
        precondition(
            Self.product(shape, from: 0, to: shape.count) == count
                && (!elementType.isBlocked || shape.last == self.shape.last),
            "a tensor of \(elementType) \(self.shape) as \(shape)"
        )
        return Tensor(self, firstRow: 0, shape: shape)
    }

    static func columns(of shape: [Int]) -> Int { shape.isEmpty ? 1 : shape[shape.count - 1] }

    static func rows(of shape: [Int]) -> Int { product(shape, from: 0, to: shape.count - 1) }

    /// The product of some extents; a loop, because small models take views often.
    private static func product(_ shape: [Int], from first: Int, to end: Int) -> Int {
        var product = 1
        var axis = first
        while axis < end {
            product *= shape[axis]
            axis += 1
        }
        return product
    }
}

/// Where the planes of a tensor are, in one object: tensors are copied often, and every reference
/// in them is counted each time.
final class TensorMemory {
    let storage: any Storage
    /// Where the scales are, if not in `storage`.
    let scalesStorage: (any Storage)?

    init(_ storage: any Storage, scales scalesStorage: (any Storage)?) {
        self.storage = storage
        self.scalesStorage = scalesStorage
    }

    var isWritable: Bool { storage.isWritable && scalesStorage?.isWritable ?? true }
}

// Views of one buffer do not know about each other.
@available(*, unavailable) extension Tensor: Sendable {}

/// Some columns of a tensor of rows, such as the queries of a row that holds q, k and v.
package struct TensorColumns {
    /// `(N, W)`, float32 or, where an operation says so, bfloat16.
    package var tensor: Tensor
    /// The selected range of the W columns.
    package var columns: Range<Int>

    /// All columns, or some.
    package init(_ tensor: Tensor, _ columns: Range<Int>? = nil) {
        self.tensor = tensor
        self.columns = columns ?? 0..<(tensor.shape.last ?? 0)
    }

    var pointer: UnsafePointer<Float> { tensor.floatPointer + columns.lowerBound }
    var mutablePointer: UnsafeMutablePointer<Float> {
        tensor.mutableFloatPointer + columns.lowerBound
    }

    /// From the first selected column on, with the type, to read.
    var array: ck_array {
        var all = tensor.array
        all.data += columns.lowerBound * tensor.elementType.byteWidth
        return all
    }

    /// The same, to write.
    var mutableArray: ck_array {
        tensor.requireWritable()
        return array
    }
}

/// Queries, keys and values of attention, or their gradients.
package struct AttentionColumns {
    package let q: TensorColumns
    package let k: TensorColumns
    package let v: TensorColumns

    /// Each in a tensor of its own, (N, NH * HS) or (N, NKV * HS).
    package init(q: Tensor, k: Tensor, v: Tensor) {
        self.q = TensorColumns(q)
        self.k = TensorColumns(k)
        self.v = TensorColumns(v)
    }

    /// Side by side in one, (N, 3C).
    package init(together qkv: Tensor) {
        let C = qkv.shape[1] / 3
        q = TensorColumns(qkv, 0..<C)
        k = TensorColumns(qkv, C..<2 * C)
        v = TensorColumns(qkv, 2 * C..<3 * C)
    }
}
