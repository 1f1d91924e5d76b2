// A matrix of weights in one of the storage formats, in memory of its own, in a tensor's, or in a
// mapped file. Arithmetic is in Ops+Weights.swift; this knows only where the planes are.

/// Memory that weights may lie in, such as a mapped file.
///
/// As long as the object lives, the bytes stay at the same address.
public protocol WeightStorage: AnyObject {
    /// Whether the bytes are the pages of a file, which take no memory that the system cannot have
    /// back.
    var isMapped: Bool { get }

    /// Calls `body` with all bytes.
    func withUnsafeBytes<Result>(
        _ body: (UnsafeRawBufferPointer) throws -> Result
    ) rethrows -> Result

    /// Says that some bytes have been read and are not needed for now; they can be read again.
    func releasePages(_ range: Range<Int>)

    /// Checks that what was read so far was what was stored: a file may lose bytes meanwhile.
    /// - Throws: What says so.
    func requireIntact() throws
}

extension TensorBuffer: WeightStorage {
    /// False: this is the only copy.
    public var isMapped: Bool { false }

    public func withUnsafeBytes<Result>(
        _ body: (UnsafeRawBufferPointer) throws -> Result
    ) rethrows -> Result {
        try withExtendedLifetime(self) {
            try body(UnsafeRawBufferPointer(start: start, count: byteCount))
        }
    }

    /// Does nothing: this is the only copy.
    public func releasePages(_ range: Range<Int>) {}

    /// Does nothing: nobody else can change it.
    public func requireIntact() {}
}

/// The weights of a linear layer: `rows` outputs times `columns` inputs.
///
/// Copying a matrix copies the view, which keeps the memory alive.
public struct WeightMatrix {
    /// How the weights are stored.
    public let format: WeightFormat
    /// Outputs of the layer: OC.
    public let rows: Int
    /// Inputs of the layer: C.
    public let columns: Int
    private let storage: any WeightStorage
    private let scalesStorage: any WeightStorage
    // Both point into the storages, which this value keeps alive; nil where the format has no
    // scales.
    private let values: UnsafeRawPointer
    private let scales: UnsafeRawPointer?

    /// Whether the values are the pages of a file; see ``WeightStorage/isMapped``.
    package var isMapped: Bool { storage.isMapped }

    /// Checks that what was read of the weights so far was what is stored.
    /// - Throws: ``WeightStorage/requireIntact()``'s error.
    package func requireIntact() throws {
        try storage.requireIntact()
        try scalesStorage.requireIntact()
    }

    /// The files that matrices lie in, each once.
    package static func files(of matrices: [WeightMatrix]) -> [any WeightStorage] {
        var known: Set<ObjectIdentifier> = []
        return matrices.flatMap { [$0.storage, $0.scalesStorage] }
            .filter { $0.isMapped && known.insert(ObjectIdentifier($0)).inserted }
    }

    /// Bytes of both planes: what a matrix-vector product reads.
    public var byteCount: Int {
        Self.byteCount(format: format, rows: rows, columns: columns)
    }

    /// Bytes of both planes of such a matrix.
    public static func byteCount(format: WeightFormat, rows: Int, columns: Int) -> Int {
        rows * (format.valueBytes(columns: columns) + format.scaleBytes(columns: columns))
    }

    /// A view of planes in `storage`, such as a mapped file; each row-major and dense.
    /// - Parameters:
    ///   - format: How the weights are stored.
    ///   - rows: Outputs of the layer, at least 1.
    ///   - columns: Inputs of the layer, at least 1.
    ///   - storage: The memory, which must be large enough; the caller checks what files claim.
    ///   - valuesOffset: The first byte of the values, a multiple of a value's width in memory.
    ///   - scalesStorage: The memory of the scales, where that is another one.
    ///   - scalesOffset: The first byte of the scales, likewise; ignored where there are none.
    public init(
        format: WeightFormat,
        rows: Int,
        columns: Int,
        storage: any WeightStorage,
        valuesOffset: Int,
        scalesStorage: (any WeightStorage)? = nil,
        scalesOffset: Int = 0
    ) {
        precondition(rows > 0 && columns > 0, "a matrix of \(rows) times \(columns) weights")
        self.format = format
        self.rows = rows
        self.columns = columns
        self.storage = storage
        self.scalesStorage = scalesStorage ?? storage
        func plane(
            _ storage: any WeightStorage,
            _ offset: Int,
            _ byteCount: Int,
            _ alignment: Int
        ) -> UnsafeRawPointer {
            storage.withUnsafeBytes { bytes in
                precondition(
                    offset >= 0 && byteCount <= bytes.count - offset,
                    "\(byteCount) bytes of \(format) at byte \(offset) of \(bytes.count)"
                )
                guard let start = bytes.baseAddress.map({ $0 + offset }),
                    Int(bitPattern: start) % alignment == 0
                else {
                    preconditionFailure("\(format) at byte \(offset) is not aligned")
                }
                return start
            }
        }
        values = plane(
            storage,
            valuesOffset,
            rows * format.valueBytes(columns: columns),
            format.valueAlignment
        )
        let scaleBytes = rows * format.scaleBytes(columns: columns)
        scales =
            scaleBytes == 0
            ? nil
            : plane(self.scalesStorage, scalesOffset, scaleBytes, format.scaleAlignment)
    }

    /// A new matrix of zeros, values and scales in one block of memory: its own, or a part of
    /// `arena`.
    /// - Throws: ``TensorError/outOfMemory(byteCount:)``.
    public init(
        zeros format: WeightFormat,
        rows: Int,
        columns: Int,
        in arena: WeightArena? = nil
    ) throws {
        // Scales start at a cache line, as values do.
        let valueBytes = rows * format.valueBytes(columns: columns)
        let scalesOffset = (valueBytes + 63) / 64 * 64
        let scaleBytes = rows * format.scaleBytes(columns: columns)
        let byteCount = scalesOffset + scaleBytes
        let (buffer, offset) =
            try arena?.reserve(byteCount: byteCount) ?? (TensorBuffer(byteCount: byteCount), 0)
        self.init(
            format: format,
            rows: rows,
            columns: columns,
            storage: buffer,
            valuesOffset: offset,
            scalesOffset: offset + scalesOffset
        )
    }

    /// A view of a float32 tensor `(rows, columns)`.
    public init(_ tensor: Tensor) {
        precondition(
            tensor.shape.count == 2 && tensor.dtype == .float32,
            "weights of \(tensor.dtype) \(tensor.shape)"
        )
        self.init(
            format: .float32,
            rows: tensor.shape[0],
            columns: tensor.shape[1],
            storage: tensor.buffer,
            valuesOffset: tensor.byteOffset
        )
    }

    /// The rows `range` as a matrix of their own, such as q, k and v of one that holds all three.
    public subscript(range: Range<Int>) -> WeightMatrix {
        precondition(
            range.lowerBound >= 0 && range.upperBound <= rows && !range.isEmpty,
            "rows \(range) of \(rows)"
        )
        return WeightMatrix(self, range)
    }

    private init(_ whole: WeightMatrix, _ range: Range<Int>) {
        format = whole.format
        rows = range.count
        columns = whole.columns
        storage = whole.storage
        scalesStorage = whole.scalesStorage
        let (first, columns) = (range.lowerBound, whole.columns)
        values = whole.values + first * whole.format.valueBytes(columns: columns)
        scales = whole.scales.map { $0 + first * whole.format.scaleBytes(columns: columns) }
    }

    /// Calls `body` with the bytes of both planes; scales are empty where there are none.
    public func withUnsafeBytes<Result>(
        _ body: (
            _ values: UnsafeRawBufferPointer,
            _ scales: UnsafeRawBufferPointer
        ) throws -> Result
    ) rethrows -> Result {
        try withExtendedLifetime((storage, scalesStorage)) {
            try body(
                UnsafeRawBufferPointer(
                    start: values,
                    count: rows * format.valueBytes(columns: columns)
                ),
                UnsafeRawBufferPointer(
                    start: scales,
                    count: rows * format.scaleBytes(columns: columns)
                )
            )
        }
    }

    /// Lets go of the memory of a file's pages once the weights in them have been read.
    func releasePages() {
        withUnsafeBytes { values, scales in
            for (plane, storage) in [(values, storage), (scales, scalesStorage)] {
                storage.withUnsafeBytes { all in
                    guard let start = all.baseAddress, let first = plane.baseAddress else { return }
                    storage.releasePages(first - start..<first - start + plane.count)
                }
            }
        }
    }

    /// Where the planes are, to write them: only in memory that came from a ``TensorBuffer``, and
    /// only for calls that keep `self` alive until they return.
    var writablePlanes: (values: UnsafeMutableRawPointer, scales: UnsafeMutableRawPointer?) {
        precondition(
            storage is TensorBuffer && scalesStorage is TensorBuffer,
            "these weights are read-only"
        )
        return (
            UnsafeMutableRawPointer(mutating: values),
            scales.map { UnsafeMutableRawPointer(mutating: $0) }
        )
    }

    /// The planes as C functions take them, only for calls that keep `self` alive until they
    /// return.
    var planes: (values: UnsafeRawPointer, scales: UnsafeRawPointer?) { (values, scales) }
}

// Views of one buffer do not know of each other.
@available(*, unavailable) extension WeightMatrix: Sendable {}
