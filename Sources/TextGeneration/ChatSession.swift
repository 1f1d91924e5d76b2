// A conversation with a model. What the model has read of it stays in its session, so that a turn
// costs its own tokens only, and those of the last reply where the template writes it otherwise.
// When the context is full, the oldest turns go and the system prompt stays.

import Inference
import Tokenization

/// What a model said in one turn.
public struct ChatReply: Sendable, Equatable {
    /// The reply.
    public let text: String
    /// Its tokens, without the one that ended it.
    public let tokens: [TokenID]
    /// Tokens that the model read for this turn before it replied: those it had not read yet.
    public let promptTokenCount: Int
    /// Why it ended.
    public let stopReason: StopReason
    /// Turns that had to be forgotten so far.
    public let forgottenTurnCount: Int
}

/// A conversation, turn by turn.
///
/// ```swift
/// let chat = try ChatSession(model, tokenizer: tokenizer, options: options, seed: 1)
/// let reply = try chat.reply(to: "Hello!") { piece in
///     print(piece, terminator: "")
///     return true
/// }
/// ```
public final class ChatSession {
    private struct Turn {
        let message: String
        /// The tokens of the reply as they were drawn.
        var drawn: [TokenID] = []
        /// The text of the reply, once the turn is over.
        var reply: String?
        /// All of the turn as the model reads it.
        var tokens: [TokenID]

        mutating func add(_ token: TokenID) {
            drawn.append(token)
            tokens.append(token)
        }
    }

    /// What an error takes the conversation back to.
    private struct Conversation {
        var turns: [Turn] = []
        var forgottenTurnCount = 0
        /// The tokens of all turns.
        var tokens: [TokenID] = []
    }

    private let tokenizer: any Tokenizer
    private let template: any ChatTemplate
    private let system: String?
    private let options: GenerationOptions
    private let session: any DecodingSession
    private var sampler: Sampler
    private var conversation = Conversation()
    /// What the session holds: the conversation's tokens or, after a turn was forgotten or failed,
    /// others.
    private var held: [TokenID] = []

    /// Starts a conversation; nothing is computed yet.
    /// - Parameters:
    ///   - model: Who replies.
    ///   - tokenizer: The model's tokenizer.
    ///   - template: The form of conversations the model knows.
    ///   - system: What the model is told about its part.
    ///   - options: How much is generated in a turn, and how; old turns are always forgotten when
    ///     the context is full.
    ///   - seed: What random draws start from.
    /// - Throws: ``TextGenerationError`` or ``InferenceError`` when the parts do not belong
    ///   together, or a model's error when memory is short.
    public init(
        _ model: any LanguageModel,
        tokenizer: any Tokenizer,
        template: any ChatTemplate = Llama2ChatTemplate(),
        system: String? = nil,
        options: GenerationOptions,
        seed: UInt64
    ) throws {
        try tokenizer.requireFit(modelSize: model.vocabularySize)
        try options.check(vocabularySize: tokenizer.vocabularySize)
        self.tokenizer = tokenizer
        self.template = template
        self.system = system
        self.options = options
        session = try model.makeSession()
        sampler = Sampler(options.sampling, seed: seed, tokenLimit: tokenizer.vocabularySize)
    }

    /// Takes a message and generates the reply, which is then part of the conversation.
    ///
    /// What is kept of a reply is its text, in the form the template gives it: a part that was
    /// drawn as other tokens, such as blanks before it, is read again with the next message.
    /// - Parameters:
    ///   - message: What the user says.
    ///   - receive: Called when the message has been read, and after every token, with the text
    ///     that has become certain: valid Unicode, and often none. False ends the reply.
    /// - Returns: The whole reply.
    /// - Throws: ``TextGenerationError/turnTooLong(tokenCount:maximum:)``, or what the model, the
    ///   sampler or `receive` throws; the conversation is then without this turn.
    public func reply(
        to message: String,
        receive: (String) throws -> Bool
    ) throws -> ChatReply {
        let before = conversation
        do {
            return try generate(message, receive)
        } catch {
            conversation = before
            throw error
        }
    }

    private func generate(
        _ message: String,
        _ receive: (String) throws -> Bool
    ) throws -> ChatReply {
        let capacity = session.tokenCapacity
        let system = conversation.turns.isEmpty ? system : nil
        let opening = template.opening(of: message, system: system, tokenizer: tokenizer)
        conversation.turns.append(Turn(message: message, tokens: opening))
        conversation.tokens += opening
        // Room for a good part of the reply, which would else be read again after its first tokens.
        makeRoom(for: min(options.maxTokens, capacity / 4))
        guard conversation.tokens.count <= capacity else {
            throw TextGenerationError.turnTooLong(
                tokenCount: conversation.tokens.count,
                maximum: capacity
            )
        }
        let promptTokenCount = unreadCount
        // A reply is a text of its own, and the space before its first word no part of it.
        var reply = TextAssembler(
            tokenizer,
            after: tokenizer.startOfText,
            stopStrings: options.stopStrings
        )
        var logits = try predict()
        var stopReason: StopReason? =
            try !receive("") ? .interrupted : options.maxTokens == 0 ? .length : nil
        while stopReason == nil {
            guard let token = try draw(&logits) else {
                stopReason = .endOfText
                break
            }
            if try !receive(reply.append(token)) {
                stopReason = .interrupted
            } else if reply.isStopped {
                stopReason = .stopString
            } else if currentReply.count >= options.maxTokens {
                stopReason = .length
            } else {
                makeRoom(for: 0)
                if conversation.tokens.count > capacity {
                    stopReason = .context
                } else {
                    logits = try predict()
                }
            }
        }
        let rest = reply.finish()
        if !rest.isEmpty { _ = try receive(rest) }
        close(with: reply.text)
        return ChatReply(
            text: reply.text,
            tokens: currentReply,
            promptTokenCount: promptTokenCount,
            stopReason: stopReason ?? .length,
            forgottenTurnCount: conversation.forgottenTurnCount
        )
    }

    private var currentReply: [TokenID] { conversation.turns.last?.drawn ?? [] }

    /// The next token, which is then part of the reply; nil when it ends the reply.
    private func draw(_ logits: inout [Float]) throws -> TokenID? {
        var span = logits.mutableSpan
        let token = try sampler.sample(&span, after: conversation.tokens)
        if !options.ignoresEndOfText, tokenizer.endsOfText.contains(token) { return nil }
        conversation.turns[conversation.turns.count - 1].add(token)
        conversation.tokens.append(token)
        return token
    }

    /// Ends the current turn.
    private func close(with reply: String) {
        let index = conversation.turns.count - 1
        conversation.turns[index].reply = reply
        rewriteTurn(at: index)
    }

    /// Makes the tokens of a turn again from its texts.
    private func rewriteTurn(at index: Int) {
        let turn = conversation.turns[index]
        let system = index == 0 ? system : nil
        conversation.turns[index].tokens =
            if let reply = turn.reply {
                template.turn(turn.message, reply: reply, system: system, tokenizer: tokenizer)
            } else {
                template.opening(of: turn.message, system: system, tokenizer: tokenizer)
                    + turn.drawn
            }
        conversation.tokens = conversation.turns.flatMap(\.tokens)
    }

    /// Forgets the oldest turns when there is no room for `count` tokens more.
    ///
    /// As what follows must then be read again, turns go until half of the context is free, or only
    /// the current one is left. The first of those that stay brings the system prompt.
    private func makeRoom(for count: Int) {
        let capacity = session.tokenCapacity
        guard conversation.tokens.count + count > capacity else { return }
        while conversation.turns.count > 1, conversation.tokens.count > capacity / 2 {
            conversation.turns.removeFirst()
            conversation.forgottenTurnCount += 1
            rewriteTurn(at: 0)
        }
    }

    /// Tokens of the conversation that the session must be given, at least the last one.
    private var unreadCount: Int {
        let shorter = min(held.count, conversation.tokens.count)
        let common = (0..<shorter).first { held[$0] != conversation.tokens[$0] } ?? shorter
        return max(1, conversation.tokens.count - common)
    }

    /// Predicts the token after the conversation, of which only what is new is computed.
    private func predict() throws -> [Float] {
        let unread = Array(conversation.tokens.suffix(unreadCount))
        session.truncate(0, to: conversation.tokens.count - unread.count)
        held.removeLast(held.count - session.tokenCount)
        let logits = try session.logits(appending: unread)
        held += unread
        return logits
    }
}

// Its session is written by every turn.
@available(*, unavailable) extension ChatSession: Sendable {}
