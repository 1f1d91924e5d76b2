// The form of Llama 2's conversations.

import Tokenization

/// Llama 2's form: instructions in `[INST]` and `[/INST]`, every turn a text with a start and an
/// end.
///
/// The ids are those of Meta's program and of the template that Hugging Face publishes with the
/// models. Both strip messages and replies of the blanks around them. A system prompt is a part of
/// the first message, so that blanks between the two stay.
public struct Llama2ChatTemplate: ChatTemplate {
    /// Makes the template.
    public init() {}

    public func promptTokens(of messages: [ChatMessage], tokenizer: any Tokenizer) -> [TokenID] {
        var tokens: [TokenID] = []
        var system = ""
        // A message of the user, which is read together with the reply to it.
        var instruction: String?
        for message in messages {
            switch message.role {
            case .system: system = "<<SYS>>\n\(message.content)\n<</SYS>>\n\n"
            case .user:
                instruction = "[INST] \((system + message.content).strippingBlanks()) [/INST]"
                system = ""
            case .assistant:
                let turn = "\(instruction ?? "") \(message.content.strippingBlanks()) "
                tokens += tokenizer.promptTokens(of: turn) + tokenizer.endsOfText.prefix(1)
                instruction = nil
            }
        }
        return tokens + (instruction.map(tokenizer.promptTokens(of:)) ?? [])
    }
}
