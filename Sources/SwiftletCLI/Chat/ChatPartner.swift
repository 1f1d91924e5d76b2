// Who is talked to: a model that knows conversations, or one that only continues texts, which at a
// terminal is shown what is typed and goes on with it.

import Swiftlet

/// The model of a chat, and what it knows of what was said.
enum ChatPartner {
    /// One that was trained for conversations.
    case conversation(ChatSession)
    /// One that was not.
    case continuation(TextContinuation)

    /// Whether what it says is the rest of the message, and no reply to it.
    var continuesMessages: Bool { session == nil }

    /// What was said so far; a model that continues texts knows nothing of the text before.
    var messages: [ChatMessage] { session?.messages ?? [] }

    /// The conversation, if it is one.
    var session: ChatSession? {
        if case .conversation(let session) = self { return session }
        return nil
    }

    /// What it says to a message, to be generated as it is asked for.
    /// - Throws: ``TextGenerationError`` or ``InferenceError`` when there is no room for it.
    func stream(to message: String) throws -> any ChatReply {
        switch self {
        case .conversation(let session): try session.streamResponse(to: message)
        case .continuation(let continuation): try continuation.stream(message)
        }
    }
}

/// A model that continues one text after the other.
final class TextContinuation {
    private let generator: TextGenerator
    private let options: GenerationOptions
    private var seed: UInt64

    init(_ generator: TextGenerator, options: GenerationOptions, seed: UInt64) {
        self.generator = generator
        self.options = options
        self.seed = seed
    }

    /// Continues a text; the same one goes on in another way the next time.
    func stream(_ text: String) throws -> TextStream {
        defer { seed &+= 1 }
        return try generator.stream(prompt: text, options: options, seed: seed)
    }
}

/// What a model says, as it is made.
protocol ChatReply: AnyObject {
    /// The next piece; nil at the end.
    func next() throws -> String?
    /// Ends it.
    func interrupt()
    /// How it was made so far.
    func report(seconds: Double) -> ChatReport
}

extension ChatResponseStream: ChatReply {
    func report(seconds: Double) -> ChatReport {
        ChatReport(
            text: response.content,
            tokens: response.tokens,
            promptTokens: response.promptTokenCount,
            generatedTokens: response.tokens.count,
            seconds: seconds,
            stopReason: response.stopReason,
            forgottenTurns: response.forgottenTurnCount
        )
    }
}

extension TextStream: ChatReply {
    func report(seconds: Double) -> ChatReport {
        ChatReport(
            text: text,
            tokens: tokens,
            promptTokens: promptTokenCount,
            generatedTokens: tokens.count,
            seconds: seconds,
            stopReason: stopReason,
            forgottenTurns: 0
        )
    }
}
