// How the turns of a conversation become the tokens that a model has seen conversations in.

import Tokenization

/// The form of a conversation that a model was trained with.
public protocol ChatTemplate: Sendable {
    /// The tokens that stand before the model's reply to one message.
    /// - Parameters:
    ///   - message: What the user says.
    ///   - system: What the model is told about its part; only of the first turn.
    ///   - tokenizer: What encodes text.
    /// - Returns: The tokens, which begin where the turn before it ended.
    func opening(
        of message: String,
        system: String?,
        tokenizer: any Tokenizer
    ) -> [TokenID]

    /// The tokens of a turn that is over: those before the reply, the reply, and those that end it.
    /// - Parameters:
    ///   - message: What the user said.
    ///   - reply: What the model said; it may be incomplete, and is then treated as if it was not.
    ///   - system: What the model was told about its part; only of the first turn.
    ///   - tokenizer: What encodes text.
    /// - Returns: The tokens, which begin where the turn before it ended.
    func turn(
        _ message: String,
        reply: String,
        system: String?,
        tokenizer: any Tokenizer
    ) -> [TokenID]
}

/// Llama 2's form: instructions in `[INST]` and `[/INST]`, every turn a text with a start and an
/// end.
///
/// The ids are those of Meta's program and of the template that Hugging Face publishes with the
/// models. Both strip messages and replies of the blanks around them. A system prompt is a part of
/// the first message, so that blanks between the two stay.
public struct Llama2ChatTemplate: ChatTemplate {
    /// Makes the template.
    public init() {}

    public func opening(
        of message: String,
        system: String?,
        tokenizer: any Tokenizer
    ) -> [TokenID] {
        tokenizer.promptTokens(of: instruction(message, system))
    }

    public func turn(
        _ message: String,
        reply: String,
        system: String?,
        tokenizer: any Tokenizer
    ) -> [TokenID] {
        let text = "\(instruction(message, system)) \(reply.strippingBlanks()) "
        return tokenizer.promptTokens(of: text) + tokenizer.endsOfText.prefix(1)
    }

    private func instruction(_ message: String, _ system: String?) -> String {
        let part = system.map { "<<SYS>>\n\($0)\n<</SYS>>\n\n" } ?? ""
        return "[INST] \((part + message).strippingBlanks()) [/INST]"
    }
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
