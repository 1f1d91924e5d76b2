/// Makes tokens that occurred already less likely.
///
/// The method is that of CTRL (Keskar et al. 2019). A positive logit is divided by the penalty and
/// a negative one multiplied with it, as in transformers; how often a token occurred makes no
/// difference.
public struct RepetitionPenalty: LogitsProcessor {
    /// Above 1 discourages repetition, below 1 encourages it; 1 changes nothing.
    public let penalty: Float
    /// Only this many of the last tokens count; 0 is all.
    public let window: Int

    // The call that last penalised each token, so that none is penalised twice in one call and
    // nothing must be cleared between calls.
    private var penalizedIn: [UInt32] = []
    private var call: UInt32 = 0

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
    }

    /// Changes the logits of tokens that occurred.
    /// - Parameters:
    ///   - logits: `(V)`, one for each token of the vocabulary.
    ///   - tokens: The sequence so far, prompt included.
    /// - Precondition: there is a logit for every one of `tokens`.
    public mutating func process(_ logits: inout MutableSpan<Float>, after tokens: [Int32]) {
        if penalizedIn.count != logits.count || call == .max {
            penalizedIn = [UInt32](repeating: 0, count: logits.count)
            call = 0
        }
        call += 1
        for token in window == 0 ? tokens[...] : tokens.suffix(window) {
            precondition(
                0 <= token && token < logits.count,
                "token \(token) among \(logits.count) logits"
            )
            let token = Int(token)
            if penalizedIn[token] == call { continue }
            penalizedIn[token] = call
            let logit = logits[token]
            logits[token] = logit > 0 ? logit / penalty : logit * penalty
        }
    }
}
