// What is asked of a service, and what comes back.

import FileIO
import Inference
import Tokenization

/// A text that a service is asked for.
public struct GenerationRequest: Sendable {
    /// The tokens to continue; none starts a new text.
    public var tokens: [TokenID]
    /// How much is generated, and how.
    public var options: GenerationOptions
    /// What random draws start from.
    public var seed: UInt64
    /// Tokens that end the text besides the tokenizer's own, such as those of a chat's turn.
    public var endTokens: [TokenID]
    /// Whether the space before the first word belongs to the text, as where a prompt is continued.
    public var continuesPrompt: Bool

    /// Asks for a text; without a seed it is another one every time.
    public init(
        tokens: [TokenID],
        options: GenerationOptions = GenerationOptions(),
        seed: UInt64? = nil,
        endTokens: [TokenID] = [],
        continuesPrompt: Bool = true
    ) {
        self.tokens = tokens
        self.options = options
        self.seed = seed ?? .random()
        self.endTokens = endTokens
        self.continuesPrompt = continuesPrompt
    }

    /// The request with tokens that a model can be given.
    /// - Throws: What is wrong with it.
    func checked(
        _ vocabulary: any TokenDecoder,
        contextLength: Int
    ) throws -> GenerationRequest {
        try options.check(
            prompts: [tokens],
            vocabularySize: vocabulary.vocabularySize,
            contextLength: contextLength
        )
        var request = self
        request.tokens = try vocabulary.checkedPrompt(tokens)
        return request
    }
}

/// What is new of a text.
public enum GenerationUpdate: Sendable, Equatable {
    /// What was generated, which may be empty, and how likely the model found its tokens, where
    /// that was asked for.
    case piece(String, logprobs: [TokenLogprobs])
    /// The whole text, after its last piece.
    case finished(GeneratedText)
}

/// A text that a service does not take on; `description` is one sentence for the user.
public enum GenerationServiceError: Error, Equatable, Sendable {
    /// As many requests wait as may.
    case busy(queueCapacity: Int)
    /// More texts at once than can run and wait together, whatever else is asked for.
    case tooManyTexts(count: Int, maximum: Int)
    /// The service takes no requests any more.
    case ending
}

extension GenerationServiceError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .busy(let queueCapacity):
            queueCapacity == 0
                ? "all places are taken; try again later"
                : "all places are taken, and no more than \(counted(queueCapacity, "text")) may "
                    + "wait; try again later"
        case .tooManyTexts(let count, let maximum):
            "\(count) texts are asked for at once, but only \(maximum) can run or wait here; ask "
                + "for fewer"
        case .ending:
            "the service is about to end and takes no more requests"
        }
    }
}

/// What a service has done since it began, and what it is doing.
public struct GenerationStatistics: Sendable, Equatable {
    /// Texts that came to their end, by why they did; those that nobody wanted any more, be it
    /// while they waited, were interrupted.
    public var finished: [StopReason: Int] = [:]
    /// Texts that ended with an error.
    public var failed = 0
    /// Tokens of prompts that were read.
    public var promptTokens = 0
    /// Tokens of prompts that did not have to be, since they had been for another text.
    public var reusedTokens = 0
    /// Tokens that were generated.
    public var generatedTokens = 0
    /// Texts that are being generated.
    public var running = 0
    /// Texts that wait.
    public var queued = 0

    /// Of a service that has just begun.
    public init() {}
}
