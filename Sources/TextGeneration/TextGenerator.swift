// Text from a model: what its tokens are worth as characters. Prompts come in as token ids, so that
// any encoder may make them.

import Inference
import Tokenization

/// How much text is generated, and how.
public struct GenerationOptions: Sendable, Equatable {
    /// Generation ends after this many tokens.
    public var maxTokens: Int
    /// How tokens are drawn.
    public var sampling: SamplingOptions
    /// Whether generation goes on when the model ends the text; the end-of-text token is then part
    /// of what is generated.
    public var ignoresEndOfText: Bool

    /// Describes a generation.
    public init(maxTokens: Int, sampling: SamplingOptions, ignoresEndOfText: Bool = false) {
        self.maxTokens = maxTokens
        self.sampling = sampling
        self.ignoresEndOfText = ignoresEndOfText
    }
}

/// A model and the vocabulary that gives its tokens their meaning.
public struct TextGenerator<Model: LanguageModel> {
    /// What predicts.
    public let model: Model
    /// The bytes of each token.
    public let vocabulary: Vocabulary

    /// Pairs a model with its vocabulary.
    /// - Throws: ``TextGenerationError/vocabularyMismatch(tokenizerSize:modelSize:)``.
    public init(_ model: Model, vocabulary: Vocabulary) throws {
        guard vocabulary.count == model.vocabularySize else {
            throw TextGenerationError.vocabularyMismatch(
                tokenizerSize: vocabulary.count,
                modelSize: model.vocabularySize
            )
        }
        self.model = model
        self.vocabulary = vocabulary
    }

    /// Starts a text; the model first runs when a piece is asked for.
    /// - Parameters:
    ///   - prompt: Ids to continue. With none, the model starts a new text, from the end-of-text
    ///     token that stands before every document it has seen.
    ///   - options: How much is generated, and how.
    ///   - seed: What random draws start from.
    /// - Returns: The text, piece by piece.
    /// - Throws: ``InferenceError/promptTooLong(tokenCount:maximum:)``.
    public func stream(
        prompt: [TokenID] = [],
        options: GenerationOptions,
        seed: UInt64
    ) throws -> TextStream<Model> {
        let prompt = prompt.isEmpty ? [vocabulary.endOfText] : prompt
        let tokens = try TokenGenerator(
            model,
            prompt: prompt,
            sampler: Sampler(options.sampling, seed: seed),
            maxTokens: options.maxTokens,
            endOfText: options.ignoresEndOfText ? nil : vocabulary.endOfText
        )
        return TextStream(tokens, promptTokenCount: prompt.count, vocabulary: vocabulary)
    }
}
