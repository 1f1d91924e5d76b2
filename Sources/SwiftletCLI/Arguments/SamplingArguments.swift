// The flags that say how much text is generated, and how its tokens are drawn.

import ArgumentParser
import Swiftlet

/// Flags of sampling.
struct SamplingArguments: ParsableArguments {
    private static let bounds = SamplingOptions.bounds

    @Option(help: "The most tokens to generate.", in: .from(1))
    var maxTokens = TextGenerationOptions().maxTokens

    @Option(
        \.temperature,
        in: bounds.temperature,
        help: """
            Below 1 sharpens the distribution, above 1 flattens it, and 0 always picks the most \
            likely token. To draw from the model's own distribution, use --temperature 1 --top-p 1.
            """
    )
    var temperature

    @Option(
        \.topK,
        in: bounds.topK,
        help: "Draw only from the K most likely tokens; 0 means no limit."
    )
    var topK

    @Option(
        \.topP,
        in: bounds.topP,
        help: """
            Draw only from the most likely tokens that together reach this probability; 1 means no \
            limit.
            """
    )
    var topP

    @Option(
        \.minP,
        in: bounds.minP,
        help: """
            Draw only from tokens at least this fraction as likely as the most likely one; 0 means \
            no limit.
            """
    )
    var minP

    @Option(
        \.repetitionPenalty,
        in: bounds.repetitionPenalty,
        help: "Above 1 makes tokens that have already occurred less likely; 1 means no penalty."
    )
    var repetitionPenalty

    @Option(
        \.repetitionWindow,
        in: bounds.repetitionWindow,
        help: "Penalize only this many of the last tokens; 0 means all, including the prompt's."
    )
    var repetitionWindow

    @Option(
        \.presencePenalty,
        in: bounds.occurrencePenalty,
        help: "Subtract this from the logits of tokens that have already been generated."
    )
    var presencePenalty

    @Option(
        \.frequencyPenalty,
        in: bounds.occurrencePenalty,
        help: "Subtract this from a token's logit for every time it has been generated."
    )
    var frequencyPenalty

    @Option(
        help: ArgumentHelp(
            "Add X to the logit of token ID; -inf rules it out. Repeatable.",
            valueName: "id=x"
        ),
        transform: TokenBias.init(text:)
    )
    var logitBias: [TokenBias] = []

    @Option(
        name: .customLong("stop"),
        help: ArgumentHelp(
            "Stop when the model writes this text, and leave it out. Repeatable.",
            valueName: "text"
        )
    )
    var stopStrings: [ArgumentText] = []

    @Flag(help: "Keep generating after the model ends the text.")
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

extension Option {
    /// The option of a number of ``SamplingOptions``, whose usual value is the default.
    fileprivate init(
        _ path: KeyPath<SamplingOptions, Value>,
        in bounds: Bounds<Value>,
        help: ArgumentHelp
    ) where Value: LosslessStringConvertible {
        self.init(wrappedValue: SamplingOptions.usual[keyPath: path], help: help, in: bounds)
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
