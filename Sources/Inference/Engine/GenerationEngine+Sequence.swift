// What an engine knows of one of its sequences.

extension GenerationEngine {
    /// One sequence and how far it is.
    public struct Sequence: Sendable {
        /// All tokens, those of the prompt first, whether they have been read or not.
        public internal(set) var history: [Int32]
        /// How many of them are the prompt's.
        public internal(set) var promptTokenCount: Int
        /// Why it ended; nil while it goes on.
        public internal(set) var stopReason: StopReason?
        /// Tokens that the model must read before it can predict the next one.
        public var unreadTokenCount: Int { unread.count }

        /// How many tokens of its prompt the model knows, read or reused.
        public var readPromptTokenCount: Int {
            // Where a full context slides, the model reads again what it knew.
            generatedTokenCount > 0 ? promptTokenCount : promptTokenCount - unread.count
        }
        /// How many tokens of its prompt did not have to be read, since another sequence had.
        public internal(set) var reusedTokenCount = 0

        let limits: GenerationLimits
        let topLogprobs: Int?
        var sampler: Sampler
        /// What the session must still be given.
        var unread: [Int32]

        /// Tokens generated so far.
        public var tokens: [Int32] { Array(history[promptTokenCount...]) }
        /// How many tokens were generated so far.
        public var generatedTokenCount: Int { history.count - promptTokenCount }

        var isLive: Bool { stopReason == nil }
        /// Whether some of its prompt is still to be read.
        var isReadingPrompt: Bool { isLive && !unread.isEmpty && generatedTokenCount == 0 }
        /// Whether nothing of it was read, only reused.
        var hasReadNothing: Bool { reusedTokenCount + unread.count == history.count }
    }
}

extension GenerationEngine.Sequence {
    /// Why it cannot grow, before the model is asked.
    func limitReached(_ contextLength: Int) -> StopReason? {
        if generatedTokenCount >= limits.maxTokens { return .length }
        return history.count > contextLength && limits.contextOverflow == .stop ? .context : nil
    }

    /// Draws its next token.
    /// - Throws: ``InferenceError``.
    mutating func draw(
        from logits: inout MutableSpan<Float>
    ) throws -> (token: Int32, logprobs: TokenLogprobs?) {
        guard let topLogprobs else { return (try sampler.sample(&logits), nil) }
        let logprobs = try sampler.sample(&logits, topLogprobs: topLogprobs)
        return (logprobs.token, logprobs)
    }
}
