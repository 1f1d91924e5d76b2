// What an engine knows about one of its sequences, and what sequences can reuse of each other's
// tokens: those at the beginning of a prompt that the model has already read, for the same sequence
// or another.

extension GenerationEngine {
    /// One sequence and its progress.
    package struct Sequence: Sendable {
        /// All tokens, those of the prompt first, whether they have been read or not.
        package internal(set) var history: [Int32]
        /// How many of them are the prompt's.
        package internal(set) var promptTokenCount: Int
        /// Why it ended; nil while it continues.
        package internal(set) var stopReason: StopReason?
        /// Tokens that the model must read before it can predict the next one.
        package var unreadTokenCount: Int { unread.count }

        /// How many tokens of its prompt the model knows, read or reused.
        package var readPromptTokenCount: Int {
            // After a full context slides, the model reads again what it knew.
            generatedTokenCount > 0 ? promptTokenCount : promptTokenCount - unread.count
        }
        /// How many tokens of its prompt did not have to be read, because another sequence had read
        /// them.
        package internal(set) var reusedTokenCount = 0

        let limits: GenerationLimits
        let topLogprobs: Int?
        var sampler: Sampler
        /// What the session has yet to be given.
        var unread: [Int32]

        /// Tokens generated so far.
        package var tokens: [Int32] { Array(history[promptTokenCount...]) }
        /// How many tokens were generated so far.
        package var generatedTokenCount: Int { history.count - promptTokenCount }

        var isLive: Bool { stopReason == nil }
        /// Whether some of its prompt is still unread.
        var isReadingPrompt: Bool { isLive && !unread.isEmpty && generatedTokenCount == 0 }
        /// Whether all it has was reused and nothing read.
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

/// Tokens whose keys and values a session holds.
struct HeldTokens {
    /// The tokens, from the first on.
    var tokens: [Int32] = []
    /// How many of the first tokens were read as part of a prompt, many at once.
    var promptCount = 0
}

extension GenerationEngine {
    /// Prompts that share no more than this are read separately: copying keys and values and
    /// waiting for a pass would cost more.
    static var shortestShared: Int { 16 }

    /// How many tokens of a sequence need not be read if `held` is held: never the last one, since
    /// the next one is predicted from it.
    func reusableCount(_ held: HeldTokens, _ history: [Int32]) -> Int {
        let most = min(held.tokens.count, history.count - 1)
        let common = (0..<most).first { held.tokens[$0] != history[$0] } ?? most
        guard isReproducible else { return common }
        // What was computed in a different way than this prompt would be is useless, nor may so
        // little be left of the prompt that it would be computed differently.
        let usable = min(common, held.promptCount, history.count - Self.manyTokens)
        return max(0, usable)
    }

    /// The same for a new sequence, where reuse may not be worth it.
    func sharedCount(_ held: HeldTokens, _ prompt: [Int32]) -> Int {
        let count = reusableCount(held, prompt)
        return count < Self.shortestShared ? 0 : count
    }

    /// Cuts back what the session holds of a sequence.
    func keep(_ count: Int, in number: Int) {
        held[number].tokens.removeLast(held[number].tokens.count - count)
        held[number].promptCount = min(held[number].promptCount, count)
        session.truncate(number, to: count)
    }

    /// Gives a sequence that has not read anything yet what another one has read of the same
    /// tokens.
    ///
    /// - Parameters:
    ///   - number: The sequence.
    ///   - readers: Sequences that read something in this round.
    /// - Returns: Whether it should wait, since one of the readers is about to read more of them.
    /// - Throws: What copying throws.
    func sharePrompt(_ number: Int, readers: [Int]) throws -> Bool {
        let prompt = self[number].history
        let shared = held.map { sharedCount($0, prompt) }
        let (source, most) = shared.enumerated().max { $0.element < $1.element } ?? (number, 0)
        let willBeRead = readers.contains {
            sharedCount(heldAfterPrompt(of: $0), prompt) >= most + Self.shortestShared
        }
        if willBeRead { return true }
        guard most > held[number].tokens.count else { return false }
        try session.copy(source, to: number, tokenCount: most)
        held[number] = HeldTokens(tokens: Array(prompt.prefix(most)), promptCount: most)
        slots[number]?.unread = Array(prompt[most...])
        slots[number]?.reusedTokenCount = most
        return false
    }

    /// What the session will hold of a sequence when its prompt has been read; for one that is
    /// generating, what it holds now.
    private func heldAfterPrompt(of number: Int) -> HeldTokens {
        let sequence = self[number]
        guard sequence.isReadingPrompt else { return held[number] }
        let isMany = sequence.unread.count > Self.fewTokens
        return HeldTokens(
            tokens: sequence.history,
            promptCount: isMany ? sequence.history.count : held[number].promptCount
        )
    }
}
