// A conversation with a model. What the model has read stays in its session, so a turn only costs
// its own tokens, and those of the last reply if the template writes it differently. When the
// context is full, the oldest turns are dropped and the system prompt stays.

import Inference
import Tokenization

/// A conversation, turn by turn.
///
/// ```swift
/// let chat = try ChatSession(model, tokenizer: tokenizer, instructions: "Be brief.")
/// print(try chat.respond(to: "Hello!").content)
/// ```
package final class ChatSession {
    /// Everything that was said, including what the model was made to forget: the instructions, if
    /// any, and then the user and the assistant in turn.
    package private(set) var messages: [ChatMessage]

    private let tokenizer: any Tokenizer
    private let template: any ChatTemplate
    private let options: TextGenerationOptions
    private let limits: GenerationLimits
    private let engine: GenerationEngine
    /// What the sequence of the conversation draws with.
    private let sampler: Sampler
    /// The number of first turns that the model no longer knows.
    private var forgottenTurnCount = 0
    /// The message being replied to.
    private var turn: ChatTurn?

    /// The only sequence of the engine.
    private static let sequence = 0

    /// Starts or continues a conversation; nothing is computed yet.
    /// - Parameters:
    ///   - model: The model that replies.
    ///   - tokenizer: The model's tokenizer.
    ///   - template: The form of conversations the model knows.
    ///   - instructions: The system prompt. nil uses the one that the history begins with, if any.
    ///   - history: What was said before.
    ///   - options: How much is generated in a turn, and how; old turns are always forgotten when
    ///     the context is full.
    ///   - seed: What random draws start from; nil chooses a new one every time.
    /// - Throws: ``TextGenerationError`` or ``InferenceError`` when the arguments do not fit
    ///   together, or messages are not in turn; a model's error when memory is short.
    package init(
        _ model: any LanguageModel,
        tokenizer: any Tokenizer,
        template: any ChatTemplate = KnownChatTemplate(.llama2),
        instructions: String? = nil,
        history: [ChatMessage] = [],
        options: TextGenerationOptions = TextGenerationOptions(),
        seed: UInt64? = nil
    ) throws {
        try tokenizer.requireFit(modelSize: model.vocabularySize)
        try options.check(vocabularySize: tokenizer.vocabularySize)
        try history.checkTurns()
        messages = history
        if let instructions {
            if messages.first?.role == .system { messages.removeFirst() }
            messages.insert(ChatMessage(role: .system, content: instructions), at: 0)
        }
        self.tokenizer = tokenizer
        self.template = template
        self.options = options
        var limits = options.limits(tokenizer, endTokens: template.endsOfReply(tokenizer))
        limits.contextOverflow = .stop
        self.limits = limits
        engine = try GenerationEngine(model)
        sampler = Sampler(
            options.sampling,
            seed: seed ?? .random(),
            tokenLimit: tokenizer.vocabularySize
        )
    }

    /// Switches to another conversation.
    ///
    /// The model does not read a common beginning again. An unfinished reply is dropped.
    /// - Parameter messages: What was said: the instructions, if any, and then the user and the
    ///   assistant in turn.
    /// - Throws: ``TextGenerationError`` when messages are not in turn; the conversation is then
    ///   unchanged.
    package func restart(with messages: [ChatMessage]) throws {
        try messages.checkTurns()
        if let turn { interrupt(turn) }
        turn = nil
        self.messages = messages
        forgottenTurnCount = 0
    }

    /// The most tokens that the model can see.
    package var contextLength: Int { engine.contextLength }

    /// Counts the tokens of the conversation in the context, without what is forgotten.
    /// - Throws: `TextTokenizerError` where the tokenizer does not cover all text.
    package func contextTokenCount() throws -> Int {
        if messages.isEmpty { return 0 }
        return try template.promptTokens(
            of: known(forgetting: forgottenTurnCount),
            tokenizer: tokenizer
        ).count
    }

    /// Takes a message and generates the complete reply.
    /// - Parameter message: What the user says.
    /// - Returns: The reply, which is now part of the conversation.
    /// - Throws: ``TextGenerationError/turnTooLong(tokenCount:maximum:)``, or what the model or the
    ///   sampler throws; the conversation then lacks this turn.
    package func respond(to message: String) throws -> ChatResponse {
        let stream = try streamResponse(to: message)
        while try stream.next() != nil {}
        return stream.response
    }

    /// Takes a message; the reply is generated as it is asked for.
    ///
    /// A reply is kept as text, in the form the template gives it: anything that was drawn as
    /// different tokens, such as spaces before it, is read again with the next message. An
    /// unfinished reply ends when the next message is taken.
    /// - Parameter message: What the user says.
    /// - Returns: The reply, piece by piece; it is part of the conversation when it has ended.
    /// - Throws: ``TextGenerationError/turnTooLong(tokenCount:maximum:)``; the conversation then
    ///   lacks this turn.
    package func streamResponse(to message: String) throws -> ChatResponseStream {
        if let turn {
            interrupt(turn)
            while try nextPiece(of: turn) != nil {}
        }
        // A reply is a text of its own, and the space before its first word is not part of it.
        let reply = TextAssembler(
            tokenizer,
            after: tokenizer.startOfText,
            stopStrings: options.stopStrings + template.stopStrings(tokenizer)
        )
        let turn = ChatTurn(message, reply: reply, forgottenTurnCount: forgottenTurnCount)
        do { try start(turn) } catch {
            forgottenTurnCount = turn.forgottenBefore
            throw error
        }
        self.turn = turn
        return ChatResponseStream(self, turn)
    }

    private func start(_ turn: ChatTurn) throws {
        let capacity = engine.contextLength
        // Room for a good part of the reply, which would otherwise be read again after its first
        // tokens.
        let tokens = try forgetTurns(
            before: turn,
            toHaveRoomFor: min(options.maxTokens, capacity / 4)
        )
        guard tokens.count <= capacity else {
            throw TextGenerationError.turnTooLong(tokenCount: tokens.count, maximum: capacity)
        }
        if engine.sequences.isEmpty {
            try engine.add(
                prompt: tokens,
                sampler: sampler,
                limits: limits,
                topLogprobs: options.topLogprobs
            )
        } else {
            try engine.restart(Self.sequence, with: tokens)
        }
        turn.promptTokenCount = engine[Self.sequence].unreadTokenCount
    }

    /// The next piece of the reply to a message; nil at its end, and when another message came.
    func nextPiece(of turn: ChatTurn) throws -> String? {
        guard turn === self.turn else { return nil }
        do { return try advance(turn) } catch {
            forgottenTurnCount = turn.forgottenBefore
            self.turn = nil
            throw error
        }
    }

    /// Ends the reply to a message.
    func interrupt(_ turn: ChatTurn) {
        if turn === self.turn { engine.end(Self.sequence, .interrupted) }
    }

    private func advance(_ turn: ChatTurn) throws -> String? {
        if !turn.isRead {
            try engine.readPrompts()
            turn.isRead = true
            return ""
        }
        while true {
            if let event = try engine.next()?.first, let token = event.token {
                turn.tokens.append(token)
                if let logprobs = event.logprobs { turn.logprobs.append(logprobs) }
                let piece = try turn.reply.append(token)
                if turn.reply.isStopped { engine.end(Self.sequence, .stopString) }
                return piece
            }
            let reason = engine[Self.sequence].stopReason
            if try reason == .context && goOnWithoutOldTurns(turn) { continue }
            turn.stopReason = reason
            let rest = turn.reply.finish()
            messages += [turn.message, ChatMessage(role: .assistant, content: turn.reply.text)]
            self.turn = nil
            return rest.isEmpty ? nil : rest
        }
    }

    /// Forgets old turns to make room for the rest of a reply.
    /// - Returns: Whether there were any to forget.
    private func goOnWithoutOldTurns(_ turn: ChatTurn) throws -> Bool {
        let tokens = try forgetTurns(before: turn, toHaveRoomFor: 0)
        guard tokens.count <= engine.contextLength else { return false }
        try engine.restart(Self.sequence, with: tokens, generatedCount: turn.tokens.count)
        return true
    }

    /// Forgets the oldest turns when there is no room for `count` more tokens.
    ///
    /// Everything after them must then be read again, so turns are dropped until half of the
    /// context is free, or only the current one is left. The instructions stay.
    /// - Returns: All tokens of what is left.
    private func forgetTurns(before turn: ChatTurn, toHaveRoomFor count: Int) throws -> [TokenID] {
        let capacity = engine.contextLength
        let all = try tokens(with: turn, forgetting: forgottenTurnCount)
        guard all.count + count > capacity else { return all }
        // The fewest turns that must go, by bisection.
        let systemCount = messages.first?.role == .system ? 1 : 0
        var range = forgottenTurnCount...(messages.count - systemCount) / 2
        while range.count > 1 {
            let middle = (range.lowerBound + range.upperBound) / 2
            if try tokens(with: turn, forgetting: middle).count <= capacity / 2 {
                range = range.lowerBound...middle
            } else {
                range = middle + 1...range.upperBound
            }
        }
        forgottenTurnCount = range.lowerBound
        turn.forgottenTurnCount = forgottenTurnCount
        return try tokens(with: turn, forgetting: forgottenTurnCount)
    }

    /// The tokens of the conversation up to a turn, including the reply so far.
    private func tokens(with turn: ChatTurn, forgetting count: Int) throws -> [TokenID] {
        let known = known(forgetting: count) + [turn.message]
        let prompt = try template.promptTokens(of: known, tokenizer: tokenizer)
        return prompt + turn.tokens
    }

    /// What was said, without the oldest turns.
    private func known(forgetting count: Int) -> [ChatMessage] {
        let system = messages.prefix { $0.role == .system }
        return Array(system + messages.dropFirst(system.count + 2 * count))
    }
}

// Every turn changes its engine.
@available(*, unavailable) extension ChatSession: Sendable {}
