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

    /// The tokens that stand after a reply.
    func closing(tokenizer: any Tokenizer) -> [TokenID]
}

/// Llama 2's form: instructions in `[INST]` and `[/INST]`, every turn a text with a start and an end.
public struct Llama2ChatTemplate: ChatTemplate {
    /// Makes the template.
    public init() {}

    public func opening(
        of message: String,
        system: String?,
        tokenizer: any Tokenizer
    ) -> [TokenID] {
        let part = system.map { "<<SYS>>\n\($0)\n<</SYS>>\n\n" } ?? ""
        return tokenizer.promptTokens(of: "[INST] \(part)\(message) [/INST]")
    }

    public func closing(tokenizer: any Tokenizer) -> [TokenID] {
        Array(tokenizer.endsOfText.prefix(1))
    }
}
