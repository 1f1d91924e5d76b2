import Inference

/// How much text is generated, and how.
public struct GenerationOptions: Sendable, Equatable {
    /// Generation ends after this many tokens.
    public var maxTokens: Int
    /// How tokens are drawn.
    public var sampling: SamplingOptions
    /// A text ends before the first of these that it holds; none may be empty.
    ///
    /// They are compared as UTF-8. The tokens of a text include those that made the stop string.
    public var stopStrings: [String]
    /// Whether generation goes on when the model ends the text; the end-of-text token is then part
    /// of what is generated.
    public var ignoresEndOfText: Bool
    /// What happens when a text fills the model's context.
    public var contextOverflow: ContextOverflow

    /// Describes a generation.
    public init(
        maxTokens: Int,
        sampling: SamplingOptions,
        stopStrings: [String] = [],
        ignoresEndOfText: Bool = false,
        contextOverflow: ContextOverflow = .stop
    ) {
        self.maxTokens = maxTokens
        self.sampling = sampling
        self.stopStrings = stopStrings
        self.ignoresEndOfText = ignoresEndOfText
        self.contextOverflow = contextOverflow
    }
}
