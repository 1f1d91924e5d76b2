/// Adds a fixed amount to the logits of some tokens.
public struct LogitBias: LogitsProcessor {
    /// What is added, by token; negative infinity excludes a token.
    public let biases: [Int32: Float]

    /// Checks the values.
    /// - Throws: ``InferenceError/invalidOption(name:requirement:found:)`` for NaN, positive
    ///   infinity and negative ids.
    public init(_ biases: [Int32: Float]) throws {
        // In the order of ids, so that of several mistakes the same one is always reported.
        for (token, bias) in biases.sorted(by: { $0.key < $1.key }) {
            try InferenceError.require(
                token >= 0,
                "token of a logit bias",
                "an id, which is 0 or more",
                token
            )
            try InferenceError.require(
                bias < .infinity,
                "logit bias of token \(token)",
                "a number or -inf",
                bias
            )
        }
        self.biases = biases
    }

    /// Checks that a vocabulary has all of the tokens.
    /// - Throws: ``InferenceError/unknownBiasToken(token:vocabularySize:)``.
    public func check(vocabularySize: Int) throws {
        if let token = biases.keys.filter({ $0 >= vocabularySize }).min() {
            throw InferenceError.unknownBiasToken(token: token, vocabularySize: vocabularySize)
        }
    }

    public func process(_ logits: inout MutableSpan<Float>) throws {
        try check(vocabularySize: logits.count)
        for (token, bias) in biases { logits[Int(token)] += bias }
    }
}
