// Llama's tokenizer: text to ids and back. How pieces are merged is SentencePieceEncoder's
// business, or PieceEncoder's where a list says what merges; what pieces there are is
// SentencePieceVocabulary's. Texts that are too long to be encoded at once are encoded in parts.

/// SentencePiece's byte pair encoding: the tokenizer of Llama and Llama 2, and of models made with
/// other settings of SentencePiece's trainer, which their files carry and which are honored.
///
/// The ids are those of SentencePiece and llama2.c, or of Hugging Face's tokenizers if the
/// tokenizer came in one of their files. All replace U+2581, which stands for a space in their
/// pieces, so text with that character comes back with a space, as it does from SentencePiece.
/// Unlike there, bytes that are not UTF-8 are kept.
///
/// ```swift
/// let tokenizer = try SentencePieceTokenizer(contentsOf: "tokenizer.model")
/// let ids = try tokenizer.promptTokens(of: "Hello world")      // [1, 15043, 3186]
/// let text = try tokenizer.decode(ids)
/// ```
///
/// One object may be used from several threads at once.
package final class SentencePieceTokenizer: Tokenizer {
    /// The pieces.
    package let vocabulary: SentencePieceVocabulary
    /// What this tokenizer is, as data.
    package let description: TokenizerDescription
    /// How pieces are merged, if not by their scores.
    let model: PieceModel?
    let ordinary: AddedTokenSearch
    private let all: AddedTokenSearch
    private let pool = EncoderPool { SentencePieceEncoder() }
    private let mergingPool = EncoderPool { PieceEncoder() }

    /// Encodes with these pieces.
    package convenience init(_ vocabulary: SentencePieceVocabulary) {
        self.init(vocabulary, TokenizerDescription(vocabulary), model: nil)
    }

    /// Joins parts that have been read and checked.
    init(
        _ vocabulary: SentencePieceVocabulary,
        _ description: TokenizerDescription,
        model: PieceModel?
    ) {
        self.vocabulary = vocabulary
        self.description = description
        self.model = model
        func search(_ tokens: [AddedToken]) -> AddedTokenSearch {
            AddedTokenSearch(tokens, in: description.tokens) { name in
                guard !description.marksSpacesLate else { return name }
                return name.withUnsafeBufferPointer { vocabulary.normalizer.normalized($0) }
            }
        }
        ordinary = search(description.addedTokens.filter { !$0.isSpecial })
        all = search(description.addedTokens)
    }

    /// The number of pieces.
    package var vocabularySize: Int { vocabulary.count }

    /// The id that begins every text, Llama's `<s>`; nil for a model made without one.
    package var startOfText: TokenID? { vocabulary.start }

    /// The ends of a text, and its start, because a model trained on texts in a row, such as
    /// llama2.c's, goes from one to the next without an end.
    package var endsOfText: [TokenID] {
        let ends = description.endsOfText
        return ends + [vocabulary.start].compactMap(\.self).filter { !ends.contains($0) }
    }

    /// The ids of a text, without markers before or after it.
    /// - Throws: ``TextTokenizerError/noToken(byte:)``.
    package func encode(_ text: String, specialTokens: SpecialTokens) throws -> [TokenID] {
        var text = text
        return try text.withUTF8 {
            try encode(UnsafeRawBufferPointer($0), specialTokens: specialTokens)
        }
    }

    /// The ids of arbitrary bytes; those that are not UTF-8 become byte pieces.
    /// - Throws: ``TextTokenizerError/noToken(byte:)``.
    package func encode(
        _ bytes: UnsafeRawBufferPointer,
        specialTokens: SpecialTokens = .text
    ) throws -> [TokenID] {
        if bytes.isEmpty { return [] }
        var output: [TokenID] = []
        // English takes 3.8 bytes per token with Llama's vocabulary.
        output.reserveCapacity(bytes.count / 3)
        try bytes.withMemoryRebound(to: UInt8.self) { text in
            let search: AddedTokenSearch? =
                switch specialTokens {
                case .plain: nil
                case .text: ordinary
                case .token: all
                }
            guard let search, !search.isEmpty else {
                let text = marked(text, isFirst: true)
                let isTyped = specialTokens == .plain
                return try text.withUnsafeBufferPointer {
                    try merge($0, leavingOutMarkers: isTyped, into: &output)
                }
            }
            let isLate = description.marksSpacesLate
            var isFirst = true
            try search.forEachPart(
                of: text,
                normalize: { isLate ? nil : vocabulary.normalizer.normalized($0) },
                { part in
                    defer { isFirst = false }
                    switch part {
                    case .token(let id): output.append(id)
                    case .text(let text) where isLate:
                        let text = marked(text, isFirst: isFirst)
                        try text.withUnsafeBufferPointer { try merge($0, into: &output) }
                    case .text(let text): try merge(text, into: &output)
                    }
                }
            )
        }
        return output
    }

    /// The ids of a text that follows a token; no name in it is a token.
    func encode(afterToken text: String) throws -> [TokenID] {
        var (text, output) = (text, [TokenID]())
        try text.withUTF8 { bytes in
            guard !bytes.isEmpty else { return }
            let marked = marked(bytes, isFirst: false)
            try marked.withUnsafeBufferPointer {
                try merge($0, leavingOutMarkers: true, into: &output)
            }
        }
        return output
    }

    /// `<s>`, if prompts begin with it, and the ids of the text, in which names of added tokens are
    /// those tokens.
    /// - Throws: ``TextTokenizerError/noToken(byte:)``.
    package func promptTokens(of bytes: [UInt8]) throws -> [TokenID] {
        let start = startOfText.map { [$0] } ?? []
        let ids = try bytes.withUnsafeBytes { try encode($0, specialTokens: .token) }
        return description.addsStartOfText || ids.isEmpty ? start + ids : ids
    }

    package func bytes(of id: TokenID, after previous: TokenID?) throws -> ArraySlice<UInt8> {
        try vocabulary.bytes(of: id, after: previous)
    }

    package func context(after id: TokenID, _ previous: TokenID?) -> TokenID? {
        vocabulary.context(after: id, previous)
    }

    /// The text in which pieces are looked for, with spaces as in pieces.
    private func marked(_ text: UnsafeBufferPointer<UInt8>, isFirst: Bool) -> [UInt8] {
        guard description.marksSpacesLate else { return vocabulary.normalizer.normalized(text) }
        let marked = SentencePieceVocabulary.replacingSpaceMarks(in: text)
        let prefix = description.spacePrefix
        let isPrefixed = prefix == .always || prefix == .first && isFirst
        return isPrefixed && marked.first != Ascii.space ? [Ascii.space] + marked : marked
    }

    func merge(
        _ text: UnsafeBufferPointer<UInt8>,
        leavingOutMarkers: Bool = false,
        into output: inout [TokenID]
    ) throws {
        guard let model else {
            return pool.withEncoder {
                $0.encode(
                    text,
                    with: vocabulary,
                    leavingOutMarkers: leavingOutMarkers,
                    into: &output
                )
            }
        }
        let missing = mergingPool.withEncoder {
            $0.encode(text, with: model, into: &output)
            return $0.takeMissing()
        }
        if let missing { throw TextTokenizerError.noToken(byte: missing) }
    }
}

extension SentencePieceTokenizer {
    /// Where a document may be cut so that its parts can be encoded separately: before the first of
    /// several spaces, if each of them begins a piece.
    var documentCutting: CuttingRule {
        var cutting = CuttingRule(splitting: .spaces, marker: nil)
        cutting.keepsSpacesTogether = true
        var settings = vocabulary.normalizer.settings
        settings.addsDummySpace = true
        cutting.isUncut =
            !splitsAtSpaces || settings != SentencePieceNormalizer.Settings() || !ordinary.isEmpty
            // A run of unknown text is one piece, wherever it is cut.
            || vocabulary.byteIDs.isEmpty
        return cutting
    }

    private var splitsAtSpaces: Bool {
        guard case .spaces(let cut)? = model?.words else { return vocabulary.splitsAtSpaces }
        return cut != .nowhere
    }

    /// Appends the ids of a document, or of a part of one.
    /// - Parameters:
    ///   - bytes: The text.
    ///   - isStart: Whether the document begins with it.
    ///   - output: Where ids are appended.
    /// - Throws: ``TextTokenizerError/noToken(byte:)``.
    func append(
        _ bytes: UnsafeRawBufferPointer,
        isStart: Bool,
        to output: inout [TokenID]
    ) throws {
        if bytes.isEmpty { return }
        if isStart {
            output += try encode(bytes)
            return
        }
        try bytes.withMemoryRebound(to: UInt8.self) { text in
            let marked = SentencePieceVocabulary.replacingSpaceMarks(in: text)
            try marked.withUnsafeBufferPointer { try merge($0, into: &output) }
        }
    }
}
