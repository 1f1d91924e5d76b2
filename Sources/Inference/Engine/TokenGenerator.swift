// Continuing one sequence, one token at a time, until it ends.

/// Draws one token after the other from a model.
///
/// ```swift
/// let generator = try TokenGenerator(
///     model,
///     prompt: [50256],
///     sampler: Sampler(.greedy, seed: 0),
///     limits: GenerationLimits(maxTokens: 64)
/// )
/// while let token = try generator.next() { print(token) }
/// ```
package final class TokenGenerator {
    private let engine: GenerationEngine

    /// Prepares to continue a prompt; the model first runs when a token is asked for.
    /// - Parameters:
    ///   - model: What predicts.
    ///   - prompt: Ids to continue; at least one.
    ///   - sampler: What draws.
    ///   - limits: When generation ends.
    /// - Throws: ``InferenceError/promptTooLong(tokenCount:maximum:)`` unless the context slides,
    ///   or a model's error when memory is short.
    package init(
        _ model: any LanguageModel,
        prompt: [Int32],
        sampler: Sampler,
        limits: GenerationLimits
    ) throws {
        engine = try GenerationEngine(model, prompts: [prompt], samplers: [sampler], limits: limits)
    }

    /// Tokens generated so far, without the prompt.
    package var tokens: [Int32] { engine[0].tokens }
    /// Why generation ended; nil while it continues.
    package var stopReason: StopReason? { engine[0].stopReason }

    /// The next token, or nil when generation has ended for ``stopReason``.
    /// - Throws: ``InferenceError``, or what the model throws; generation has then ended.
    package func next() throws -> Int32? {
        try engine.next()?.first?.token
    }

    /// Ends generation; nothing happens when it has ended already.
    package func interrupt() {
        engine.interrupt()
    }
}

// Its session is not Sendable.
@available(*, unavailable) extension TokenGenerator: Sendable {}

/// Why generation ended.
public enum StopReason: String, Sendable, Codable {
    /// As many tokens were generated as asked for.
    case length
    /// The model ended the text.
    case endOfText = "end_of_text"
    /// The text holds a stop string.
    case stopString = "stop_string"
    /// The model cannot see a longer sequence.
    case context
    /// The caller ended it.
    case interrupted
}

/// What happens when a sequence fills the model's context.
public enum ContextOverflow: String, Sendable, CaseIterable, Codable {
    /// Generation ends.
    case stop
    /// The older half of the context is forgotten, except for a start token.
    ///
    /// The newer half is encoded again, because with learned positions, what was computed for a
    /// token is only valid at its position. That takes as long as a prompt of half the context,
    /// once for every half context generated. A prompt longer than the context is shortened in the
    /// same way before it is read.
    case slide
}

/// When generation ends.
package struct GenerationLimits: Sendable, Equatable {
    /// It ends after this many tokens.
    package var maxTokens: Int
    /// Ids that end generation and are not returned.
    package var endTokens: Set<Int32>
    /// What happens when the context is full.
    package var contextOverflow: ContextOverflow
    /// The token that stays at the front when the context slides, if the sequence begins with it:
    /// models that have always seen it there attend to it, and write badly without it.
    package var startToken: Int32?

    /// Describes limits.
    package init(
        maxTokens: Int,
        endTokens: Set<Int32> = [],
        contextOverflow: ContextOverflow = .stop,
        startToken: Int32? = nil
    ) {
        self.maxTokens = maxTokens
        self.endTokens = endTokens
        self.contextOverflow = contextOverflow
        self.startToken = startToken
    }

    /// A prompt, shortened if it is longer than a context that slides.
    /// - Throws: ``InferenceError/promptTooLong(tokenCount:maximum:)`` if the context does not
    ///   slide.
    func fitting(_ prompt: [Int32], contextLength: Int) throws -> [Int32] {
        precondition(!prompt.isEmpty, "a prompt of no tokens")
        if prompt.count <= contextLength { return prompt }
        guard contextOverflow == .slide else {
            throw InferenceError.promptTooLong(tokenCount: prompt.count, maximum: contextLength)
        }
        return window(of: prompt, contextLength: contextLength)
    }

    /// The tokens to read again of a sequence longer than the context: half a context, so that as
    /// much can be added before the next time.
    func window(of tokens: [Int32], contextLength: Int) -> [Int32] {
        guard contextLength > 1, let startToken, tokens.first == startToken else {
            return Array(tokens.suffix(max(1, contextLength / 2)))
        }
        return [startToken] + tokens.dropFirst().suffix(max(1, contextLength / 2 - 1))
    }
}
