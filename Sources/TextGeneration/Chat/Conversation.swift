// A conversation for Swift's tasks: a ChatSession on its model's thread.

import Inference
import Tokenization

/// A conversation with a model, turn by turn.
///
/// ```swift
/// let chat = try await model.chat(instructions: "Be brief.")
/// print(try await chat.respond(to: "What is a swiftlet?").content)
/// for try await piece in try await chat.streamResponse(to: "Where does it live?") {
///     print(piece, terminator: "")
/// }
/// ```
///
/// A turn costs only its own tokens. When the context is full, the oldest turns are dropped and the
/// instructions stay.
public final class Conversation: Sendable {
    private let generator: AsyncTextGenerator
    private let session: Confined<ChatSession>

    /// Starts a conversation with the model of a generator.
    /// - Parameters:
    ///   - generator: The model, with its tokenizer.
    ///   - makeSession: Makes the conversation from the model.
    /// - Throws: What `makeSession` throws.
    package init(
        _ generator: AsyncTextGenerator,
        _ makeSession: @Sendable (any LanguageModel) throws -> ChatSession
    ) async throws {
        self.generator = generator
        session = try await generator.run { Confined(try makeSession($0.model)) }
    }

    /// All messages, including those the context has dropped: the instructions, if there are any,
    /// and then the user and the assistant in turn.
    public var messages: [ChatMessage] {
        get async throws { try await run { $0.messages } }
    }

    /// The tokens that the conversation takes in the model's context, without dropped turns.
    public var contextTokenCount: Int {
        get async throws { try await run { try $0.contextTokenCount() } }
    }

    /// Takes a message and generates the whole reply.
    ///
    /// When the task is canceled, the reply ends where it is, and ``ChatResponse/stopReason`` is
    /// ``StopReason/interrupted``.
    /// - Parameter message: What the user says.
    /// - Returns: The reply, which is now part of the conversation.
    /// - Throws: ``TextGenerationError/turnTooLong(tokenCount:maximum:)``, or what the model
    ///   throws; the conversation is then without this turn.
    public func respond(to message: String) async throws -> ChatResponse {
        let reply = try await streamResponse(to: message)
        for try await _ in reply {}
        return try await reply.end()
    }

    /// Takes a message and generates the reply as its pieces are asked for.
    ///
    /// A reply that is not finished when the next message comes ends there.
    /// - Parameter message: What the user says.
    /// - Returns: The reply, piece by piece; it joins the conversation when it has ended.
    /// - Throws: ``TextGenerationError/turnTooLong(tokenCount:maximum:)``; the conversation is then
    ///   without this turn.
    public func streamResponse(to message: String) async throws -> ReplyPieces {
        let stream = try await run { Confined(try $0.streamResponse(to: message)) }
        return ReplyPieces(generator: generator, stream: stream)
    }

    /// Continues from other messages.
    ///
    /// The model does not read again what both begin with.
    /// - Parameter messages: The instructions, if there are any, and then the user and the
    ///   assistant in turn.
    /// - Throws: ``TextGenerationError`` when roles do not alternate; the conversation then stays
    ///   as it was.
    public func restart(with messages: [ChatMessage]) async throws {
        try await run { try $0.restart(with: messages) }
    }

    private func run<Value: Sendable>(
        _ body: @Sendable (ChatSession) throws -> Value
    ) async throws -> Value {
        try await generator.run { [session] _ in try body(session.value) }
    }
}

/// A reply as a sequence of pieces, each of them valid Unicode and not empty.
///
/// Iterate over it once: a piece that was returned is not returned again.
public struct ReplyPieces: AsyncSequence, Sendable {
    fileprivate let generator: AsyncTextGenerator
    fileprivate let stream: Confined<ChatResponseStream>

    /// The reply so far, with its tokens and why it ended.
    public var response: ChatResponse {
        get async throws { try await generator.run { [stream] _ in stream.value.response } }
    }

    /// Iterates over the pieces that are left.
    public func makeAsyncIterator() -> Iterator {
        Iterator(pieces: self)
    }

    /// Ends the reply where it is, and returns it whole.
    fileprivate func end() async throws -> ChatResponse {
        try await generator.run { [stream] _ in
            let stream = stream.value
            stream.interrupt()
            // These pieces were held back; they no longer need the model.
            while try stream.next() != nil {}
            return stream.response
        }
    }

    /// Returns one piece after the other.
    public struct Iterator: AsyncIteratorProtocol {
        fileprivate let pieces: ReplyPieces

        /// The next piece; nil at the end of the reply, and when the task is canceled.
        /// - Throws: What the model throws; the conversation is then without this turn.
        public func next() async throws -> String? {
            try await pieces.generator.run { [stream = pieces.stream] _ in
                try PieceIterator(stream.value.next).nextPiece()
            }
        }
    }
}
