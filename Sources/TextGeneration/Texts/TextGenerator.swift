// Text from a model. What each call needs besides the prompt has a default.

import Inference
import Tokenization

/// A model and the tokenizer that gives its tokens their meaning.
///
/// ```swift
/// let generator = try TextGenerator(model, tokenizer: tokenizer)
/// let stream = try generator.stream(prompt: "Once upon a time")
/// while let piece = try stream.next() { print(piece, terminator: "") }
/// ```
package struct TextGenerator {
    /// What predicts.
    package let model: any LanguageModel
    /// What each token stands for.
    package let vocabulary: any TokenDecoder
    private let tokenizer: (any Tokenizer)?

    /// Pairs a model with its tokenizer.
    ///
    /// The model may have more ids than the tokenizer, such as when its vocabulary was rounded up;
    /// ids that the tokenizer lacks are never drawn.
    /// - Throws: ``TextGenerationError/vocabularyMismatch(tokenizerSize:modelSize:)`` when the
    ///   tokenizer has more.
    package init(_ model: any LanguageModel, tokenizer: any Tokenizer) throws {
        try self.init(model, vocabulary: tokenizer, tokenizer: tokenizer)
    }

    /// Pairs a model with what its tokens stand for, for prompts that are already tokens.
    /// - Throws: As for ``init(_:tokenizer:)``.
    package init(_ model: any LanguageModel, vocabulary: any TokenDecoder) throws {
        try self.init(model, vocabulary: vocabulary, tokenizer: nil)
    }

    private init(
        _ model: any LanguageModel,
        vocabulary: any TokenDecoder,
        tokenizer: (any Tokenizer)?
    ) throws {
        try vocabulary.requireFit(modelSize: model.vocabularySize)
        self.model = model
        self.vocabulary = vocabulary
        self.tokenizer = tokenizer
    }

    /// Starts a text; the model first runs when a piece is asked for.
    /// - Parameters:
    ///   - prompt: What to continue; the model's start token is added before it. Without one, the
    ///     model starts a new text.
    ///   - options: How much is generated, and how.
    ///   - seed: What random draws start from; nil chooses a new one every time.
    /// - Returns: The text, piece by piece.
    /// - Throws: ``InferenceError``, ``TextGenerationError`` or `TextTokenizerError` for a prompt
    ///   or options that do not fit the model, or a model's error when memory is short.
    package func stream(
        prompt: String = "",
        options: TextGenerationOptions = TextGenerationOptions(),
        seed: UInt64? = nil
    ) throws -> TextStream {
        TextStream(try batch(prompts: [prompt], options: options, seeds: seed.map { [$0] }))
    }

    /// The same for a prompt of tokens, to which nothing is added; an empty one starts a new text,
    /// from the token that starts every text, if there is one.
    package func stream(
        tokens: [TokenID],
        options: TextGenerationOptions = TextGenerationOptions(),
        seed: UInt64? = nil
    ) throws -> TextStream {
        TextStream(try batch(tokens: [tokens], options: options, seeds: seed.map { [$0] }))
    }

    /// Starts several texts that are generated together; equal prompts are computed once.
    ///
    /// Each text is what ``stream(prompt:options:seed:)`` gives for its prompt and seed, provided
    /// the model's arithmetic does not depend on what else is in a batch.
    /// - Parameters:
    ///   - prompts: What to continue, for each text; at least one. An empty one starts a new text.
    ///   - options: How much is generated, and how.
    ///   - seeds: What random draws start from, for each text; nil chooses new ones every time.
    /// - Returns: The texts, piece by piece.
    /// - Throws: What ``stream(prompt:options:seed:)`` throws.
    package func batch(
        prompts: [String],
        options: TextGenerationOptions = TextGenerationOptions(),
        seeds: [UInt64]? = nil
    ) throws -> TextBatch {
        try batch(tokens: prompts.map(tokens(of:)), options: options, seeds: seeds)
    }

    /// The same for prompts of tokens.
    package func batch(
        tokens prompts: [[TokenID]],
        options: TextGenerationOptions = TextGenerationOptions(),
        seeds: [UInt64]? = nil
    ) throws -> TextBatch {
        let seeds = seeds ?? prompts.map { _ in .random() }
        precondition(
            prompts.count == seeds.count,
            "\(prompts.count) prompts for \(seeds.count) seeds"
        )
        try options.check(
            prompts: prompts,
            vocabularySize: vocabulary.vocabularySize,
            contextLength: model.contextLength
        )
        let prompts = try prompts.map(vocabulary.checkedPrompt)
        let engine = try GenerationEngine(
            model,
            prompts: prompts,
            samplers: seeds.map {
                Sampler(options.sampling, seed: $0, tokenLimit: vocabulary.vocabularySize)
            },
            limits: options.limits(vocabulary),
            topLogprobs: options.topLogprobs
        )
        return TextBatch(
            engine,
            assemblers: prompts.map {
                TextAssembler(vocabulary, after: $0.last, stopStrings: options.stopStrings)
            }
        )
    }

    private func tokens(of prompt: String) throws -> [TokenID] {
        if let tokenizer { return try tokenizer.promptTokens(of: prompt) }
        if prompt.isEmpty { return [] }
        throw TextGenerationError.noTokenizer
    }
}

extension UInt64 {
    /// A random seed, short enough to be typed.
    package static func random() -> UInt64 { .random(in: 0...UInt64(UInt32.max)) }
}

extension TokenDecoder {
    /// Checks that a model has all of these ids; it may have more.
    /// - Throws: ``TextGenerationError/vocabularyMismatch(tokenizerSize:modelSize:)``.
    func requireFit(modelSize: Int) throws {
        guard vocabularySize <= modelSize else {
            throw TextGenerationError.vocabularyMismatch(
                tokenizerSize: vocabularySize,
                modelSize: modelSize
            )
        }
    }

    /// A prompt that a model can be given: an empty one becomes the token that starts a text.
    /// - Throws: `TextTokenizerError` for a token outside the tokenizer's vocabulary, even if the
    ///   model knows it; ``TextGenerationError/nothingToStart``.
    func checkedPrompt(_ prompt: [TokenID]) throws -> [TokenID] {
        if let token = prompt.first(where: { !contains($0) }) {
            throw TextTokenizerError.unknownToken(id: token, vocabularySize: vocabularySize)
        }
        if !prompt.isEmpty { return prompt }
        guard let startOfText else { throw TextGenerationError.nothingToStart }
        return [startOfText]
    }

    private func contains(_ id: TokenID) -> Bool { id >= 0 && Int(id) < vocabularySize }
}
