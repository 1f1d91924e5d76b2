// One text encoded by several threads. Files and streams are cut up by their readers; this cuts
// what is in memory.

import Dispatch
import Synchronization

extension BytePairTokenizer {
    // Long enough that starting a part costs nothing, short enough that no thread waits long for
    // the others at the end.
    private static let bytesPerPart = 128 << 10

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
            bytesPerPart: Self.bytesPerPart
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
        let parts = threads > 1 ? parts(of: bytes, endOfTextMarker, bytesPerPart) : []
        guard parts.count > 1 else { return encode(bytes, endOfTextMarker: endOfTextMarker) }
        let next = Atomic(0)
        let results = Mutex([[TokenID]](repeating: [], count: parts.count))
        // Safe to share: the bytes are only read, and concurrentPerform returns after all of it.
        nonisolated(unsafe) let bytes = bytes
        DispatchQueue.concurrentPerform(iterations: min(threads, parts.count)) { _ in
            withEncoder { encoder in
                while true {
                    let part = next.wrappingAdd(1, ordering: .relaxed).oldValue
                    guard part < parts.count else { return }
                    var ids: [TokenID] = []
                    ids.reserveCapacity(parts[part].count / 4)
                    let slice = UnsafeRawBufferPointer(rebasing: bytes[parts[part]])
                    encode(slice, endOfTextMarker, using: &encoder, into: &ids)
                    results.withLock { $0[part] = ids }
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

    /// Cuts a text into ranges that can be encoded apart.
    private func parts(
        of raw: UnsafeRawBufferPointer,
        _ endOfTextMarker: EndOfTextMarker,
        _ bytesPerPart: Int
    ) -> [Range<Int>] {
        raw.withMemoryRebound(to: UInt8.self) { bytes in
            let cutter = TextCutter(bytes, marker: endOfTextMarker == .token ? markerSearch : nil)
            var parts: [Range<Int>] = []
            var start = 0
            let last = bytes.count - bytesPerPart
            for target in stride(from: bytesPerPart, through: last, by: bytesPerPart) {
                // Never looking back past the last target keeps a giant word from being searched
                // again and again.
                let range = (target - bytesPerPart + 1)...target
                guard let cut = cutter.lastCut(in: range) else { continue }
                parts.append(start..<cut)
                start = cut
            }
            return parts + [start..<bytes.count]
        }
    }
}
