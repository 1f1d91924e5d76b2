// Where the bytes of tensors are. This is the only file that allocates memory for numbers.

#if canImport(Glibc)
    @preconcurrency import Glibc
#elseif canImport(Musl)
    @preconcurrency import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// Memory that tensors lie in: allocated, or the pages of a mapped file.
///
/// As long as the object lives, the bytes stay at the same address.
package protocol Storage: AnyObject {
    /// Whether the bytes are pages of a file, whose memory the system can reclaim at any time.
    var isMapped: Bool { get }

    /// Whether the bytes may be changed.
    var isWritable: Bool { get }

    /// Calls `body` with all bytes.
    func withUnsafeBytes<Result>(
        _ body: (UnsafeRawBufferPointer) throws -> Result
    ) rethrows -> Result

    /// Says that some bytes have been read and are not needed for now; they can be read again.
    func releasePages(_ range: Range<Int>)

    /// Checks that what was read so far was what was stored: a file may lose bytes in the meantime.
    /// - Throws: An error that says so.
    func requireIntact() throws
}

extension Tensor {
    /// Whether the values are the pages of a file; see ``Storage/isMapped``.
    package var isMapped: Bool { memory.storage.isMapped }

    /// Checks that what was read of the elements so far was what is stored.
    /// - Throws: ``Storage/requireIntact()``'s error.
    package func requireIntact() throws {
        try memory.storage.requireIntact()
        try memory.scalesStorage?.requireIntact()
    }

    /// The files that tensors lie in, each once.
    package static func files(of tensors: [Tensor]) -> [any Storage] {
        var known: Set<ObjectIdentifier> = []
        return tensors.flatMap { [$0.memory.storage, $0.memory.scalesStorage].compactMap { $0 } }
            .filter { $0.isMapped && known.insert(ObjectIdentifier($0)).inserted }
    }

    /// Releases the memory of a file's pages once the elements in them have been read.
    package func releasePages() {
        let (storage, scalesStorage) = (memory.storage, memory.scalesStorage)
        withUnsafeBytes { values, scales in
            for (plane, storage) in [(values, storage), (scales, scalesStorage ?? storage)] {
                storage.withUnsafeBytes { all in
                    guard let start = all.baseAddress, let first = plane.baseAddress else { return }
                    storage.releasePages(first - start..<first - start + plane.count)
                }
            }
        }
    }
}

/// A block of zeroed, page-aligned memory, given back when the last reference goes.
///
/// A ``Tensor`` is a view that keeps its buffer alive, so views may be stored and passed around
/// freely. Nothing synchronizes access: a buffer belongs to one task at a time.
package final class TensorBuffer {
    /// The size in bytes, as asked for.
    package let byteCount: Int
    let start: UnsafeMutableRawPointer

    /// Reserves `byteCount` bytes of zeros.
    ///
    /// The operating system hands out the pages when they are first written, and in huge pages
    /// where it can, which saves the matrix products most of their address translations.
    /// - Throws: ``TensorError/outOfMemory(byteCount:)``.
    package init(byteCount: Int) throws {
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
    package var isMapped: Bool { false }

    /// True.
    package var isWritable: Bool { true }

    package func withUnsafeBytes<Result>(
        _ body: (UnsafeRawBufferPointer) throws -> Result
    ) rethrows -> Result {
        try withExtendedLifetime(self) {
            try body(UnsafeRawBufferPointer(start: start, count: byteCount))
        }
    }

    /// Does nothing: this is the only copy.
    package func releasePages(_ range: Range<Int>) {}

    /// Does nothing: nobody else can change it.
    package func requireIntact() {}
}

// A buffer is written through views without synchronization.
@available(*, unavailable) extension TensorBuffer: Sendable {}

/// Memory in which matrices are allocated one after the other.
///
/// The operating system gives huge pages only to blocks much larger than a matrix. Addresses in
/// small pages take time to translate, which slows generation down measurably: see
/// docs/experiment-log.md. A matrix keeps the memory of its neighbors alive.
package final class WeightArena {
    private static let blockBytes = 64 << 20
    private static let cacheLine = 64
    private var block: TensorBuffer?
    private var usedBytes = 0

    /// An arena that takes no memory yet.
    package init() {}

    /// Bytes of zeros that start at a cache line.
    /// - Throws: ``TensorError/outOfMemory(byteCount:)``.
    func reserve(byteCount: Int) throws -> (buffer: TensorBuffer, offset: Int) {
        if byteCount > Self.blockBytes { return (try TensorBuffer(byteCount: byteCount), 0) }
        if let block, byteCount <= block.byteCount - usedBytes {
            defer { advance(byteCount) }
            return (block, usedBytes)
        }
        let new = try TensorBuffer(byteCount: Self.blockBytes)
        block = new
        usedBytes = 0
        advance(byteCount)
        return (new, 0)
    }

    private func advance(_ byteCount: Int) {
        usedBytes += (byteCount + Self.cacheLine - 1) / Self.cacheLine * Self.cacheLine
    }
}

// It hands out parts of one block without synchronization.
@available(*, unavailable) extension WeightArena: Sendable {}
