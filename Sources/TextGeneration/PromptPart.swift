// Texts with tokens between them, and how they are encoded.

import Tokenization

/// A text, or a token that stands for itself.
enum PromptPart: Sendable, Equatable { case text(String), token(TokenID) }

extension Tokenizer {
    func encode(_ parts: [PromptPart]) throws -> [TokenID] {
        parts.flatMap { part in
            switch part {
            case .text(let text): encode(text)
            case .token(let id): [id]
            }
        }
    }

    func specialToken(_ name: String) -> TokenID? { nil }
}
