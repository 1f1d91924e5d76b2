// How likely a model found tokens: the logarithms of their probabilities, before sampling changes
// anything.

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// How likely the model found the token that was drawn, and which ones it found likeliest.
///
/// These are the model's own probabilities, over all tokens that may be drawn: temperature, limits,
/// penalties and biases change what is drawn, but not these.
public struct TokenLogprobs: Sendable, Equatable {
    /// A token and the natural logarithm of its probability.
    public struct Alternative: Sendable, Equatable {
        /// The token.
        public let token: Int32
        /// At most 0.
        public let logprob: Float
    }

    /// The token that was drawn.
    public let token: Int32
    /// The natural logarithm of its probability.
    public let logprob: Float
    /// The likeliest tokens, the likeliest first, equals by id.
    ///
    /// As many as were asked for, or fewer if the model excludes tokens.
    public let top: [Alternative]
}

extension MutableSpan<Float> {
    /// The logarithm of the sum of the exponentials: what to subtract from a logit to get its
    /// log-probability.
    package func logSumOfExponentials() -> Double {
        var weights = TokenWeights()
        weights.compute(from: self)
        return log(weights.total) + Double(largest)
    }

    /// The likeliest tokens in order.
    /// - Parameters:
    ///   - count: How many.
    ///   - total: ``logSumOfExponentials()``.
    /// - Returns: `count` of them, or all that are possible.
    package func likeliest(_ count: Int, total: Double) -> [TokenLogprobs.Alternative] {
        guard count > 0 else { return [] }
        var candidates: [Candidate] = []
        candidates.gather(count, from: self)
        return candidates.sorted().map {
            TokenLogprobs.Alternative(
                token: Int32($0.token),
                logprob: Float(Double($0.logit) - total)
            )
        }
    }
}
