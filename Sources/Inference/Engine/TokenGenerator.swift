// Continuing one sequence, one token at a time.

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
public final class TokenGenerator {
    private let engine: GenerationEngine

    /// Prepares to continue a prompt; the model first runs when a token is asked for.
    /// - Parameters:
    ///   - model: What predicts.
    ///   - prompt: Ids to continue; at least one.
    ///   - sampler: What draws.
    ///   - limits: When generation ends.
    /// - Throws: ``InferenceError/promptTooLong(tokenCount:maximum:)`` unless the context slides,
    ///   or a model's error when memory is short.
    public init(
        _ model: any LanguageModel,
        prompt: [Int32],
        sampler: Sampler,
        limits: GenerationLimits
    ) throws {
        engine = try GenerationEngine(model, prompts: [prompt], samplers: [sampler], limits: limits)
    }

    /// Tokens generated so far, without the prompt.
    public var tokens: [Int32] { engine[0].tokens }
    /// Why generation ended; nil while it goes on.
    public var stopReason: StopReason? { engine[0].stopReason }

    /// The next token, or nil when generation has ended for ``stopReason``.
    /// - Throws: ``InferenceError``, or what the model throws; generation has then ended.
    public func next() throws -> Int32? {
        try engine.next()?.first?.token
    }

    /// Ends generation; nothing happens when it has ended already.
    public func interrupt() {
        engine.interrupt()
    }
}

// Its session is not Sendable.
@available(*, unavailable) extension TokenGenerator: Sendable {}
