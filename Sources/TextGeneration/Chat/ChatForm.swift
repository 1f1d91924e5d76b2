// The forms of conversations that are known, and what each puts around messages. What a form cannot
// know of a model is read from the model's own template, in KnownChatTemplate+Recognition.swift.

/// A form of conversations, whatever model was trained with it.
public enum ChatForm: String, Sendable, CaseIterable {
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
    /// trained with no form of their own.
    case plain

    /// A piece of what stands around messages.
    enum Piece: Equatable {
        /// Text.
        case text(String)
        /// A token of this name; where the tokenizer has none, the name as text.
        case marker(String)
        /// The token that ends texts.
        case endOfText
    }

    /// What stands before a message; nil where messages are put together in another way.
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

    /// What stands after a message.
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
        // The second is for calls of tools.
        case .llama3: ["<|eot_id|>", "<|eom_id|>"]
        case .chatml: ["<|im_end|>"]
        }
    }

    /// Whether a conversation begins with the token that starts texts, unless a model's own
    /// template says it.
    var startsWithStartOfText: Bool { self == .llama2 || self == .llama3 || self == .plain }

    /// Whether messages are stripped of the blanks around them, unless a model's own template says
    /// it.
    var stripsMessages: Bool { self == .llama2 || self == .llama3 }
}

extension String {
    /// The text with its first letter in upper case.
    fileprivate var capitalizedASCII: String { prefix(1).uppercased() + dropFirst() }
}
