// Tokenizers over bytes: text to ids and back, also by several threads. How one is made from a
// description is in BytePairTokenizer+Description.swift, files are in
// BytePairTokenizer+Files.swift.

import Synchronization

/// Byte-level byte pair encoding: GPT-2's, and that of models that cut text into words by another
/// rule, such as Llama 3 and SmolLM2.
///
/// With GPT-2's tokenizer and most others, any bytes can be encoded, and decoding gives the same
/// bytes back. Bytes that are not UTF-8 are kept too, each treated as a character that is neither
/// letter, number nor whitespace. Letters, numbers and whitespace are those of Unicode 16.0. A
/// single word must have less than 4 GiB.
///
/// ```swift
/// let tokenizer = try BytePairTokenizer(contentsOf: "gpt2_tokenizer.bin")
/// let ids = try tokenizer.encode("Hello world")       // [15496, 995]
/// let text = try tokenizer.decode(ids)
/// ```
///
/// One object may be used from several threads at once.
package final class BytePairTokenizer: Sendable {
    /// The tokens' bytes.
    package let vocabulary: Vocabulary
    /// What this tokenizer is, as data.
    package let description: TokenizerDescription
    let model: PieceModel
    private let ordinary: AddedTokenSearch
    private let all: AddedTokenSearch
    private let pool = EncoderPool { PieceEncoder() }

    /// Joins parts that have been read and checked.
    init(_ description: TokenizerDescription, vocabulary: Vocabulary, model: PieceModel) {
        self.description = description
        self.vocabulary = vocabulary
        self.model = model
        func search(_ tokens: [AddedToken]) -> AddedTokenSearch {
            AddedTokenSearch(tokens, in: vocabulary.texts) { description.normalization.of($0) }
        }
        ordinary = search(description.addedTokens.filter { !$0.isSpecial })
        all = search(description.addedTokens)
    }

    /// The number of tokens, including the end of text.
    package var vocabularySize: Int { vocabulary.count }

    /// The merges by rank.
    var merges: MergeTable { model.merges }

    /// The merges as numbers, for checksums: the token of each byte, then for each merge, in order,
    /// the two tokens it takes and the one it makes.
    package var mergeNumbers: [TokenID] {
        merges.byteTokens + merges.merges.flatMap { [$0.left, $0.right, $0.merged] }
    }

    /// The id between documents; nil when there is none.
    package var endOfText: TokenID? { vocabulary.endOfText }

    /// The ids of a text, in which names of special tokens mean what `specialTokens` says.
    /// - Throws: ``TextTokenizerError/noToken(byte:)``.
    package func encode(_ text: String, specialTokens: SpecialTokens) throws -> [TokenID] {
        var text = text
        return try text.withUTF8 {
            try encode(UnsafeRawBufferPointer($0), specialTokens: specialTokens)
        }
    }

    /// The ids of arbitrary bytes.
    /// - Throws: ``TextTokenizerError/noToken(byte:)``.
    package func encode(
        _ bytes: [UInt8],
        specialTokens: SpecialTokens = .text
    ) throws -> [TokenID] {
        try bytes.withUnsafeBytes { try encode($0, specialTokens: specialTokens) }
    }

    /// The ids of arbitrary bytes, such as those of a mapped file, found on this thread.
    /// - Throws: ``TextTokenizerError/noToken(byte:)``.
    package func encode(
        _ bytes: UnsafeRawBufferPointer,
        specialTokens: SpecialTokens = .text
    ) throws -> [TokenID] {
        var output: [TokenID] = []
        // English takes 4.2 bytes per token with GPT-2's vocabulary.
        output.reserveCapacity(bytes.count / 4)
        try withEncoder { try encode(bytes, specialTokens, using: &$0, into: &output) }
        return output
    }

    /// Appends the ids of arbitrary bytes, as ``encode(_:specialTokens:)`` does.
    func append(_ bytes: UnsafeRawBufferPointer, to output: inout [TokenID]) throws {
        if bytes.isEmpty { return }
        try withEncoder { try encode(bytes, .text, using: &$0, into: &output) }
    }

    /// Appends the ids of a text to `output`.
    /// - Throws: ``TextTokenizerError/noToken(byte:)``.
    func encode(
        _ bytes: UnsafeRawBufferPointer,
        _ specialTokens: SpecialTokens,
        using encoder: inout PieceEncoder,
        into output: inout [TokenID]
    ) throws {
        bytes.withMemoryRebound(to: UInt8.self) { bytes in
            let search = search(for: specialTokens)
            if let search {
                search.forEachPart(of: bytes, normalize: description.normalization.changed) {
                    switch $0 {
                    case .token(let id): output.append(id)
                    case .text(let text): encode(words: text, using: &encoder, into: &output)
                    }
                }
            } else if let changed = description.normalization.changed(bytes) {
                changed.withUnsafeBufferPointer {
                    encode(words: $0, using: &encoder, into: &output)
                }
            } else {
                encode(words: bytes, using: &encoder, into: &output)
            }
        }
        if let byte = encoder.takeMissing() { throw TextTokenizerError.noToken(byte: byte) }
    }

    private func encode(
        words bytes: UnsafeBufferPointer<UInt8>,
        using encoder: inout PieceEncoder,
        into output: inout [TokenID]
    ) {
        guard description.spacePrefix != .never, let first = bytes.first, first != Ascii.space
        else { return encoder.encode(bytes, with: model, into: &output) }
        ([Ascii.space] + bytes).withUnsafeBufferPointer {
            encoder.encode($0, with: model, into: &output)
        }
    }

    /// Lends an encoder, warm from earlier calls if there is one.
    func withEncoder<Result>(_ body: (inout PieceEncoder) throws -> Result) rethrows -> Result {
        try pool.withEncoder(body)
    }

    /// The search for added tokens; nil when there are none to look for.
    func search(for specialTokens: SpecialTokens) -> AddedTokenSearch? {
        let search: AddedTokenSearch? =
            switch specialTokens {
            case .plain: nil
            case .text: ordinary
            case .token: all
            }
        return search?.isEmpty == false ? search : nil
    }

    /// Where a text may be cut so that its parts can be encoded separately.
    package func cutting(_ specialTokens: SpecialTokens) -> CuttingRule {
        CuttingRule(
            splitting: description.splitting,
            marker: search(for: specialTokens)?.markers,
            isNormalized: description.normalization != .none,
            // A space would be put before each part.
            isUncut: description.spacePrefix != .never
        )
    }
}

extension Vocabulary: TokenDecoder {
    package var vocabularySize: Int { count }
    package var startOfText: TokenID? { endOfText }
    package var endsOfText: [TokenID] { endOfText.map { [$0] } ?? [] }

    package func bytes(of id: TokenID, after previous: TokenID?) throws -> ArraySlice<UInt8> {
        guard contains(id) else {
            throw TextTokenizerError.unknownToken(id: id, vocabularySize: count)
        }
        return slice(of: id)
    }
}

extension BytePairTokenizer: Tokenizer {
    package var startOfText: TokenID? { description.startOfText ?? endOfText }
    package var endsOfText: [TokenID] { description.endsOfText }

    package func bytes(of id: TokenID, after previous: TokenID?) throws -> ArraySlice<UInt8> {
        try vocabulary.bytes(of: id, after: previous)
    }

    /// The ids given to a model so that it continues a text; names of special tokens in the text
    /// are those tokens.
    ///
    /// A token that starts texts comes first if the model expects one, and when there would be
    /// nothing else.
    package func promptTokens(of bytes: [UInt8]) throws -> [TokenID] {
        let start = startOfText.map { [$0] } ?? []
        let ids = try encode(bytes, specialTokens: .token)
        return description.addsStartOfText || ids.isEmpty ? start + ids : ids
    }
}

extension BytePairTokenizer {
    /// The ids of arbitrary bytes, found by several threads; they are the ids that one thread
    /// finds.
    ///
    /// The text is cut where no pre-token spans the cut. So a single giant word is encoded by one
    /// thread, and so is a text of less than 256 kB. The threads are Dispatch's, plus the calling
    /// one.
    package func encode(
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
