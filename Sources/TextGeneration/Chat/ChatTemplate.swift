// How the messages of a conversation become the tokens that a model has seen conversations in.

import Tokenization

/// The form of a conversation that a model was trained with.
public protocol ChatTemplate: Sendable {
    /// The tokens of a conversation.
    /// - Parameters:
    ///   - messages: What was said: what the model is told about its part, if anything, and then
    ///     the user and the assistant in turn.
    ///   - tokenizer: What encodes text.
    /// - Returns: After a message of the user, all that stands before the reply; after one of the
    ///   assistant, also what ends it, whether it is complete or not. The tokens of a conversation
    ///   begin with those of its beginning, as far as it ends with the assistant.
    /// - Throws: `TokenizerError` where the tokenizer does not cover all text;
    ///   ``TextGenerationError/messageOutOfTurn(index:role:expected:)`` where the form has no place
    ///   for a message.
    func promptTokens(of messages: [ChatMessage], tokenizer: any Tokenizer) throws -> [TokenID]

    /// The ids that end a reply besides those that end every text, if the form has any.
    func endsOfReply(_ tokenizer: any Tokenizer) -> [TokenID]

    /// The texts that end a reply, where no id does.
    func stopStrings(_ tokenizer: any Tokenizer) -> [String]
}

extension ChatTemplate {
    public func endsOfReply(_ tokenizer: any Tokenizer) -> [TokenID] { [] }
    public func stopStrings(_ tokenizer: any Tokenizer) -> [String] { [] }
}

extension String {
    /// The text without the blanks at both ends, as Python's `str.strip()` gives it: models were
    /// trained on what that left.
    package func strippingBlanks() -> String {
        let scalars = unicodeScalars
        guard let first = scalars.firstIndex(where: { !$0.isBlank }),
            let last = scalars.lastIndex(where: { !$0.isBlank })
        else { return "" }
        return String(scalars[first...last])
    }
}

extension Unicode.Scalar {
    /// White space as Unicode has it, and four separators that Python counts too.
    fileprivate var isBlank: Bool {
        properties.isWhitespace || "\u{1C}"..."\u{1F}" ~= self
    }
}
