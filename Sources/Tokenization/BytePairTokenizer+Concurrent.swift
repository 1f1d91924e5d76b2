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
        endOfTextMarker: EndOfTextMarker = .text,
        threads: Int
    ) -> [TokenID] {
        encode(
            bytes,
            endOfTextMarker: endOfTextMarker,
            threads: threads,
            bytesPerPart: TextParts.usualByteCount
        )
    }

    /// The same with parts of about `bytesPerPart` bytes.
    func encode(
        _ bytes: UnsafeRawBufferPointer,
        endOfTextMarker: EndOfTextMarker,
        threads: Int,
        bytesPerPart: Int
    ) -> [TokenID] {
        precondition(threads > 0, "encoding takes one thread or more, got \(threads)")
        if threads == 1 || bytes.count < 2 * bytesPerPart {
            return encode(bytes, endOfTextMarker: endOfTextMarker)
        }
        let marker = endOfTextMarker == .token ? markerSearch : nil
        let parts = TextParts(of: bytes, byteCount: bytesPerPart, marker: marker)
        let results = Mutex([[TokenID]](repeating: [], count: parts.count))
        parts.run(threads: threads) {
            withEncoder { encoder in
                while let part = parts.next() {
                    var ids: [TokenID] = []
                    ids.reserveCapacity(part.bytes.count / 4)
                    encode(part.bytes, endOfTextMarker, using: &encoder, into: &ids)
                    results.withLock { $0[part.index] = ids }
                }
            }
        }
        return results.withLock { results in
            var ids: [TokenID] = []
            ids.reserveCapacity(results.reduce(0) { $0 + $1.count })
            for part in results { ids.append(contentsOf: part) }
            return ids
        }
    }
}
