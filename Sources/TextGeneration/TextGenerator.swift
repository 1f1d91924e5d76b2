// Text from a model: what its tokens are worth as characters. Prompts come in as token ids, so that
// any encoder may make them.

import Inference
import Tokenization

/// A model and the vocabulary that gives its tokens their meaning.
public struct TextGenerator {
    /// What predicts.
    public let model: any LanguageModel
    /// What each token stands for.
    public let vocabulary: any TokenDecoder

    /// Pairs a model with its vocabulary.
    ///
    /// The model may have more ids than the vocabulary, as one has whose size was rounded up; those
    /// that the vocabulary lacks are never drawn.
    /// - Throws: ``TextGenerationError/vocabularyMismatch(tokenizerSize:modelSize:)`` when the
    ///   vocabulary has more.
    public init(_ model: any LanguageModel, vocabulary: any TokenDecoder) throws {
        try vocabulary.requireFit(modelSize: model.vocabularySize)
        self.model = model
        self.vocabulary = vocabulary
    }

    /// Starts a text; the model first runs when a piece is asked for.
    /// - Parameters:
    ///   - prompt: Ids to continue. With none, the model starts a new text, from the token that
    ///     stands before every text it has seen, if the vocabulary has one.
    ///   - options: How much is generated, and how.
    ///   - seed: What random draws start from.
    /// - Returns: The text, piece by piece.
    /// - Throws: ``InferenceError``, ``TextGenerationError`` or `TokenizerError` for a prompt or
    ///   options that do not fit the model, or a model's error when memory is short.
    public func stream(
        prompt: [TokenID] = [],
        options: GenerationOptions,
        seed: UInt64
    ) throws -> TextStream {
        TextStream(try batch(prompts: [prompt], options: options, seeds: [seed]))
    }

    /// Starts several texts that are generated together; equal prompts are computed once.
    ///
    /// Each text is what ``stream(prompt:options:seed:)`` gives for its prompt and seed, as far as
    /// the model's arithmetic does not depend on what else is in a batch.
    /// - Parameters:
    ///   - prompts: Ids to continue, for each text, of which there is at least one; one of no ids
    ///     starts a new text.
    ///   - options: How much is generated, and how.
    ///   - seeds: What random draws start from, for each text.
    /// - Returns: The texts, piece by piece.
    /// - Throws: What ``stream(prompt:options:seed:)`` throws.
    public func batch(
        prompts: [[TokenID]],
        options: GenerationOptions,
        seeds: [UInt64]
    ) throws -> TextBatch {
        precondition(
            prompts.count == seeds.count,
            "\(prompts.count) prompts for \(seeds.count) seeds"
        )
        try options.check(
            prompts: prompts,
            vocabularySize: vocabulary.vocabularySize,
            contextLength: model.contextLength
        )
        let prompts = try prompts.map { prompt in
            // The model may know ids that nothing else here does.
            if let token = prompt.first(where: { !vocabulary.contains($0) }) {
                throw TokenizerError.unknownToken(
                    id: token,
                    vocabularySize: vocabulary.vocabularySize
                )
            }
            if !prompt.isEmpty { return prompt }
            guard let start = vocabulary.startOfText else {
                throw TextGenerationError.nothingToStart
            }
            return [start]
        }
        let tokens = try BatchGenerator(
            model,
            prompts: prompts,
            samplers: seeds.map {
                Sampler(options.sampling, seed: $0, tokenLimit: vocabulary.vocabularySize)
            },
            limits: GenerationLimits(
                maxTokens: options.maxTokens,
                endTokens: options.ignoresEndOfText ? [] : Set(vocabulary.endsOfText),
                contextOverflow: options.contextOverflow,
                startToken: vocabulary.startOfText
            )
        )
        return TextBatch(
            tokens,
            assemblers: prompts.map {
                TextAssembler(vocabulary, after: $0.last, stopStrings: options.stopStrings)
            }
        )
    }
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

    func contains(_ id: TokenID) -> Bool { id >= 0 && Int(id) < vocabularySize }
}
