// The only place that allocates memory for numbers.

#if canImport(Glibc)
    @preconcurrency import Glibc
#elseif canImport(Musl)
    @preconcurrency import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// A block of zeroed, page-aligned memory, given back when the last reference goes.
///
/// A ``Tensor`` is a view that keeps its buffer alive, so views may be stored and passed around
/// freely. Nothing synchronizes access: a buffer belongs to one task at a time.
public final class TensorBuffer {
    /// The size in bytes, as asked for.
    public let byteCount: Int
    let start: UnsafeMutableRawPointer

    /// Reserves `byteCount` bytes of zeros.
    ///
    /// The operating system hands out the pages when they are first written, and in huge pages
    /// where it can, which spares the matrix products most of their address look-ups.
    /// - Throws: ``TensorError/outOfMemory(byteCount:)``.
    public init(byteCount: Int) throws {
        precondition(byteCount >= 0, "a buffer of \(byteCount) bytes")
        let mapping = mmap(
            nil,
            max(byteCount, 1),
            PROT_READ | PROT_WRITE,
            MAP_PRIVATE | MAP_ANONYMOUS,
            -1,
            0
        )
        guard let mapping, mapping != MAP_FAILED else {
            throw TensorError.outOfMemory(byteCount: byteCount)
        }
        #if os(Linux)
            // Only advice: a kernel without huge pages refuses and nothing is lost.
            madvise(mapping, byteCount, MADV_HUGEPAGE)
        #endif
        start = mapping
        self.byteCount = byteCount
    }

    deinit {
        munmap(start, max(byteCount, 1))
    }
}

extension TensorBuffer: Storage {
    /// False: this is the only copy.
    public var isMapped: Bool { false }

    /// True.
    public var isWritable: Bool { true }

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

// A buffer is written through views without synchronization.
@available(*, unavailable) extension TensorBuffer: Sendable {}
