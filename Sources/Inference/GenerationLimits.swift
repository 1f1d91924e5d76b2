// When a sequence ends.

/// Why generation ended.
public enum StopReason: String, Sendable, Codable {
    /// As many tokens were generated as asked for.
    case length
    /// The model ended the text.
    case endOfText = "end_of_text"
    /// The text holds a stop string.
    case stopString = "stop_string"
    /// The model cannot look at a longer sequence.
    case context
    /// The caller ended it.
    case interrupted
}

/// What happens when a sequence fills the model's context.
public enum ContextOverflow: String, Sendable, CaseIterable {
    /// Generation ends.
    case stop
    /// The older half of the context is forgotten.
    ///
    /// The newer half is encoded again, because with learned positions what was computed for a
    /// token holds for its place only. That takes as long as a prompt of half the context, once for
    /// every half context generated. A prompt must still fit the context.
    case slide
}

/// When generation ends.
public struct GenerationLimits: Sendable, Equatable {
    /// It ends after this many tokens.
    public var maxTokens: Int
    /// Ids that end it and are not themselves given out.
    public var endTokens: Set<Int32>
    /// What happens when the context is full.
    public var contextOverflow: ContextOverflow

    /// Describes limits.
    public init(
        maxTokens: Int,
        endTokens: Set<Int32> = [],
        contextOverflow: ContextOverflow = .stop
    ) {
        self.maxTokens = maxTokens
        self.endTokens = endTokens
        self.contextOverflow = contextOverflow
    }
}
