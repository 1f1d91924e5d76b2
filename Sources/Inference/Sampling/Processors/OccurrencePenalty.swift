/// Makes tokens that were generated already less likely, whether by once or by how often.
///
/// The two penalties are those of OpenAI's interface. Both are subtracted from a token's logit: one
/// when it was generated at all, the other for every time it was. Tokens of the prompt do not
/// count.
public struct OccurrencePenalty: LogitsProcessor {
    /// Subtracted from the logits of tokens that were generated; below 0 encourages them.
    public let presence: Float
    /// Subtracted for every time that they were; below 0 encourages them.
    public let frequency: Float

    private var counts = TokenCounts()

    /// Checks the values.
    /// - Throws: ``InferenceError/invalidOption(name:requirement:found:)``.
    public init(presence: Float = 0, frequency: Float = 0) throws {
        for (name, value) in [("presence penalty", presence), ("frequency penalty", frequency)] {
            try InferenceError.require(value.isFinite, name, "a number", value)
        }
        self.presence = presence
        self.frequency = frequency
    }

    public mutating func prompt(_ tokens: [Int32]) {
        counts.removeAll()
    }

    public mutating func didSample(_ token: Int32) {
        counts.add(token)
    }

    /// Changes the logits of tokens that were generated.
    /// - Parameter logits: `(V)`, one for each token of the vocabulary.
    /// - Precondition: there is a logit for every one of those tokens.
    public func process(_ logits: inout MutableSpan<Float>) {
        for (token, count) in counts.entries {
            precondition(Int(token) < logits.count, "token \(token) of \(logits.count)")
            logits[Int(token)] -= presence + Float(count) * frequency
        }
    }
}
