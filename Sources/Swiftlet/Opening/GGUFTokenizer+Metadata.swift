// The keys of a tokenizer in GGUF files. Containers do not know tokenizers, nor tokenizers
// containers, so the two meet here.

import TensorFiles
import Tokenization

/// The keys, which share a prefix except for the last.
private enum Key {
    static let model = "tokenizer.ggml.model"
    static let pre = "tokenizer.ggml.pre"
    static let tokens = "tokenizer.ggml.tokens"
    static let scores = "tokenizer.ggml.scores"
    static let types = "tokenizer.ggml.token_type"
    static let merges = "tokenizer.ggml.merges"
    static let startOfText = "tokenizer.ggml.bos_token_id"
    static let endOfText = "tokenizer.ggml.eos_token_id"
    static let endOfTurn = "tokenizer.ggml.eot_token_id"
    static let endOfMessage = "tokenizer.ggml.eom_token_id"
    static let unknown = "tokenizer.ggml.unknown_token_id"
    static let padding = "tokenizer.ggml.padding_token_id"
    static let addsStartOfText = "tokenizer.ggml.add_bos_token"
    static let addsSpacePrefix = "tokenizer.ggml.add_space_prefix"
    static let chatTemplate = "tokenizer.chat_template"
}

extension GGUFTokenizer {
    /// The name of a token that only exists because the model has a row for it, as llama.cpp's
    /// tools call it.
    private static func paddingName(_ id: Int) -> [UInt8] { Array("[PAD\(id)]".utf8) }

    /// The tokenizer that a file's metadata describes, without padding tokens at its end; nil if
    /// there is none.
    /// - Throws: `TensorFileError` for keys that are damaged.
    init?(_ metadata: GGUFMetadata) throws {
        guard let model = try metadata.string(Key.model), model != "none",
            let tokens = try metadata.byteStrings(Key.tokens)
        else { return nil }
        self.init(model: model, tokens: TokenTexts(tokens))
        pre = try metadata.string(Key.pre)
        scores = try metadata.floats(Key.scores) ?? []
        types = try (metadata.integers(Key.types) ?? []).map { Int32(clamping: $0) }
        merges = TokenTexts(try metadata.byteStrings(Key.merges) ?? [])
        // Some programs write -1, or its bits, for none.
        func id(_ key: String) throws -> Int? {
            try metadata.integer(key).flatMap { tokens.indices.contains($0) ? $0 : nil }
        }
        startOfText = try id(Key.startOfText)
        endOfText = try id(Key.endOfText)
        endOfTurn = try id(Key.endOfTurn)
        endOfMessage = try id(Key.endOfMessage)
        unknown = try id(Key.unknown)
        padding = try id(Key.padding)
        addsStartOfText = try metadata.bool(Key.addsStartOfText)
        addsSpacePrefix = try metadata.bool(Key.addsSpacePrefix)
        chatTemplate = try metadata.string(Key.chatTemplate)
        removePadding()
    }

    /// Removes the tokens that ``metadata(vocabularySize:)`` added to a smaller tokenizer.
    private mutating func removePadding() {
        let named = [startOfText, endOfText, endOfTurn, endOfMessage, unknown, padding]
            .compactMap(\.self)
        let least = named.reduce(0) { max($0, $1 + 1) }
        guard types.count == tokens.count, scores.isEmpty || scores.count == tokens.count else {
            return
        }
        var count = tokens.count
        while count > least, types[count - 1] == Self.unusedType,
            tokens[count - 1].elementsEqual(Self.paddingName(count - 1))
        {
            count -= 1
        }
        guard count < tokens.count else { return }
        tokens = TokenTexts(tokens.prefix(count))
        types.removeSubrange(count...)
        if !scores.isEmpty { scores.removeSubrange(count...) }
    }

    private static let unusedType = Int32(TokenType.unused.rawValue)

    /// The keys that describe this tokenizer in a file.
    /// - Parameter vocabularySize: The number of tokens that the model knows; those that the
    ///   tokenizer lacks get a name that no text can produce.
    /// - Returns: The keys.
    func metadata(vocabularySize: Int) -> GGUFMetadata {
        var metadata = GGUFMetadata()
        let missing = tokens.count..<max(tokens.count, vocabularySize)
        metadata[Key.model] = .string(model)
        metadata[Key.pre] = pre.map { .string($0) }
        metadata[Key.tokens] = .array(
            GGUFArray(strings: tokens.map(Array.init) + missing.map(Self.paddingName))
        )
        metadata[Key.types] = .array(GGUFArray(types + missing.map { _ in Self.unusedType }))
        if !scores.isEmpty {
            metadata[Key.scores] = .array(GGUFArray(scores + missing.map { _ in 0 }))
        }
        if !merges.isEmpty {
            metadata[Key.merges] = .array(GGUFArray(strings: merges.map(Array.init)))
        }
        for (key, id) in [
            (Key.startOfText, startOfText), (Key.endOfText, endOfText), (Key.endOfTurn, endOfTurn),
            (Key.endOfMessage, endOfMessage), (Key.unknown, unknown), (Key.padding, padding),
        ] {
            metadata[key] = id.map { .uint32(UInt32($0)) }
        }
        metadata[Key.addsStartOfText] = addsStartOfText.map { .bool($0) }
        metadata[Key.addsSpacePrefix] = addsSpacePrefix.map { .bool($0) }
        metadata[Key.chatTemplate] = chatTemplate.map { .string($0) }
        return metadata
    }
}
