import Tokenization

/// Tokens to text, as far as the text is certain: a character may be spread over several tokens,
/// and so may a stop string.
struct TextAssembler {
    /// All pieces given out so far, joined.
    private(set) var text = ""
    /// Whether the text has ended with a stop string.
    var isStopped: Bool { matcher.isStopped }

    private let vocabulary: Vocabulary
    private var decoder = StreamingUTF8Decoder()
    private var matcher: StopStringMatcher

    init(_ vocabulary: Vocabulary, stopStrings: [String]) {
        self.vocabulary = vocabulary
        matcher = StopStringMatcher(stopStrings)
    }

    /// Takes a token and returns the text it makes certain, which may be none.
    mutating func append(_ token: TokenID) -> String {
        giveOut(matcher.append(decoder.append(vocabulary.bytes(of: token))))
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
