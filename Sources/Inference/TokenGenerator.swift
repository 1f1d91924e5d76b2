// Continuing a sequence, one token at a time.

/// Why generation ended.
public enum StopReason: String, Sendable, Codable {
    /// As many tokens were generated as asked for.
    case length
    /// The model ended the text.
    case endOfText = "end_of_text"
    /// The model cannot look at a longer sequence.
    case context
    /// The caller ended it.
    case interrupted
}

/// Draws one token after the other from a model.
///
/// ```swift
/// var generator = try TokenGenerator(model, prompt: [50256], sampler: sampler, maxTokens: 64)
/// while let token = try generator.next() { print(token) }
/// ```
public struct TokenGenerator<Model: LanguageModel> {
    /// Why generation ended; nil while it goes on.
    public private(set) var stopReason: StopReason?
    /// Tokens generated so far, without the prompt.
    public private(set) var tokens: [Int32] = []

    private let maxTokens: Int
    private let endOfText: Int32?
    private let contextLength: Int
    private var session: Model.Session
    private var sampler: Sampler
    /// What the session has not seen yet: the prompt, then the last token.
    private var pending: [Int32]

    /// Prepares to continue a prompt; the model first runs when a token is asked for.
    /// - Parameters:
    ///   - model: What predicts.
    ///   - prompt: Ids to continue; at least one.
    ///   - sampler: What draws.
    ///   - maxTokens: Generation ends after this many tokens.
    ///   - endOfText: The id that ends generation and is not itself given out; nil for none.
    /// - Throws: ``InferenceError/promptTooLong(tokenCount:maximum:)``.
    public init(
        _ model: Model,
        prompt: [Int32],
        sampler: Sampler,
        maxTokens: Int,
        endOfText: Int32? = nil
    ) throws {
        precondition(!prompt.isEmpty, "a prompt of no tokens")
        precondition(maxTokens >= 0, "generating \(maxTokens) tokens")
        guard prompt.count <= model.contextLength else {
            throw InferenceError.promptTooLong(
                tokenCount: prompt.count,
                maximum: model.contextLength
            )
        }
        self.maxTokens = maxTokens
        self.endOfText = endOfText
        self.sampler = sampler
        contextLength = model.contextLength
        session = model.makeSession()
        pending = prompt
    }

    /// The next token, or nil when generation has ended for ``stopReason``.
    /// - Throws: ``InferenceError/unusableLogit(token:value:)``, or what the model throws.
    public mutating func next() throws -> Int32? {
        guard stopReason == nil else { return nil }
        guard tokens.count < maxTokens else { return stop(.length) }
        guard session.tokenCount + pending.count <= contextLength else { return stop(.context) }
        let token = try sampler.sample(try session.logits(appending: pending))
        guard token != endOfText else { return stop(.endOfText) }
        pending = [token]
        tokens.append(token)
        return token
    }

    /// Ends generation; nothing happens when it has ended already.
    public mutating func interrupt() {
        if stopReason == nil { _ = stop(.interrupted) }
    }

    private mutating func stop(_ reason: StopReason) -> Int32? {
        stopReason = reason
        return nil
    }
}
