/// Makes tokens that occurred already less likely.
///
/// The method is that of CTRL (Keskar et al. 2019). A positive logit is divided by the penalty and
/// a negative one multiplied by it, as in transformers; how often a token occurred makes no
/// difference.
public struct RepetitionPenalty: LogitsProcessor {
    /// Above 1 discourages repetition, below 1 encourages it; 1 changes nothing.
    public let penalty: Float
    /// Only this many of the last tokens count; 0 is all.
    public let window: Int

    private var counts: TokenCounts

    /// Checks the values.
    /// - Throws: ``InferenceError/invalidOption(name:requirement:found:)``.
    public init(_ penalty: Float, window: Int = 0) throws {
        try InferenceError.require(
            penalty > 0 && penalty.isFinite,
            "repetition penalty",
            "more than 0",
            penalty
        )
        try InferenceError.require(
            window >= 0,
            "repetition window",
            "0 (all tokens) or more",
            window
        )
        self.penalty = penalty
        self.window = window
        counts = TokenCounts(window: window)
    }

    public mutating func prompt(_ tokens: [Int32]) {
        counts.removeAll()
        for token in window == 0 ? tokens[...] : tokens.suffix(window) { counts.add(token) }
    }

    public mutating func didSample(_ token: Int32) {
        counts.add(token)
    }

    /// Changes the logits of tokens that occurred.
    /// - Parameter logits: `(V)`, one for each token of the vocabulary.
    /// - Precondition: there is a logit for every token that occurred.
    public func process(_ logits: inout MutableSpan<Float>) {
        for (token, _) in counts.entries {
            let token = Int(token)
            precondition(token < logits.count, "token \(token) among \(logits.count) logits")
            let logit = logits[token]
            logits[token] = logit > 0 ? logit / penalty : logit * penalty
        }
    }
}
