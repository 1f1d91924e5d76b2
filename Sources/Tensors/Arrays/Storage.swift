// Where the bytes of tensors are.

/// Memory that tensors lie in: allocated, or the pages of a mapped file.
///
/// As long as the object lives, the bytes stay at the same address.
public protocol Storage: AnyObject {
    /// Whether the bytes are the pages of a file: the system can take back their memory at any
    /// time.
    var isMapped: Bool { get }

    /// Whether the bytes may be changed.
    var isWritable: Bool { get }

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

    /// Lets go of the memory of a file's pages once the elements in them have been read.
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
