// Memory for the matrices of a model that is converted as it is loaded.

/// Memory that matrices are made in, one after the other.
///
/// The operating system gives huge pages only to blocks much larger than a matrix. Addresses in
/// small pages take time to look up, which generation measures: see docs/experiment-log.md. A
/// matrix keeps the memory of those that were made beside it.
public final class WeightArena {
    private static let blockBytes = 64 << 20
    private static let cacheLine = 64
    private var block: TensorBuffer?
    private var usedBytes = 0

    /// An arena that takes no memory yet.
    public init() {}

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
