// Continuing several sequences together: prompts that are equal are computed once, and every pass
// through the model takes one token of each sequence that goes on.

/// What a round of generation gave one sequence.
public struct GenerationEvent: Sendable, Equatable {
    /// Index of the sequence, as of its prompt.
    public let sequence: Int
    /// Its next token; nil when the sequence has ended.
    public let token: Int32?
}

/// Draws one token after the other for each of several sequences.
///
/// Each sequence gets the tokens it would get alone, as far as the model's arithmetic does not
/// depend on what else is in a batch.
///
/// ```swift
/// let batch = try BatchGenerator(model, prompts: prompts, samplers: samplers, limits: limits)
/// while let events = try batch.next() { show(events) }
/// ```
public final class BatchGenerator {
    /// One sequence and how far it is.
    public struct Sequence: Sendable {
        /// All tokens, those of the prompt first, as far as it was read.
        public fileprivate(set) var history: [Int32]
        /// How many of them are the prompt's.
        public let promptTokenCount: Int
        /// Why it ended; nil while it goes on.
        public fileprivate(set) var stopReason: StopReason?

        /// Tokens generated so far.
        public var tokens: [Int32] { Array(history[promptTokenCount...]) }
        /// How many tokens were generated so far.
        public var generatedTokenCount: Int { history.count - promptTokenCount }
    }

    /// The sequences, in the order of their prompts.
    public private(set) var sequences: [Sequence]

    private var samplers: [Sampler]
    private let limits: GenerationLimits
    private let contextLength: Int
    private let session: any DecodingSession
    /// `(waiting.count, V)` at least: a row for each of ``waiting``.
    private var logits: [Float]
    /// Sequences whose next token is predicted but not drawn.
    private var waiting: [Int] = []
    private var hasReadPrompts = false

    /// Prepares to continue prompts; the model first runs when a token is asked for.
    /// - Parameters:
    ///   - model: What predicts.
    ///   - prompts: Ids to continue; at least one prompt, and one token in each.
    ///   - samplers: What draws, for each prompt.
    ///   - limits: When a sequence ends.
    /// - Throws: ``InferenceError/promptTooLong(tokenCount:maximum:)`` unless the context slides,
    ///   or a model's error when memory is short.
    public init(
        _ model: any LanguageModel,
        prompts: [[Int32]],
        samplers: [Sampler],
        limits: GenerationLimits
    ) throws {
        precondition(!prompts.isEmpty, "a batch of no prompts")
        precondition(
            prompts.count == samplers.count,
            "\(prompts.count) prompts for \(samplers.count) samplers"
        )
        precondition(limits.maxTokens >= 0, "generating \(limits.maxTokens) tokens")
        let prompts = try prompts.map { prompt in
            precondition(!prompt.isEmpty, "a prompt of no tokens")
            if prompt.count <= model.contextLength { return prompt }
            guard limits.contextOverflow == .slide else {
                throw InferenceError.promptTooLong(
                    tokenCount: prompt.count,
                    maximum: model.contextLength
                )
            }
            return limits.window(of: prompt, contextLength: model.contextLength)
        }
        sequences = prompts.map { Sequence(history: $0, promptTokenCount: $0.count) }
        self.samplers = samplers
        self.limits = limits
        contextLength = model.contextLength
        let longest = prompts.reduce(0) { max($0, $1.count) }
        session = try model.makeSession(
            sequenceCount: prompts.count,
            tokenCapacity: longest + min(limits.maxTokens, contextLength - longest)
        )
        logits = [Float](repeating: 0, count: prompts.count * session.vocabularySize)
    }

    /// Runs the model on the prompts, unless that has been done.
    ///
    /// ``next()`` does it when needed; who measures speed does it apart.
    /// - Throws: What the model throws; all sequences are then ended.
    public func readPrompts() throws {
        if hasReadPrompts { return }
        do { try predictFromPrompts() } catch {
            interrupt()
            throw error
        }
    }

    /// The next token of every sequence that goes on, or nil when all have ended.
    ///
    /// A sequence that ends is named once more, without a token.
    /// - Throws: ``InferenceError``, or what the model throws; all sequences are then ended.
    public func next() throws -> [GenerationEvent]? {
        do { return try round() } catch {
            interrupt()
            throw error
        }
    }

    /// Ends one sequence; nothing happens when it has ended already.
    public func end(_ sequence: Int, _ reason: StopReason) {
        sequences[sequence].stopReason = sequences[sequence].stopReason ?? reason
    }

    /// Ends all sequences that go on.
    public func interrupt() {
        for index in sequences.indices { end(index, .interrupted) }
    }

    private func round() throws -> [GenerationEvent]? {
        var events: [GenerationEvent] = []
        for index in liveSequences {
            guard let reason = limitReached(by: sequences[index]) else { continue }
            end(index, reason)
            events.append(GenerationEvent(sequence: index, token: nil))
        }
        try predict()
        for (row, index) in waiting.enumerated() where sequences[index].stopReason == nil {
            events.append(GenerationEvent(sequence: index, token: try draw(index, row: row)))
        }
        waiting = []
        return events.isEmpty ? nil : events.sorted { $0.sequence < $1.sequence }
    }

    private var liveSequences: [Int] {
        sequences.indices.filter { sequences[$0].stopReason == nil }
    }

    /// Why a sequence cannot grow, before the model is asked.
    private func limitReached(by sequence: Sequence) -> StopReason? {
        if sequence.generatedTokenCount >= limits.maxTokens { return .length }
        let isFull = sequence.history.count > contextLength
        return isFull && limits.contextOverflow == .stop ? .context : nil
    }

    /// Makes ``waiting`` all sequences that go on.
    private func predict() throws {
        let live = liveSequences
        if live.isEmpty || !waiting.isEmpty { return }
        guard hasReadPrompts else { return try predictFromPrompts() }
        try append(live.map { SequencePart(sequence: $0, tokens: unseenTokens(of: $0)) })
        waiting = live
    }

    /// The same for the first tokens: equal prompts are computed once and copied.
    private func predictFromPrompts() throws {
        // The row of the logits of each prompt.
        var rows: [[Int32]: Int] = [:]
        var parts: [SequencePart] = []
        for (index, sequence) in sequences.enumerated() where rows[sequence.history] == nil {
            rows[sequence.history] = parts.count
            parts.append(SequencePart(sequence: index, tokens: sequence.history))
        }
        try append(parts)
        let V = session.vocabularySize
        // From the back, because a row moves back or not at all: none is overwritten too early.
        for (index, sequence) in sequences.enumerated().reversed() {
            guard let row = rows[sequence.history] else { continue }
            if parts[row].sequence != index {
                try session.copy(parts[row].sequence, to: index)
            }
            if row != index { logits.copyRow(row, to: index, of: V) }
        }
        waiting = Array(sequences.indices)
        hasReadPrompts = true
    }

    /// What the session must still be given of a sequence, for which there is then room.
    private func unseenTokens(of index: Int) -> [Int32] {
        let history = sequences[index].history
        // A suffix that is an array at once is Sequence's, which goes through all of the history.
        if session.tokenCount(of: index) < contextLength { return Array(history.suffix(1)) }
        session.truncate(index, to: 0)
        return limits.window(of: history, contextLength: contextLength)
    }

    private func append(_ parts: [SequencePart]) throws {
        try logits.withRows(0..<parts.count, of: session.vocabularySize) {
            try session.append(parts, predicting: &$0)
        }
    }

    /// Draws the next token of a sequence; nil when it ends the sequence.
    private func draw(_ index: Int, row: Int) throws -> Int32? {
        let token = try logits.withRows(row..<row + 1, of: session.vocabularySize) {
            try samplers[index].sample(&$0, after: sequences[index].history)
        }
        guard !limits.endTokens.contains(token) else {
            end(index, .endOfText)
            return nil
        }
        sequences[index].history.append(token)
        return token
    }
}

// It owns a session, whose working memory every pass writes.
@available(*, unavailable) extension BatchGenerator: Sendable {}
