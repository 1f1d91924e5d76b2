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
        var ids: [TokenID] = []
        for (index, part) in parts.enumerated() {
            switch part {
            case .token(let id): ids.append(id)
            case .text(let text):
                if index > 0, let tokenizer = self as? SentencePieceTokenizer {
                    ids += try tokenizer.encode(afterToken: text)
                } else {
                    ids += try encode(text, specialTokens: .plain)
                }
            }
        }
        return ids
    }
}
