// The model in a chat: one that knows conversations, or one that only continues texts, which at a
// terminal continues what is typed.

import Swiftlet

/// The model in a chat, and what it remembers.
enum ChatPartner {
    /// One that was trained for conversations.
    case conversation(ChatSession)
    /// One that was not.
    case continuation(TextContinuation)

    /// Whether its output continues the message rather than replying to it.
    var continuesMessages: Bool { session == nil }

    /// The messages so far; a model that continues texts remembers none.
    var messages: [ChatMessage] { session?.messages ?? [] }

    /// The conversation, if it is one.
    var session: ChatSession? {
        if case .conversation(let session) = self { return session }
        return nil
    }

    /// Its answer to a message, generated as it is read.
    /// - Throws: ``TextGenerationError`` or ``InferenceError`` when there is no room for it.
    func stream(to message: String) throws -> any ChatReply {
        switch self {
        case .conversation(let session): try session.streamResponse(to: message)
        case .continuation(let continuation): try continuation.stream(message)
        }
    }
}

/// A model that continues one text after another.
final class TextContinuation {
    private let generator: TextGenerator
    private let options: TextGenerationOptions
    private var seed: UInt64

    init(_ generator: TextGenerator, options: TextGenerationOptions, seed: UInt64) {
        self.generator = generator
        self.options = options
        self.seed = seed
    }

    /// Continues a text; the same text continues differently the next time.
    func stream(_ text: String) throws -> TextStream {
        defer { seed &+= 1 }
        return try generator.stream(prompt: text, options: options, seed: seed)
    }
}

/// A model's output, as it is generated.
protocol ChatReply: AnyObject {
    /// The next piece; nil at the end.
    func next() throws -> String?
    /// Stops it.
    func interrupt()
    /// How it was generated so far.
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
