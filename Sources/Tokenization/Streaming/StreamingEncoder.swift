// Ids of a text that arrives in chunks. It knows nothing of documents and shards.

/// Encodes bytes that arrive in chunks of any size; the ids are those of the whole text.
///
/// It holds back the end of what it was given, from the last place that no pre-token spans, so its
/// memory is bounded by the longest word and the largest chunk.
///
/// ```swift
/// var encoder = StreamingEncoder(tokenizer)
/// while let chunk = try nextChunk() { try encoder.append(chunk, to: &ids) }
/// try encoder.finish(to: &ids)
/// ```
package struct StreamingEncoder: Sendable {
    private let tokenizer: BytePairTokenizer
    private let specialTokens: SpecialTokens
    private let threads: Int
    private var text: HeldBackText

    /// Starts a text.
    ///
    /// - Parameters:
    ///   - tokenizer: The tokenizer that encodes.
    ///   - specialTokens: What names of special tokens in the text mean.
    ///   - threads: How many threads encode a large chunk; see
    ///     ``BytePairTokenizer/encode(_:specialTokens:threads:)``.
    package init(
        _ tokenizer: BytePairTokenizer,
        specialTokens: SpecialTokens = .text,
        threads: Int = 1
    ) {
        precondition(threads > 0, "encoding takes one thread or more, got \(threads)")
        self.tokenizer = tokenizer
        self.specialTokens = specialTokens
        self.threads = threads
        text = HeldBackText(tokenizer.cutting(specialTokens))
    }

    /// Takes the next bytes and appends the ids that are certain to `ids`.
    /// - Throws: ``TextTokenizerError/noToken(byte:)``.
    package mutating func append(_ chunk: UnsafeRawBufferPointer, to ids: inout [TokenID]) throws {
        try encode(text.append(chunk), into: &ids)
    }

    /// Takes the next bytes and appends the ids that are certain to `ids`.
    /// - Throws: ``TextTokenizerError/noToken(byte:)``.
    package mutating func append(_ chunk: [UInt8], to ids: inout [TokenID]) throws {
        try chunk.withUnsafeBytes { try append($0, to: &ids) }
    }

    /// Ends the text and appends the ids held back; the encoder can then be used again.
    /// - Throws: ``TextTokenizerError/noToken(byte:)``.
    package mutating func finish(to ids: inout [TokenID]) throws {
        try encode(text.finish(), into: &ids)
    }

    private func encode(_ part: [UInt8], into ids: inout [TokenID]) throws {
        try part.withUnsafeBytes {
            ids += try tokenizer.encode($0, specialTokens: specialTokens, threads: threads)
        }
    }
}
