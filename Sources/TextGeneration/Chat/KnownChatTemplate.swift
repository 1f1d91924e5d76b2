// How the messages of a conversation become tokens in the known forms, and what each form puts
// around messages. What varies between models of one form is read from the model's own template, in
// KnownChatTemplate+Recognition.swift; templates for other programs are in +Jinja.swift.

import Tokenization

/// One of the known forms, as a model uses it.
///
/// The ids are those of the templates published with such models. Dates and tools that some of
/// these add to a conversation are omitted: models answer without them.
package struct KnownChatTemplate: ChatTemplate, Equatable {
    /// The form.
    package let form: ChatForm
    /// The default system prompt, for conversations that do not begin with one.
    package let defaultSystem: String?
    /// Whether a conversation begins with the token that starts texts.
    package let startsWithStartOfText: Bool
    /// Whether messages are stripped of surrounding white space.
    package let stripsMessages: Bool

    /// A form without anything specific to a model.
    package init(_ form: ChatForm) {
        self.init(
            form,
            defaultSystem: nil,
            startsWithStartOfText: form.startsWithStartOfText,
            stripsMessages: form.stripsMessages
        )
    }

    init(
        _ form: ChatForm,
        defaultSystem: String?,
        startsWithStartOfText: Bool,
        stripsMessages: Bool
    ) {
        self.form = form
        self.defaultSystem = defaultSystem
        self.startsWithStartOfText = startsWithStartOfText
        self.stripsMessages = stripsMessages
    }

    package func promptTokens(
        of messages: [ChatMessage],
        tokenizer: any Tokenizer
    ) throws -> [TokenID] {
        try parts(of: messages, tokenizer).tokens()
    }

    /// The tokens of a conversation, for training.
    /// - Parameters:
    ///   - messages: What was said, in turn; it ends with the assistant.
    ///   - tokenizer: What encodes text.
    ///   - limit: The most tokens that are needed.
    /// - Returns: The first `limit` of ``promptTokens(of:tokenizer:)``, or all; what the assistant
    ///   says is marked for training, with the token that ends it.
    /// - Throws: ``TextGenerationError`` when messages are not in turn, or none is a reply;
    ///   `TextTokenizerError` where the tokenizer does not cover all text.
    package func conversationTokens(
        of messages: [ChatMessage],
        tokenizer: any Tokenizer,
        limit: Int = .max
    ) throws -> ConversationTokens {
        try messages.checkTurns()
        guard messages.contains(where: { $0.role == .assistant }) else {
            throw TextGenerationError.nothingSaid
        }
        return try parts(of: messages, tokenizer).conversationTokens(limit: limit)
    }

    private func parts(
        of messages: [ChatMessage],
        _ tokenizer: any Tokenizer
    ) throws -> ChatParts {
        var messages = messages
        if let defaultSystem, messages.first?.role != .system {
            messages.insert(ChatMessage(role: .system, content: defaultSystem), at: 0)
        }
        var parts = ChatParts(tokenizer)
        if form == .llama2 {
            // Its form only has places for messages in turn.
            try messages.checkOrder()
            appendInstructions(messages, to: &parts)
        } else {
            appendTurns(messages, to: &parts)
        }
        return parts
    }

    package func endsOfReply(_ tokenizer: any Tokenizer) -> [TokenID] {
        form.endMarkers.compactMap(tokenizer.specialToken)
    }

    package func stopStrings(_ tokenizer: any Tokenizer) -> [String] {
        // A model that has not learned to end its reply continues with the user's part.
        if form == .plain { return ["\nUser:"] }
        let end = form.endMarkers.prefix(1)
        return end.filter { tokenizer.specialToken($0) == nil }
    }

    private func content(_ message: ChatMessage) -> String {
        stripsMessages ? message.content.strippingBlanks() : message.content
    }

    /// The forms in which every message is between an opening and a closing.
    private func appendTurns(_ messages: [ChatMessage], to parts: inout ChatParts) {
        if startsWithStartOfText { parts.append(parts.tokenizer.startOfText) }
        for message in messages {
            parts.append(form.opening(message.role) ?? [])
            let closing = form.closing(message.role)
            if message.role == .assistant {
                parts.turnReply()
                parts.append(content(message))
                // The model must learn to say that it has finished, and nothing after that.
                parts.append(Array(closing.prefix(1)))
                parts.turnReply()
                parts.append(Array(closing.dropFirst()))
            } else {
                parts.append(content(message))
                parts.append(closing)
            }
        }
        if messages.last?.role != .assistant { parts.append(form.opening(.assistant) ?? []) }
    }

    /// Llama 2's form: a system prompt is part of the first message, and is stripped with it, so
    /// white space between the two stays.
    private func appendInstructions(_ messages: [ChatMessage], to parts: inout ChatParts) {
        var system = ""
        for message in messages {
            switch message.role {
            case .system: system = "<<SYS>>\n\(message.content)\n<</SYS>>\n\n"
            case .user:
                parts.append(parts.tokenizer.startOfText)
                parts.append("[INST] \((system + message.content).strippingBlanks()) [/INST]")
                system = ""
            case .assistant:
                parts.turnReply()
                parts.append(" \(message.content.strippingBlanks()) ")
                parts.append(parts.tokenizer.endsOfText.first)
                parts.turnReply()
            }
        }
    }
}

/// A form of conversations, independent of the model.
public enum ChatForm: String, Sendable, CaseIterable, Codable {
    /// `[INST] message [/INST] reply`, every turn a text of its own: Llama 2's.
    case llama2
    /// `<|start_header_id|>role<|end_header_id|>` before a message, `<|eot_id|>` after it: Llama
    /// 3's.
    case llama3
    /// `<|im_start|>role` before a message, `<|im_end|>` after it: SmolLM2's, Qwen's and others'.
    case chatml
    /// `<|role|>` before a message, the end of text after it: Zephyr's and TinyLlama's.
    case zephyr
    /// The role and a colon before a message, the end of text after a reply: for models that were
    /// trained without a form of their own.
    case plain

    /// A piece of the text around messages.
    enum Piece: Equatable {
        /// Text.
        case text(String)
        /// A token of this name; if the tokenizer has none, the name as text.
        case marker(String)
        /// The token that ends texts.
        case endOfText
    }

    /// What comes before a message; nil if the form assembles messages in another way.
    func opening(_ role: ChatMessage.Role) -> [Piece]? {
        switch self {
        case .llama2: nil
        case .llama3:
            [
                .marker("<|start_header_id|>"), .text(role.rawValue), .marker("<|end_header_id|>"),
                .text("\n\n"),
            ]
        case .chatml: [.marker("<|im_start|>"), .text(role.rawValue + "\n")]
        case .zephyr: [.marker("<|\(role.rawValue)|>"), .text("\n")]
        case .plain: [.text(role.rawValue.capitalizedASCII + ":\n")]
        }
    }

    /// What comes after a message.
    func closing(_ role: ChatMessage.Role) -> [Piece] {
        switch self {
        case .llama2: []
        case .llama3: [.marker("<|eot_id|>")]
        case .chatml: [.marker("<|im_end|>"), .text("\n")]
        case .zephyr: [.endOfText, .text("\n")]
        case .plain: (role == .assistant ? [.endOfText] : []) + [.text("\n\n")]
        }
    }

    /// The names of tokens that end a reply, besides those that end every text.
    var endMarkers: [String] {
        switch self {
        case .llama2, .zephyr, .plain: []
        // The second is for tool calls.
        case .llama3: ["<|eot_id|>", "<|eom_id|>"]
        case .chatml: ["<|im_end|>"]
        }
    }

    /// Whether a conversation begins with the token that starts texts, unless a model's own
    /// template says otherwise.
    var startsWithStartOfText: Bool { self == .llama2 || self == .llama3 || self == .plain }

    /// Whether messages are stripped of surrounding white space, unless a model's own template says
    /// otherwise.
    var stripsMessages: Bool { self == .llama2 || self == .llama3 }
}

extension String {
    /// The text with its first letter in upper case.
    fileprivate var capitalizedASCII: String { prefix(1).uppercased() + dropFirst() }
}
