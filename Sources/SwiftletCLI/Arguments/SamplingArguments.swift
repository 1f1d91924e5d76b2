// The flags that say how much text is generated, and how its tokens are drawn.

import ArgumentParser
import Swiftlet

/// Flags of sampling.
struct SamplingArguments: ParsableArguments {
    @Option(help: "Tokens to generate, unless the text ends earlier.", in: .from(1))
    var maxTokens = TextGenerationOptions().maxTokens

    @Option(
        help: """
            Below 1 sharpens the distribution, above 1 flattens it; 0 is greedy. To draw from the \
            model's own distribution, use --temperature 1 --top-p 1.
            """,
        in: SamplingOptions.bounds.temperature
    )
    var temperature = SamplingOptions.usual.temperature

    @Option(
        help: "Draw from the K most likely tokens only; 0 is no limit.",
        in: SamplingOptions.bounds.topK
    )
    var topK = SamplingOptions.usual.topK

    @Option(
        help: "Draw from the likeliest tokens that together reach this probability; 1 is no limit.",
        in: SamplingOptions.bounds.topP
    )
    var topP = SamplingOptions.usual.topP

    @Option(
        help: """
            Draw from tokens at least this fraction as likely as the most likely one; 0 is no limit.
            """,
        in: SamplingOptions.bounds.minP
    )
    var minP = SamplingOptions.usual.minP

    @Option(
        help: "Above 1 makes tokens that already occurred less likely; 1 is no penalty.",
        in: SamplingOptions.bounds.repetitionPenalty
    )
    var repetitionPenalty = SamplingOptions.usual.repetitionPenalty

    @Option(
        help: "Penalize only this many of the last tokens; 0 is all, including the prompt's.",
        in: SamplingOptions.bounds.repetitionWindow
    )
    var repetitionWindow = SamplingOptions.usual.repetitionWindow

    @Option(
        help: "Subtract this from the logits of tokens that were already generated.",
        in: SamplingOptions.bounds.occurrencePenalty
    )
    var presencePenalty = SamplingOptions.usual.presencePenalty

    @Option(
        help: "Subtract this from the logit of a token for every time it was generated.",
        in: SamplingOptions.bounds.occurrencePenalty
    )
    var frequencyPenalty = SamplingOptions.usual.frequencyPenalty

    @Option(
        help: ArgumentHelp(
            "Add X to the logit of token ID; -inf excludes it. Repeatable.",
            valueName: "id=x"
        ),
        transform: TokenBias.init(text:)
    )
    var logitBias: [TokenBias] = []

    @Option(
        name: .customLong("stop"),
        help: ArgumentHelp("End the text before this text. Repeatable.", valueName: "text")
    )
    var stopStrings: [ArgumentText] = []

    @Flag(help: "Keep generating when the model ends the text.")
    var ignoreEos = false

    /// The flags as the library takes them.
    func generationOptions(
        contextOverflow: ContextOverflow = .stop,
        topLogprobs: Int? = nil
    ) throws -> TextGenerationOptions {
        TextGenerationOptions(
            maxTokens: maxTokens,
            sampling: try SamplingOptions(
                temperature: temperature,
                topK: topK,
                topP: topP,
                minP: minP,
                repetitionPenalty: repetitionPenalty,
                repetitionWindow: repetitionWindow,
                presencePenalty: presencePenalty,
                frequencyPenalty: frequencyPenalty,
                // The last of several biases for a token counts, as with any option given twice.
                logitBias: Dictionary(logitBias.map { ($0.token, $0.bias) }) { $1 }
            ),
            stopStrings: stopStrings.map(\.string),
            ignoresEndOfText: ignoreEos,
            contextOverflow: contextOverflow,
            topLogprobs: topLogprobs
        )
    }
}

extension ContextOverflow: ExpressibleByArgument {}

/// A token and what is added to its logit: `50256=-5`.
struct TokenBias {
    let token: TokenID
    let bias: Float

    init(text: String) throws {
        let parts = text.split(separator: "=", omittingEmptySubsequences: false)
        guard parts.count == 2, let token = TokenID(parts[0]), let bias = Float(parts[1]) else {
            throw NumberError(description: "it must be a token's id and a number: 50256=-5")
        }
        self.token = token
        self.bias = bias
    }
}
