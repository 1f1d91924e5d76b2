// GPT-2's tokens as the programs above this module see them: one token starts texts and ends them,
// and it may be written in a prompt by its name.

extension Vocabulary: TokenDecoder {
    public var vocabularySize: Int { count }
    public var startOfText: TokenID? { endOfText }
    public var endsOfText: [TokenID] { [endOfText] }

    public func bytes(of id: TokenID, after previous: TokenID?) throws -> ArraySlice<UInt8> {
        guard contains(id) else {
            throw TokenizerError.unknownToken(id: id, vocabularySize: count)
        }
        return slice(of: id)
    }
}

extension BytePairTokenizer: Tokenizer {
    public var startOfText: TokenID? { endOfText }
    public var endsOfText: [TokenID] { [endOfText] }

    public func bytes(of id: TokenID, after previous: TokenID?) throws -> ArraySlice<UInt8> {
        try vocabulary.bytes(of: id, after: previous)
    }

    public func encode(_ text: String) -> [TokenID] {
        encode(text, endOfTextMarker: .text)
    }

    public func promptTokens(of text: String) -> [TokenID] {
        text.isEmpty ? [endOfText] : encode(text, endOfTextMarker: .token)
    }
}
