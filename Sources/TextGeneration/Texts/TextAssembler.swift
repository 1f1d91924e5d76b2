import Tokenization

/// Tokens to text, as far as the text is certain: a character may be spread over several tokens,
/// and so may a stop string.
struct TextAssembler {
    /// All pieces given out so far, joined.
    private(set) var text = ""
    /// Whether the text has ended with a stop string.
    var isStopped: Bool { matcher.isStopped }

    private var decoder: StreamingDecoder
    private var matcher: StopStringMatcher

    /// Starts a text after a token, the last one of its prompt.
    init(_ vocabulary: any TokenDecoder, after previous: TokenID?, stopStrings: [String]) {
        decoder = StreamingDecoder(vocabulary, after: previous)
        matcher = StopStringMatcher(stopStrings)
    }

    /// Takes a token and returns the text it makes certain, which may be none.
    /// - Throws: `TokenizerError` for a token outside the vocabulary.
    mutating func append(_ token: TokenID) throws -> String {
        giveOut(matcher.append(try decoder.append(token)))
    }

    /// Ends the text and returns what was held back; a character left unfinished becomes U+FFFD.
    mutating func finish() -> String {
        giveOut(matcher.append(decoder.finish()) + matcher.finish())
    }

    private mutating func giveOut(_ piece: String) -> String {
        text += piece
        return piece
    }
}
