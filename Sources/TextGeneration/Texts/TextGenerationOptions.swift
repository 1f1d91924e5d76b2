import Inference
import Tokenization

/// How much text is generated, and how.
public struct TextGenerationOptions: Sendable, Equatable, Codable {
    /// Generation ends after this many tokens, 0 or more.
    public var maxTokens: Int
    /// How tokens are drawn.
    public var sampling: SamplingOptions
    /// A text ends before the first of these that it contains; none may be empty.
    ///
    /// They are compared as UTF-8. The tokens of a text include those that made the stop string.
    public var stopStrings: [String]
    /// Whether generation continues when the model ends the text; the end-of-text token is then
    /// part of the text.
    public var ignoresEndOfText: Bool
    /// What happens when a text fills the model's context.
    public var contextOverflow: ContextOverflow
    /// How many of the likeliest tokens to report with each drawn one, with their log-probabilities
    /// and its own; nil for none, not even its own.
    public var topLogprobs: Int?

    /// Describes a generation.
    public init(
        maxTokens: Int = 256,
        sampling: SamplingOptions = .usual,
        stopStrings: [String] = [],
        ignoresEndOfText: Bool = false,
        contextOverflow: ContextOverflow = .stop,
        topLogprobs: Int? = nil
    ) {
        self.maxTokens = maxTokens
        self.sampling = sampling
        self.stopStrings = stopStrings
        self.ignoresEndOfText = ignoresEndOfText
        self.contextOverflow = contextOverflow
        self.topLogprobs = topLogprobs
    }

    /// Checks that a model, which need not be loaded, can use these options.
    /// - Parameter vocabularySize: The ids that may be drawn: those that both the model and its
    ///   tokenizer have.
    /// - Throws: ``InferenceError`` or ``TextGenerationError``.
    package func check(vocabularySize: Int) throws {
        try InferenceError.require(
            maxTokens >= 0,
            "number of tokens to generate",
            "0 or more",
            maxTokens
        )
        try InferenceError.require(
            topLogprobs ?? 0 >= 0,
            "number of likeliest tokens",
            "0 or more",
            topLogprobs ?? 0
        )
        try sampling.check(vocabularySize: vocabularySize)
        if stopStrings.contains("") { throw TextGenerationError.emptyStopString }
    }

    /// When a sequence of a model with this vocabulary ends, apart from stop strings.
    func limits(
        _ vocabulary: any TokenDecoder,
        endTokens: [TokenID] = []
    ) -> GenerationLimits {
        GenerationLimits(
            maxTokens: maxTokens,
            endTokens: ignoresEndOfText ? [] : Set(vocabulary.endsOfText + endTokens),
            contextOverflow: contextOverflow,
            startToken: vocabulary.startOfText
        )
    }

    /// Also checks prompts to be continued.
    /// - Parameters:
    ///   - prompts: Ids to continue, for each text.
    ///   - vocabularySize: The ids that may be drawn.
    ///   - contextLength: maxT of the model.
    /// - Throws: ``InferenceError`` or ``TextGenerationError``.
    package func check(
        prompts: [[TokenID]],
        vocabularySize: Int,
        contextLength: Int
    ) throws {
        try check(vocabularySize: vocabularySize)
        if prompts.isEmpty { throw TextGenerationError.noPrompts }
        if contextOverflow == .slide { return }
        for prompt in prompts where prompt.count > contextLength {
            throw InferenceError.promptTooLong(tokenCount: prompt.count, maximum: contextLength)
        }
    }
}
