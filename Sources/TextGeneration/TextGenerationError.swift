import FileIO

/// A text that cannot be generated; `description` is one sentence for the user.
public enum TextGenerationError: Error, Equatable, Sendable {
    /// The tokenizer has more tokens than the model.
    case vocabularyMismatch(tokenizerSize: Int, modelSize: Int)
    /// A stop string that every text begins with.
    case emptyStopString
    /// Texts to be generated from no prompts at all.
    case noPrompts
    /// A text without a prompt, and no token that stands before every text.
    case nothingToStart
    /// A prompt of text for a generator that was made to take tokens only.
    case noTokenizer
    /// Messages of a conversation in an order that it cannot have: the one at `index` is not whose
    /// turn it is.
    case messageOutOfTurn(index: Int, role: ChatMessage.Role, expected: ChatMessage.Role)
    /// A conversation that ends with a message nobody has replied to.
    case noReply
    /// A conversation in which the assistant says nothing, so that nothing can be learnt from it.
    case nothingSaid
    /// Line `line` of `path`, counted from 1, is no conversation to learn from.
    case invalidConversation(path: FilePath, line: Int, reason: String)
    /// A file of conversations with none in it.
    case noConversations(path: FilePath)
    /// A file that holds no conversation, or one that cannot go on here.
    case invalidHistory(path: FilePath, reason: String)
    /// A message that fills the context alone, with the system prompt.
    case turnTooLong(tokenCount: Int, maximum: Int)
}

extension TextGenerationError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .vocabularyMismatch(let tokenizerSize, let modelSize):
            "the tokenizer has \(tokenizerSize) tokens, but the model's vocabulary has "
                + "only \(modelSize); use the tokenizer the model was trained with"
        case .emptyStopString:
            "a stop string must have at least one character; leave it out for none"
        case .noPrompts:
            "there are no prompts to continue; give an empty one to start a new text"
        case .nothingToStart:
            "the tokenizer has no token that starts a text, so the model cannot begin without a "
                + "prompt; give one"
        case .noTokenizer:
            "a prompt of text needs the model's tokenizer, and only its vocabulary is here; give "
                + "the tokenizer, or a prompt of tokens"
        case .messageOutOfTurn(let index, let role, let expected):
            "message \(index + 1) of the conversation is the \(role.rawValue)'s, but it is the "
                + "\(expected.rawValue)'s turn; the user and the assistant speak in turn"
        case .noReply:
            "the conversation ends with a message of the user that has no reply; add the reply, or "
                + "take the message out"
        case .nothingSaid:
            "the assistant says nothing, so that there is nothing to learn; add its message, or "
                + "leave the conversation out"
        case .invalidConversation(let path, let line, let reason):
            "\(path):\(line): \(reason)"
        case .noConversations(let path):
            "'\(path)' holds no conversations; give one a line, as "
                + #"{"messages":[{"role":"user","content":"..."},"#
                + #"{"role":"assistant","content":"..."}]}"#
        case .invalidHistory(let path, let reason):
            "the conversation in '\(path)' cannot be used: \(reason)"
        case .turnTooLong(let tokenCount, let maximum):
            "the message and the system prompt are \(tokenCount) tokens long, but the model can "
                + "look at \(maximum); make them shorter"
        }
    }
}
