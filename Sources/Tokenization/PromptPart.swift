// Texts with tokens between them, and how they are encoded; and a conversation as a model learns
// from it.

/// A text, or a token that stands for itself.
package enum PromptPart: Sendable, Equatable {
    /// Text in which no name is a token.
    case text(String)
    /// A token.
    case token(TokenID)
}

extension Tokenizer {
    /// The ids of texts and the tokens between them, such as those of a chat.
    ///
    /// No name in a text is a token, so what a user typed cannot become one.
    /// - Throws: ``TextTokenizerError/noToken(byte:)``, where the tokenizer does not cover all
    ///   text.
    package func encode(_ parts: [PromptPart]) throws -> [TokenID] {
        try parts.indices.flatMap { try encode(partAt: $0, of: parts) }
    }

    /// The ids of one of several parts, encoded as they would be together.
    /// - Throws: ``TextTokenizerError/noToken(byte:)``, where the tokenizer does not cover all
    ///   text.
    package func encode(partAt index: Int, of parts: [PromptPart]) throws -> [TokenID] {
        func addedToken(at index: Int) -> AddedToken? {
            guard parts.indices.contains(index), case .token(let id) = parts[index] else {
                return nil
            }
            return description.addedTokens.first { $0.id == id }
        }
        switch parts[index] {
        case .token(let id): return [id]
        case .text(let text):
            // Whitespace next to a token may belong to it, as when its name is found in text.
            var text = text.unicodeScalars[...]
            if addedToken(at: index - 1)?.takesSpaceAfter == true {
                text = text.drop { $0.properties.isWhitespace }
            }
            if addedToken(at: index + 1)?.takesSpaceBefore == true {
                while text.last?.properties.isWhitespace == true { text.removeLast() }
            }
            if index > 0, let tokenizer = self as? SentencePieceTokenizer {
                return try tokenizer.encode(afterToken: String(text))
            }
            return try encode(String(text), specialTokens: .plain)
        }
    }
}

/// The tokens of a conversation, and which of them are to be learned: what one side says.
package struct ConversationTokens: Sendable, Equatable {
    /// All tokens, in order.
    package private(set) var tokens: [TokenID] = []
    /// For each token, whether it is to be learned.
    package private(set) var isLearnt: [Bool] = []

    /// No tokens.
    package init() {}

    /// Appends tokens that are all to be learned, or none of them.
    package mutating func append(_ more: some Collection<TokenID>, isLearnt: Bool) {
        tokens += more
        self.isLearnt += repeatElement(isLearnt, count: more.count)
    }

    /// Appends another part.
    package mutating func append(_ more: Self) {
        tokens += more.tokens
        isLearnt += more.isLearnt
    }

    /// The first `count` tokens, or all.
    package func prefix(_ count: Int) -> Self {
        if tokens.count <= count { return self }
        var result = Self()
        result.tokens = Array(tokens.prefix(count))
        result.isLearnt = Array(isLearnt.prefix(count))
        return result
    }
}
