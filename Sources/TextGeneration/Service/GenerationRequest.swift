// What a service is asked, and what it returns.

import FileIO
import Inference
import Tokenization

/// A request for a text.
package struct GenerationRequest: Sendable {
    /// The tokens to continue; none starts a new text.
    package var tokens: [TokenID]
    /// How much is generated, and how.
    package var options: TextGenerationOptions
    /// What random draws start from.
    package var seed: UInt64
    /// Tokens that end the text besides the tokenizer's own, such as those of a chat's turn.
    package var endTokens: [TokenID]
    /// Whether the space before the first word belongs to the text, as when a prompt is continued.
    package var continuesPrompt: Bool

    /// Asks for a text; without a seed it differs every time.
    package init(
        tokens: [TokenID],
        options: TextGenerationOptions = TextGenerationOptions(),
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

    /// The request with tokens that a model accepts.
    /// - Throws: An error that says what is wrong with it.
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

/// What is new in a text.
package enum GenerationUpdate: Sendable, Equatable {
    /// What was generated, which may be empty, and how likely the model found its tokens, if that
    /// was asked for.
    case piece(String, logprobs: [TokenLogprobs])
    /// The complete text, after its last piece.
    case finished(GeneratedText)
}

/// A request that a service does not accept; `description` is one sentence for the user.
package enum GenerationServiceError: Error, Equatable, Sendable {
    /// As many requests are waiting as may wait.
    case busy(queueCapacity: Int)
    /// More texts at once than can ever run and wait together.
    case tooManyTexts(count: Int, maximum: Int)
    /// The service accepts no more requests.
    case ending
}

extension GenerationServiceError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .busy(let queueCapacity):
            queueCapacity == 0
                ? "all places are taken; try again later"
                : "all places are taken, and no more than \(counted(queueCapacity, "text")) may "
                    + "wait; try again later"
        case .tooManyTexts(let count, let maximum):
            "\(count) texts were requested at once, but only \(maximum) can run or wait here; ask "
                + "for fewer"
        case .ending:
            "the service is shutting down and accepts no more requests"
        }
    }
}

/// What a service has done since it started, and what it is doing.
package struct GenerationStatistics: Sendable, Equatable {
    /// Finished texts, by their reasons; abandoned ones, even if they were still waiting, count as
    /// interrupted.
    package var finished: [StopReason: Int] = [:]
    /// Texts that ended with an error.
    package var failed = 0
    /// Tokens of prompts that were read.
    package var promptTokens = 0
    /// Tokens of prompts that did not have to be read, because they had been for another text.
    package var reusedTokens = 0
    /// Tokens that were generated.
    package var generatedTokens = 0
    /// Texts that are being generated.
    package var running = 0
    /// Texts that are waiting.
    package var queued = 0

    /// The values of a new service.
    package init() {}
}
