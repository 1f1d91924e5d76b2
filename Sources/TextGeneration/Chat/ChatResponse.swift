// What a model says in one turn, complete or as it is generated.

import Inference
import Tokenization

/// What a model said in one turn.
public struct ChatResponse: Sendable, Equatable {
    /// The reply.
    public let content: String
    /// Its tokens, without the one that ended it.
    public let tokens: [TokenID]
    /// How likely the model found each of them, if that was asked for; otherwise empty.
    public let logprobs: [TokenLogprobs]
    /// Tokens that the model read for this turn before it replied, without those it had already
    /// read.
    public let promptTokenCount: Int
    /// Why it ended; nil while it continues.
    public let stopReason: StopReason?
    /// Turns forgotten so far.
    public let forgottenTurnCount: Int
}

/// A reply being generated, in pieces that are always valid Unicode.
///
/// The first piece is empty, and comes when the model has read the message.
///
/// ```swift
/// let reply = try chat.streamResponse(to: "Hello!")
/// while let piece = try reply.next() { print(piece, terminator: "") }
/// ```
package final class ChatResponseStream {
    private let session: ChatSession
    private let turn: ChatTurn

    init(_ session: ChatSession, _ turn: ChatTurn) {
        self.session = session
        self.turn = turn
    }

    /// The reply so far.
    package var response: ChatResponse { turn.response }

    /// Generates one token and returns the text that becomes certain, which may be empty.
    /// - Returns: The piece, or nil at the end of the reply, which is then part of the
    ///   conversation.
    /// - Throws: What the model or the sampler throws; the conversation then lacks this turn.
    package func next() throws -> String? {
        try session.nextPiece(of: turn)
    }

    /// Ends the reply; pending text can still be asked for.
    package func interrupt() {
        session.interrupt(turn)
    }
}

extension ChatResponseStream: AsyncSequence {
    /// Iterates over the pieces that are not empty.
    package func makeAsyncIterator() -> PieceIterator { PieceIterator(next) }
}

// Its session is not Sendable.
@available(*, unavailable) extension ChatResponseStream: Sendable {}

/// A message and the reply to it so far.
final class ChatTurn {
    let message: ChatMessage
    /// Turns that were forgotten before this one.
    let forgottenBefore: Int
    var forgottenTurnCount: Int
    var promptTokenCount = 0
    /// Whether the model has read the message.
    var isRead = false
    var reply: TextAssembler
    var tokens: [TokenID] = []
    var logprobs: [TokenLogprobs] = []
    var stopReason: StopReason?

    init(_ message: String, reply: TextAssembler, forgottenTurnCount: Int) {
        self.message = ChatMessage(role: .user, content: message)
        self.reply = reply
        forgottenBefore = forgottenTurnCount
        self.forgottenTurnCount = forgottenTurnCount
    }

    var response: ChatResponse {
        ChatResponse(
            content: reply.text,
            tokens: tokens,
            logprobs: logprobs,
            promptTokenCount: promptTokenCount,
            stopReason: stopReason,
            forgottenTurnCount: forgottenTurnCount
        )
    }
}
