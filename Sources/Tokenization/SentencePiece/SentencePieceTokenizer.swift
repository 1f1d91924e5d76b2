// Llama's tokenizer: text to ids and back. How pieces are merged is SentencePieceEncoder's
// business, and what pieces there are SentencePieceVocabulary's.

import Synchronization

/// SentencePiece's byte pair encoding: the tokenizer of Llama and Llama 2, and of models made with
/// other settings of SentencePiece's trainer, which travel in its file and are carried out.
///
/// The ids are those of SentencePiece and of llama2.c. Both replace U+2581, which stands for a
/// space in their pieces; so text with that character comes back with a space, as it does from
/// SentencePiece. Unlike there, bytes that are not UTF-8 are kept.
///
/// ```swift
/// let tokenizer = try SentencePieceTokenizer(contentsOf: "tokenizer.model")
/// let ids = tokenizer.promptTokens(of: "Hello world")      // [1, 15043, 3186]
/// let text = try tokenizer.decode(ids)
/// ```
///
/// One object may be used from several threads at once.
public final class SentencePieceTokenizer: Tokenizer {
    /// The pieces.
    public let vocabulary: SentencePieceVocabulary

    // Encoders keep their working memory: as many as calls ever ran at once.
    private let idleEncoders = Mutex<[SentencePieceEncoder]>([])

    /// Encodes with these pieces.
    public init(_ vocabulary: SentencePieceVocabulary) {
        self.vocabulary = vocabulary
    }

    /// The number of pieces.
    public var vocabularySize: Int { vocabulary.count }

    /// The id before every text, Llama's `<s>`; nil for a model made without one.
    public var startOfText: TokenID? { vocabulary.start }

    /// Both markers, because a model that was trained on texts in a row, such as those of llama2.c,
    /// goes from one to the next without an end.
    public var endsOfText: [TokenID] { [vocabulary.end, vocabulary.start].compactMap(\.self) }

    /// The ids of a text, without markers before or after it.
    public func encode(_ text: String) -> [TokenID] {
        var text = text
        return text.withUTF8 { encode(UnsafeRawBufferPointer($0)) }
    }

    /// The ids of bytes that may be anything; those that are not UTF-8 become byte pieces.
    public func encode(_ bytes: UnsafeRawBufferPointer) -> [TokenID] {
        if bytes.isEmpty { return [] }
        var output: [TokenID] = []
        // English takes 3.8 bytes a token with Llama's vocabulary.
        output.reserveCapacity(bytes.count / 3)
        var encoder = idleEncoders.withLock { $0.popLast() } ?? SentencePieceEncoder()
        let text = bytes.withMemoryRebound(to: UInt8.self) { vocabulary.normalizer.normalized($0) }
        text.withUnsafeBufferPointer { encoder.encode($0, with: vocabulary, into: &output) }
        idleEncoders.withLock { $0.append(encoder) }
        return output
    }

    /// `<s>`, where there is one, and the ids of the text.
    public func promptTokens(of text: String) -> [TokenID] {
        var text = text
        return text.withUTF8 { promptTokens(of: UnsafeRawBufferPointer($0)) }
    }

    /// The same for bytes that may be anything.
    public func promptTokens(of bytes: UnsafeRawBufferPointer) -> [TokenID] {
        (startOfText.map { [$0] } ?? []) + encode(bytes)
    }

    /// The bytes one token adds to a text: none for a marker, and for the first piece of a text
    /// those after the space that encoding has put before it.
    public func bytes(of id: TokenID, after previous: TokenID?) throws -> ArraySlice<UInt8> {
        guard vocabulary.contains(id) else {
            throw TokenizerError.unknownToken(id: id, vocabularySize: vocabularySize)
        }
        switch vocabulary.kind(of: id) {
        case .control: return []
        case .unknown: return vocabulary.unknownSurface[...]
        case .byte: return vocabulary.text(of: id)
        case .normal, .userDefined, .unused:
            return vocabulary.surface(of: id, isFirst: previous == nil || previous == startOfText)
        }
    }

    public func context(after id: TokenID, _ previous: TokenID?) -> TokenID? {
        guard vocabulary.contains(id), id != startOfText else { return id }
        let isFirst = previous == nil || previous == startOfText
        switch vocabulary.kind(of: id) {
        // A marker is nowhere in the text.
        case .control: return previous
        // A text whose extra spaces are removed does not begin with them either.
        case .normal, .userDefined, .unused:
            let isPassedOver =
                isFirst && vocabulary.normalizer.settings.removesExtraSpaces
                && vocabulary.surface(of: id, isFirst: true).isEmpty
            return isPassedOver ? previous : id
        case .unknown, .byte: return id
        }
    }
}
