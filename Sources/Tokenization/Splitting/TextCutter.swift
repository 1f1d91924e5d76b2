// Where a text can be cut so that its parts can be encoded apart: the end of one that arrives in
// chunks is held back, one in memory is shared out to several threads. The rules of words are
// SplittingRule's; this adds those of the names of tokens. What is done with the parts, and how
// results are joined, is up to the encoder or the trainer.

import Dispatch
import Synchronization

/// What decides where a text may be cut.
package struct CuttingRule: Sendable {
    /// How text is cut into words.
    let splitting: SplittingRule
    /// The names of tokens, which must not be cut.
    let marker: MarkerSearch?
    /// Whether characters are composed first, so that a cut must be between two ASCII ones.
    var isNormalized = false
    /// Whether a cut must not be between two spaces, or U+2581 and a space.
    var keepsSpacesTogether = false
    /// Whether the text must not be cut at all.
    var isUncut = false

    /// GPT-2's words.
    static func gpt2(marker: MarkerSearch?) -> Self { Self(splitting: .gpt2, marker: marker) }
}

/// Finds cuts in bytes that may continue after their end.
struct TextCutter {
    private let bytes: UnsafeBufferPointer<UInt8>
    private let rule: CuttingRule

    /// Cuts `bytes` by a rule.
    init(_ bytes: UnsafeBufferPointer<UInt8>, _ rule: CuttingRule) {
        self.bytes = bytes
        self.rule = rule
    }

    /// The last cut in `range`, or nil when there is none.
    /// - Complexity: O(length of `range`); natural text has a cut every few bytes.
    func lastCut(in range: ClosedRange<Int>) -> Int? {
        if rule.isUncut { return nil }
        return range.reversed().first { index in
            rule.splitting.isBoundary(bytes, at: index)
                && !(rule.isNormalized && (bytes[index - 1] | bytes[index]) >= 0x80)
                && !(rule.keepsSpacesTogether && isBehindSpace(index))
                && rule.marker?.covers(index, in: bytes) != true
        }
    }

    private func isBehindSpace(_ index: Int) -> Bool {
        bytes[index - 1] == Ascii.space
            || bytes[..<index].suffix(3).elementsEqual(SentencePieceVocabulary.spaceMark)
    }

    /// No index below this will be a cut if it is not one now, whatever follows the bytes.
    var decidedCount: Int {
        // A character has at most four bytes; its class is known only when it is complete.
        min(undecidedMarker, bytes.count - 3)
    }

    /// Where an incomplete marker may begin; cuts must not come after it.
    var undecidedMarker: Int {
        rule.marker?.incompleteSuffix(of: bytes) ?? bytes.count
    }
}

/// Text that arrives in chunks and leaves in parts that can be encoded separately.
///
/// Chunks may end inside a word, a character or a marker; parts do not. Memory is bounded by the
/// longest word and the largest chunk.
package struct HeldBackText: Sendable {
    private let rule: CuttingRule
    private var pending: [UInt8] = []
    // No index of `pending` below this is a place to cut. Without it, a long word that arrives in
    // small chunks would be searched again with each chunk.
    private var searchedCount = 0

    /// Starts a text, whose parts are cut by a rule.
    package init(_ rule: CuttingRule) {
        self.rule = rule
    }

    /// Whether nothing is held back.
    package var isEmpty: Bool { pending.isEmpty }

    /// Takes the next chunk and returns the part that is certain, which may be empty.
    package mutating func append(_ chunk: UnsafeRawBufferPointer) -> [UInt8] {
        pending.append(contentsOf: chunk)
        let cut = pending.withUnsafeBufferPointer { bytes in
            let cutter = TextCutter(bytes, rule)
            let end = cutter.undecidedMarker
            let cut = searchedCount <= end ? cutter.lastCut(in: searchedCount...end) : nil
            searchedCount = max(searchedCount, cutter.decidedCount)
            return cut
        }
        guard let cut else { return [] }
        let rest = Array(pending[cut...])
        pending.removeLast(pending.count - cut)
        defer { pending = rest }
        searchedCount = 0
        return pending
    }

    /// Ends the text and returns what was held back; the next chunk starts a new text.
    package mutating func finish() -> [UInt8] {
        defer { self = HeldBackText(rule) }
        return pending
    }
}

/// The parts of a text that can be encoded separately, handed out one after another.
// @unchecked Sendable: the bytes are only read, and `run(threads:_:)` returns after all of it; the
// counter is atomic.
final class TextParts: @unchecked Sendable {
    /// Long enough that starting a part costs little, short enough that no thread waits long for
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

    /// Calls `worker`, which takes parts until there are none left, on `threads` threads of
    /// Dispatch's pool, including this one.
    func run(threads: Int, _ worker: @Sendable () -> Void) {
        DispatchQueue.concurrentPerform(iterations: min(threads, count)) { _ in worker() }
    }
}
