// The end of a text that arrives in chunks, held back until it is certain where its last pre-token
// ends. What is done with the rest is up to the encoder or the trainer.

/// Text that arrives in chunks and leaves in parts that can be encoded apart.
///
/// Chunks may end inside a word, a character or a marker; parts do not. Memory is bounded by the
/// longest word and the largest chunk.
package struct HeldBackText: Sendable {
    private let rule: CuttingRule
    private var pending: [UInt8] = []
    // No index of `pending` below this is a place to cut. Without it, a long word arriving in
    // small chunks would be searched again with each of them.
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
