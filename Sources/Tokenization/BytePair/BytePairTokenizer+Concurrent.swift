// One text in memory encoded by several threads.

import Synchronization

extension BytePairTokenizer {
    /// The ids of bytes that may be anything, found by several threads; they are those that one
    /// thread finds.
    ///
    /// The text is cut where no pre-token spans the cut. One giant word is therefore encoded by
    /// one thread, and so is a text of less than 256 kB. The threads are Dispatch's, and this one
    /// is among them.
    public func encode(
        _ bytes: UnsafeRawBufferPointer,
        specialTokens: SpecialTokens = .text,
        threads: Int
    ) throws -> [TokenID] {
        try encode(
            bytes,
            specialTokens: specialTokens,
            threads: threads,
            bytesPerPart: TextParts.usualByteCount
        )
    }

    /// The same with parts of about `bytesPerPart` bytes.
    func encode(
        _ bytes: UnsafeRawBufferPointer,
        specialTokens: SpecialTokens,
        threads: Int,
        bytesPerPart: Int
    ) throws -> [TokenID] {
        precondition(threads > 0, "encoding takes one thread or more, got \(threads)")
        if threads == 1 || bytes.count < 2 * bytesPerPart {
            return try encode(bytes, specialTokens: specialTokens)
        }
        let parts = TextParts(of: bytes, byteCount: bytesPerPart, cutting(specialTokens))
        let results = Mutex(
            [Result<[TokenID], any Error>](repeating: .success([]), count: parts.count)
        )
        parts.run(threads: threads) {
            withEncoder { encoder in
                while let part = parts.next() {
                    let result = Result {
                        var ids: [TokenID] = []
                        ids.reserveCapacity(part.bytes.count / 4)
                        try encode(part.bytes, specialTokens, using: &encoder, into: &ids)
                        return ids
                    }
                    results.withLock { $0[part.index] = result }
                }
            }
        }
        let encoded = try results.withLock { try $0.map { try $0.get() } }
        var ids: [TokenID] = []
        ids.reserveCapacity(encoded.reduce(0) { $0 + $1.count })
        for part in encoded { ids.append(contentsOf: part) }
        return ids
    }
}
