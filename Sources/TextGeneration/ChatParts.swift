// A conversation on its way to tokens: texts, and between them the tokens that mark places. The two
// never mix, so that nothing a user writes becomes a marker.

import Tokenization

/// The parts of a conversation, in order.
struct ChatParts {
    private(set) var parts: [PromptPart] = []
    let tokenizer: any Tokenizer
    /// The tokens of the markers so far; looking for one takes as long as the vocabulary is.
    private var markers: [String: TokenID?] = [:]

    init(_ tokenizer: any Tokenizer) {
        self.tokenizer = tokenizer
    }

    /// Appends text, which is one with the text before it.
    mutating func append(_ text: String) {
        guard case .text(var joined)? = parts.last else { return parts.append(.text(text)) }
        // Taken out, so that a long text grows where it is instead of being copied.
        parts.removeLast()
        joined += text
        parts.append(.text(joined))
    }

    /// Appends a token, if there is one.
    mutating func append(_ token: TokenID?) {
        if let token { parts.append(.token(token)) }
    }

    mutating func append(_ pieces: [ChatForm.Piece]) {
        for piece in pieces {
            switch piece {
            case .text(let text): append(text)
            case .endOfText: append(tokenizer.endsOfText.first)
            case .marker(let name):
                if let token = marker(name) { append(token) } else { append(name) }
            }
        }
    }

    private mutating func marker(_ name: String) -> TokenID? {
        if let known = markers[name] { return known }
        let token = tokenizer.specialToken(name)
        markers[name] = .some(token)
        return token
    }

    /// The tokens of all of it.
    /// - Throws: `TokenizerError` where the tokenizer does not cover all text.
    func tokens() throws -> [TokenID] { try tokenizer.encode(parts) }
}
