// Text out of tokens that arrive one by one, as a model generates them.

/// Turns tokens that arrive one by one into text, without ever showing half a character.
///
/// What all calls return, joined, is what decoding all tokens at once gives.
///
/// ```swift
/// var decoder = StreamingDecoder(tokenizer, after: prompt.last)
/// for id in ids { print(try decoder.append(id), terminator: "") }
/// print(decoder.finish())
/// ```
public struct StreamingDecoder: Sendable {
    private let tokens: any TokenDecoder
    private var previous: TokenID?
    private var characters = StreamingUTF8Decoder()

    /// Starts with nothing pending.
    /// - Parameters:
    ///   - tokens: What the ids stand for.
    ///   - previous: The token before the first one; nil at the start of a sequence.
    public init(_ tokens: any TokenDecoder, after previous: TokenID? = nil) {
        self.tokens = tokens
        self.previous = previous
    }

    /// Takes the next token and returns the characters it completes, which may be none.
    /// - Throws: ``TokenizerError/unknownToken(id:vocabularySize:)``.
    public mutating func append(_ id: TokenID) throws -> String {
        let bytes = try tokens.bytes(of: id, after: previous)
        previous = tokens.context(after: id, previous)
        return characters.append(bytes)
    }

    /// Ends the text and returns U+FFFD if a character was left unfinished, else nothing.
    public mutating func finish() -> String {
        characters.finish()
    }
}
