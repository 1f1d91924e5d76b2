import FileIO

/// A text that cannot be generated; `description` is one sentence for the user.
public enum TextGenerationError: Error, Equatable, Sendable {
    /// The tokenizer has more tokens than the model.
    case vocabularyMismatch(tokenizerSize: Int, modelSize: Int)
    /// A stop string that every text begins with.
    case emptyStopString
    /// No prompts to continue.
    case noPrompts
    /// A text without a prompt, and no token that starts every text.
    case nothingToStart
    /// A text prompt for a generator that was created for tokens only.
    case noTokenizer
    /// Messages of a conversation in a wrong order: the one at `index` is out of turn.
    case messageOutOfTurn(index: Int, role: ChatMessage.Role, expected: ChatMessage.Role)
    /// A conversation that ends with a message without a reply.
    case noReply
    /// A conversation in which the assistant says nothing, so there is nothing to learn.
    case nothingSaid
    /// Line `line` of `path`, counted from 1, is not a conversation to train on.
    case invalidConversation(path: FilePath, line: Int, reason: String)
    /// A file of conversations with none in it.
    case noConversations(path: FilePath)
    /// A file that holds no conversation, or one that cannot be continued.
    case invalidHistory(path: FilePath, reason: String)
    /// A message that, with the system prompt, is too long for the context.
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
            "the conversation ends with a user's message that has no reply; add the reply, or "
                + "remove the message"
        case .nothingSaid:
            "the assistant says nothing, so there is nothing to learn; add its message, or "
                + "remove the conversation"
        case .invalidConversation(let path, let line, let reason):
            "\(path):\(line): \(reason)"
        case .noConversations(let path):
            "'\(path)' holds no conversations; give one per line, as "
                + #"{"messages":[{"role":"user","content":"..."},"#
                + #"{"role":"assistant","content":"..."}]}"#
        case .invalidHistory(let path, let reason):
            "the conversation in '\(path)' cannot be used: \(reason)"
        case .turnTooLong(let tokenCount, let maximum):
            "the message and the system prompt are \(tokenCount) tokens long, but the model can "
                + "only see \(maximum); make them shorter"
        }
    }
}
