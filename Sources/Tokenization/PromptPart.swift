// Texts with tokens between them, and how they are encoded.

/// A text, or a token that stands for itself.
public enum PromptPart: Sendable, Equatable {
    /// Text, in which no name is a token.
    case text(String)
    /// A token.
    case token(TokenID)
}

extension Tokenizer {
    /// The ids of texts and the tokens between them, such as those of a chat.
    ///
    /// No name in a text is a token: so what a user typed becomes none.
    /// - Throws: ``TokenizerError/noToken(byte:)``, where the tokenizer does not cover all text.
    public func encode(_ parts: [PromptPart]) throws -> [TokenID] {
        try parts.indices.flatMap { try encode(partAt: $0, of: parts) }
    }

    /// The ids of one of several parts, encoded as in all of them.
    /// - Throws: ``TokenizerError/noToken(byte:)``, where the tokenizer does not cover all text.
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
            // Whitespace beside a token may go with it, as where its name is found in text.
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
