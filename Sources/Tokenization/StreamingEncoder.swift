// Ids of a text that arrives in chunks, which may end anywhere: inside a word, a character or a
// marker. Documents and shards are not known here.

/// Encodes bytes that arrive in chunks of any size; the ids are those of the whole text.
///
/// It holds back the end of what it was given, from the last place where no pre-token can span, so
/// its memory is bounded by the longest word and the largest chunk.
///
/// ```swift
/// var encoder = StreamingEncoder(tokenizer)
/// while let chunk = try nextChunk() { encoder.append(chunk, to: &ids) }
/// encoder.finish(to: &ids)
/// ```
public struct StreamingEncoder: Sendable {
    private let tokenizer: BytePairTokenizer
    private let endOfTextMarker: EndOfTextMarker
    private let threads: Int

    private var pending: [UInt8] = []
    // No index of `pending` below this is a place to cut. Without it, a long word arriving in
    // small chunks would be searched again with each of them.
    private var searchedCount = 0

    /// Starts a text.
    ///
    /// - Parameters:
    ///   - tokenizer: whose ids they are.
    ///   - endOfTextMarker: what `<|endoftext|>` in the text means.
    ///   - threads: how many threads encode a large chunk; see
    ///     ``BytePairTokenizer/encode(_:endOfTextMarker:threads:)``.
    public init(
        _ tokenizer: BytePairTokenizer,
        endOfTextMarker: EndOfTextMarker = .text,
        threads: Int = 1
    ) {
        precondition(threads > 0, "encoding takes one thread or more, got \(threads)")
        self.tokenizer = tokenizer
        self.endOfTextMarker = endOfTextMarker
        self.threads = threads
    }

    /// Takes the next bytes and appends the ids that are certain to `ids`.
    public mutating func append(_ chunk: UnsafeRawBufferPointer, to ids: inout [TokenID]) {
        pending.append(contentsOf: chunk)
        let cut = pending.withUnsafeBufferPointer { bytes in
            let marker = endOfTextMarker == .token ? tokenizer.markerSearch : nil
            let cutter = TextCutter(bytes, marker: marker)
            let end = cutter.undecidedMarker
            let cut = searchedCount <= end ? cutter.lastCut(in: searchedCount...end) : nil
            searchedCount = max(searchedCount, cutter.decidedCount)
            return cut
        }
        if let cut { flush(cut, to: &ids) }
    }

    /// Takes the next bytes and appends the ids that are certain to `ids`.
    public mutating func append(_ chunk: [UInt8], to ids: inout [TokenID]) {
        chunk.withUnsafeBytes { append($0, to: &ids) }
    }

    /// Ends the text and appends the ids held back; the encoder is then as new.
    public mutating func finish(to ids: inout [TokenID]) {
        flush(pending.count, to: &ids)
    }

    /// Encodes the first `count` pending bytes.
    private mutating func flush(_ count: Int, to ids: inout [TokenID]) {
        pending.withUnsafeBytes { bytes in
            let bytes = UnsafeRawBufferPointer(rebasing: bytes[..<count])
            ids += tokenizer.encode(bytes, endOfTextMarker: endOfTextMarker, threads: threads)
        }
        pending.removeFirst(count)
        searchedCount = 0
    }
}
