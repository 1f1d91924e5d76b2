// Ids of a text that arrives in chunks. Documents and shards are not known here.

/// Encodes bytes that arrive in chunks of any size; the ids are those of the whole text.
///
/// It holds back the end of what it was given, from the last place that no pre-token spans, so its
/// memory is bounded by the longest word and the largest chunk.
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
    private var text: HeldBackText

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
        text = HeldBackText(marker: endOfTextMarker == .token ? tokenizer.markerSearch : nil)
    }

    /// Takes the next bytes and appends the ids that are certain to `ids`.
    public mutating func append(_ chunk: UnsafeRawBufferPointer, to ids: inout [TokenID]) {
        encode(text.append(chunk), into: &ids)
    }

    /// Takes the next bytes and appends the ids that are certain to `ids`.
    public mutating func append(_ chunk: [UInt8], to ids: inout [TokenID]) {
        chunk.withUnsafeBytes { append($0, to: &ids) }
    }

    /// Ends the text and appends the ids held back; the encoder is then as new.
    public mutating func finish(to ids: inout [TokenID]) {
        encode(text.finish(), into: &ids)
    }

    private func encode(_ part: [UInt8], into ids: inout [TokenID]) {
        part.withUnsafeBytes {
            ids += tokenizer.encode($0, endOfTextMarker: endOfTextMarker, threads: threads)
        }
    }
}
