// GPT-2's tokens as the programs above this module see them: one token starts texts and ends them,
// and it may be written in a prompt by its name.

extension Vocabulary: TokenDecoder {
    public var vocabularySize: Int { count }
    public var startOfText: TokenID? { endOfText }
    public var endsOfText: [TokenID] { endOfText.map { [$0] } ?? [] }

    public func bytes(of id: TokenID, after previous: TokenID?) throws -> ArraySlice<UInt8> {
        guard contains(id) else {
            throw TokenizerError.unknownToken(id: id, vocabularySize: count)
        }
        return slice(of: id)
    }
}

extension BytePairTokenizer: Tokenizer {
    public var startOfText: TokenID? { description.startOfText ?? endOfText }
    public var endsOfText: [TokenID] { description.endsOfText }

    public func bytes(of id: TokenID, after previous: TokenID?) throws -> ArraySlice<UInt8> {
        try vocabulary.bytes(of: id, after: previous)
    }

    /// The ids a model is given so that it continues a text, in which names of special tokens are
    /// these tokens.
    ///
    /// A token that starts texts stands before it where the model was made so, and where there
    /// would be nothing else.
    public func promptTokens(of bytes: [UInt8]) throws -> [TokenID] {
        let start = startOfText.map { [$0] } ?? []
        let ids = try encode(bytes, specialTokens: .token)
        return description.addsStartOfText || ids.isEmpty ? start + ids : ids
    }
}
