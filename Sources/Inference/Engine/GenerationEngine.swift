// The engine under everything that generates: sequences that are added, continued, cut back and
// removed while others continue. Its passes are in GenerationEngine+Passes.swift, the state of a
// sequence in GenerationEngine+Sequence.swift.

/// What one sequence got from a round of generation.
package struct GenerationEvent: Sendable, Equatable {
    /// The sequence's number.
    package let sequence: Int
    /// Its next token; nil when the sequence has ended.
    package let token: Int32?
    /// How likely the model found the token, if that was asked for.
    package let logprobs: TokenLogprobs?
}

/// Draws one token after the other for each of several sequences.
///
/// A sequence is a prompt and what is generated after it. Every pass through the model takes a
/// token of each generating sequence, and a piece of the unread prompts. Equal prompts are computed
/// once, and so are long common beginnings.
///
/// Each sequence gets the tokens it would get alone, provided the model's arithmetic does not
/// depend on what else is in a pass; see ``isReproducible``.
///
/// ```swift
/// let engine = try GenerationEngine(model, sequenceCount: 4)
/// let first = try engine.add(prompt: [1, 2, 3], sampler: sampler, limits: limits)
/// while let events = try engine.next() { show(events) }
/// ```
///
/// A sequence that has ended keeps its place, so that it can be continued: the next turn of a
/// conversation is ``restart(_:with:generatedCount:)`` with all of its tokens, of which only the
/// new ones are computed. ``remove(_:)`` gives its place to others.
package final class GenerationEngine {
    /// The longest sequence that the model can see here.
    package let contextLength: Int
    /// The most tokens of prompts that one pass reads; a long prompt takes several passes, and the
    /// other sequences generate a token in each.
    package var promptTokensPerPass = Int.max
    /// Whether a sequence gets the same bits whatever other sequences there are or were.
    ///
    /// Models compute many tokens at once in a different order than few. When this is set,
    /// generated tokens and long prompts go into passes of their own, which takes longer if many
    /// sequences generate. Set it before the first sequence is added.
    package var isReproducible = false

    let session: any DecodingSession
    /// Sequences by number; nil where one can be added.
    var slots: [Sequence?]
    /// What the session holds, by number; after a sequence is removed, still its tokens.
    var held: [HeldTokens]
    /// Numbers without a sequence, the one that has been free longest first.
    private var free: [Int]
    /// The numbers of sequences, oldest first.
    var order: [Int] = []
    /// Rows of V logits; ``waiting`` says which sequences they belong to.
    var logits: [Float]
    /// Sequences whose next token has been predicted but not drawn.
    var waiting: [(sequence: Int, row: Int)] = []

    /// An engine without sequences.
    /// - Parameters:
    ///   - model: What predicts.
    ///   - sequenceCount: The most sequences at a time.
    ///   - contextLength: The most tokens of each, at most the model's context; nil is that.
    /// - Throws: A model's error when memory is short.
    package convenience init(
        _ model: any LanguageModel,
        sequenceCount: Int = 1,
        contextLength: Int? = nil
    ) throws {
        let contextLength = contextLength ?? model.contextLength
        try self.init(
            model.makeSession(sequenceCount: sequenceCount, tokenCapacity: contextLength),
            contextLength: contextLength
        )
    }

    /// An engine that continues given prompts, numbered from 0, with no room for others.
    /// - Parameters:
    ///   - model: What predicts.
    ///   - prompts: Ids to continue; at least one prompt, and one token in each.
    ///   - samplers: What draws, for each prompt.
    ///   - limits: When a sequence ends.
    ///   - topLogprobs: See ``add(prompt:sampler:limits:topLogprobs:)``.
    /// - Throws: As that method, or a model's error when memory is short.
    package convenience init(
        _ model: any LanguageModel,
        prompts: [[Int32]],
        samplers: [Sampler],
        limits: GenerationLimits,
        topLogprobs: Int? = nil
    ) throws {
        precondition(!prompts.isEmpty, "a batch of no prompts")
        precondition(
            prompts.count == samplers.count,
            "\(prompts.count) prompts for \(samplers.count) samplers"
        )
        let contextLength = model.contextLength
        let longest = try prompts.reduce(0) {
            max($0, try limits.fitting($1, contextLength: contextLength).count)
        }
        let session = try model.makeSession(
            sequenceCount: prompts.count,
            tokenCapacity: longest + min(limits.maxTokens, contextLength - longest)
        )
        self.init(session, contextLength: contextLength)
        for (prompt, sampler) in zip(prompts, samplers) {
            try add(prompt: prompt, sampler: sampler, limits: limits, topLogprobs: topLogprobs)
        }
    }

    private init(_ session: any DecodingSession, contextLength: Int) {
        self.session = session
        self.contextLength = contextLength
        slots = Array(repeating: nil, count: session.sequenceCount)
        held = slots.map { _ in HeldTokens() }
        free = Array(slots.indices)
        logits = [Float](repeating: 0, count: slots.count * session.vocabularySize)
    }

    /// The numbers of all sequences, ascending.
    package var sequences: [Int] { slots.indices.filter { slots[$0] != nil } }
    /// How many sequences can be added before one is removed.
    package var freeCount: Int { free.count }

    /// A sequence by its number.
    package subscript(sequence: Int) -> Sequence {
        guard let found = slots[sequence] else {
            preconditionFailure("there is no sequence \(sequence)")
        }
        return found
    }

    /// Adds a sequence; the model runs when a token is asked for.
    /// - Parameters:
    ///   - prompt: Ids to continue; at least one.
    ///   - sampler: What draws.
    ///   - limits: When the sequence ends.
    ///   - topLogprobs: How many of the likeliest tokens to report with each drawn one, with their
    ///     log-probabilities and its own; nil for none, not even its own.
    /// - Returns: The sequence's number: one whose previous sequence began in the same way, or the
    ///   one that has been free longest; in a new engine, the lowest free one.
    /// - Throws: ``InferenceError/promptTooLong(tokenCount:maximum:)`` unless the context slides.
    /// - Precondition: one is free.
    @discardableResult
    package func add(
        prompt: [Int32],
        sampler: Sampler,
        limits: GenerationLimits,
        topLogprobs: Int? = nil
    ) throws -> Int {
        precondition(!free.isEmpty, "there are \(slots.count) sequences, and room for no more")
        precondition(limits.maxTokens >= 0, "generating \(limits.maxTokens) tokens")
        let prompt = try limits.fitting(prompt, contextLength: contextLength)
        let number = takePlace(for: prompt)
        var sequence = Sequence(
            history: prompt,
            promptTokenCount: prompt.count,
            limits: limits,
            topLogprobs: topLogprobs,
            sampler: sampler,
            unread: prompt
        )
        sequence.reusedTokenCount = held[number].tokens.count
        sequence.unread.removeFirst(sequence.reusedTokenCount)
        sequence.sampler.prompt(prompt)
        slots[number] = sequence
        order.append(number)
        return number
    }

    /// A free number for a prompt, where the session holds what it can reuse and nothing else.
    private func takePlace(for prompt: [Int32]) -> Int {
        let shared = free.map { sharedCount(held[$0], prompt) }
        let most = shared.max() ?? 0
        let number = free.remove(at: shared.firstIndex(of: most) ?? 0)
        keep(most, in: number)
        return number
    }

    /// Lets a sequence, ended or not, continue from other tokens.
    ///
    /// The part of their beginning that the model has read is not computed again: there may be more
    /// tokens than before, fewer, or different ones from some position on. The sampler forgets the
    /// tokens it has seen and sees these; its random draws continue.
    /// - Parameters:
    ///   - number: The sequence.
    ///   - tokens: All of its tokens; at least one.
    ///   - generatedCount: How many of them, the last ones, count as generated.
    /// - Throws: ``InferenceError/promptTooLong(tokenCount:maximum:)`` unless the context slides;
    ///   the sequence is then unchanged.
    package func restart(_ number: Int, with tokens: [Int32], generatedCount: Int = 0) throws {
        var sequence = self[number]
        let history = try sequence.limits.fitting(tokens, contextLength: contextLength)
        let generatedCount = min(generatedCount, history.count)
        sequence.history = history
        sequence.promptTokenCount = history.count - generatedCount
        sequence.stopReason = nil
        sequence.reusedTokenCount = 0
        sequence.sampler.prompt(
            Array(history.dropLast(generatedCount)),
            generated: history.suffix(generatedCount)
        )
        let common = reusableCount(held[number], history)
        sequence.unread = Array(history[common...])
        keep(common, in: number)
        slots[number] = sequence
        waiting.removeAll { $0.sequence == number }
    }

    /// Forgets a sequence, whose number can then be given to another one.
    ///
    /// Until then, what the model has read of it is kept for prompts that begin in the same way.
    package func remove(_ number: Int) {
        precondition(slots[number] != nil, "there is no sequence \(number)")
        slots[number] = nil
        order.removeAll { $0 == number }
        waiting.removeAll { $0.sequence == number }
        free.append(number)
    }

    /// Ends one sequence; nothing happens when it has ended already.
    package func end(_ number: Int, _ reason: StopReason) {
        guard self[number].isLive else { return }
        slots[number]?.stopReason = reason
        waiting.removeAll { $0.sequence == number }
    }

    /// Ends all active sequences.
    package func interrupt() {
        for number in order { end(number, .interrupted) }
    }

    /// Allocates memory for sequences as long as the context, so that none is needed later.
    /// - Throws: A model's error when memory is short.
    package func reserve() throws {
        try session.reserve()
    }

    /// Runs the model on unread prompts.
    ///
    /// ``next()`` does it when needed; call it separately to time the prompts.
    /// - Throws: What the model throws; all sequences are then ended.
    package func readPrompts() throws {
        do {
            while order.contains(where: { slots[$0]?.isReadingPrompt == true }) { try runPass() }
        } catch {
            interrupt()
            throw error
        }
    }

    /// Draws the next token of every active sequence.
    ///
    /// A sequence that ends is reported once more, without a token. One whose prompt is read in
    /// several passes is not reported before the last of them.
    /// - Parameter failed: Called when nothing can be drawn for a sequence, with that sequence,
    ///   which then ends alone; if nil, all end.
    /// - Returns: The tokens, or nil when all sequences have ended.
    /// - Throws: ``InferenceError``, or what the model throws; all sequences are then ended.
    package func next(
        failed: ((_ sequence: Int, _ error: any Error) -> Void)? = nil
    ) throws -> [GenerationEvent]? {
        do { return try round(failed) } catch {
            interrupt()
            throw error
        }
    }

    private func round(
        _ failed: ((_ sequence: Int, _ error: any Error) -> Void)?
    ) throws -> [GenerationEvent]? {
        var events: [GenerationEvent] = []
        for number in order {
            guard slots[number]?.isLive == true,
                let reason = slots[number]?.limitReached(contextLength)
            else { continue }
            end(number, reason)
            events.append(GenerationEvent(sequence: number, token: nil, logprobs: nil))
        }
        try runPass()
        let predicted = waiting
        waiting = []
        for (number, row) in predicted {
            do { events.append(try draw(number, row: row)) } catch {
                guard let failed else { throw error }
                end(number, .interrupted)
                events.append(GenerationEvent(sequence: number, token: nil, logprobs: nil))
                failed(number, error)
            }
        }
        let isOver = events.isEmpty && !order.contains { slots[$0]?.isLive == true }
        return isOver ? nil : events.sorted { $0.sequence < $1.sequence }
    }

    /// Draws the next token of a sequence, which may end it.
    private func draw(_ number: Int, row: Int) throws -> GenerationEvent {
        let (token, logprobs) = try logits.withRows(row..<row + 1, of: session.vocabularySize) {
            try slots[number]?.draw(from: &$0) ?? (0, nil)
        }
        if slots[number]?.limits.endTokens.contains(token) == true {
            end(number, .endOfText)
            return GenerationEvent(sequence: number, token: nil, logprobs: nil)
        }
        slots[number]?.history.append(token)
        slots[number]?.unread = [token]
        return GenerationEvent(sequence: number, token: token, logprobs: logprobs)
    }
}

// It owns a session, whose working memory every pass writes.
@available(*, unavailable) extension GenerationEngine: Sendable {}
