// Tokens as text, for JSON and for people. How a tokenizer makes text of them is its own business.

import Swiftlet

/// The texts of a model's tokens, where a tokenizer is known.
struct TokenNames {
    private let decoder: (any TokenDecoder)?
    /// The names of all tokens, where those that mark places in a sequence are no text.
    private let names: TokenTexts?

    /// Takes a tokenizer; nil where there is none, so that only numbers are shown.
    init(_ decoder: (any TokenDecoder)?) {
        self.decoder = decoder
        let markers = (decoder?.endsOfText ?? []) + (decoder?.startOfText.map { [$0] } ?? [])
        let isSilent = { (id: TokenID) in
            (try? decoder?.bytes(of: id, after: nil))?.isEmpty == true
        }
        names =
            markers.contains(where: isSilent)
            ? (decoder as? any Tokenizer)?.description.tokens : nil
    }

    /// What one token adds to the middle of a text; of a part of a character, U+FFFD.
    /// - Returns: The text; nil for a token that the tokenizer lacks, or without a tokenizer.
    func text(of token: TokenID) -> String? {
        bytes(of: token).map { String(decoding: $0, as: UTF8.self) }
    }

    /// What each token of a sequence adds to its text.
    /// - Returns: As many texts as tokens; nil for those that the tokenizer lacks.
    func texts(of tokens: [TokenID]) -> [String?] {
        var previous: TokenID?
        return tokens.map { token in
            defer { previous = decoder?.context(after: token, previous) }
            return (try? decoder?.bytes(of: token, after: previous))
                .map { String(decoding: $0, as: UTF8.self) }
        }
    }

    /// The text of some tokens in the middle of a sequence; what is no UTF-8 in it becomes U+FFFD.
    /// - Parameters:
    ///   - tokens: Those that the tokenizer lacks add nothing.
    ///   - previous: The token before them; nil at the start of the sequence.
    /// - Returns: Their text.
    func text(of tokens: some Sequence<TokenID>, after previous: TokenID?) -> String {
        var previous = previous
        var bytes: [UInt8] = []
        for token in tokens {
            bytes += (try? decoder?.bytes(of: token, after: previous)) ?? []
            previous = decoder?.context(after: token, previous)
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// A token for people: its text in quotes, with every byte that cannot be shown written out; of
    /// a marker its name, such as `<s>`; or else its number.
    func label(of token: TokenID) -> String {
        guard let bytes = bytes(of: token), !bytes.isEmpty else { return name(of: token) }
        return "'\(DisplayText.escaping(bytes: bytes))'"
    }

    /// What a token that is no text is called: a marker's name, or the token's number.
    func name(of token: TokenID) -> String {
        guard let names, names.indices.contains(Int(token)) else { return "#\(token)" }
        // Some files have line ends around the names of markers.
        let name = names[Int(token)].filter { $0 > 0x20 }
        return name.isEmpty ? "#\(token)" : DisplayText.escaping(bytes: name)
    }

    /// The bytes that one token adds to the middle of a text; nil for a token that the tokenizer
    /// lacks, or without a tokenizer.
    func bytes(of token: TokenID) -> ArraySlice<UInt8>? {
        // After a token that is no mark of a start, so that a space before a word stays.
        try? decoder?.bytes(of: token, after: token == decoder?.startOfText ? nil : token)
    }
}
