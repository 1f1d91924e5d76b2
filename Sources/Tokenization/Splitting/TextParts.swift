// A text in memory shared out to several threads. What they do with it, and how their results are
// joined, is up to the encoder or the trainer.

import Dispatch
import Synchronization

/// The parts of a text that can be encoded apart, handed out one after another.
// @unchecked Sendable: the bytes are only read, and `run(threads:_:)` returns after all of it; the
// counter is atomic.
final class TextParts: @unchecked Sendable {
    /// Long enough that starting a part costs nothing, short enough that no thread waits long for
    /// the others at the end.
    static let usualByteCount = 128 << 10

    private let bytes: UnsafeRawBufferPointer
    private let ranges: [Range<Int>]
    private let taken = Atomic(0)

    /// The number of parts.
    var count: Int { ranges.count }

    /// Cuts `bytes`, which must outlive the object, into parts of about `byteCount` bytes, more
    /// where a word is longer.
    init(of bytes: UnsafeRawBufferPointer, byteCount: Int, _ rule: CuttingRule) {
        self.bytes = bytes
        ranges = bytes.withMemoryRebound(to: UInt8.self) { bytes in
            let cutter = TextCutter(bytes, rule)
            var ranges: [Range<Int>] = []
            var start = 0
            for target in stride(from: byteCount, through: bytes.count - byteCount, by: byteCount) {
                // Never looking back past the last target keeps a giant word from being searched
                // again and again.
                guard let cut = cutter.lastCut(in: (target - byteCount + 1)...target) else {
                    continue
                }
                ranges.append(start..<cut)
                start = cut
            }
            return ranges + [start..<bytes.count]
        }
    }

    /// The next part and its index, or nil when all are taken.
    func next() -> (index: Int, bytes: UnsafeRawBufferPointer)? {
        let index = taken.wrappingAdd(1, ordering: .relaxed).oldValue
        guard index < ranges.count else { return nil }
        return (index, UnsafeRawBufferPointer(rebasing: bytes[ranges[index]]))
    }

    /// Calls `worker`, which is to take parts until there are none, on `threads` threads of
    /// Dispatch's pool, this one included.
    func run(threads: Int, _ worker: @Sendable () -> Void) {
        DispatchQueue.concurrentPerform(iterations: min(threads, count)) { _ in worker() }
    }
}
