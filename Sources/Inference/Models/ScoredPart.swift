// Measuring a model by the tokens it was to predict, one token at a time. Models have a quicker way
// of their own; this one serves those that do not.

/// Tokens that one sequence of a session grows by, and what was to be predicted after them.
public struct ScoredPart: Sendable, Equatable {
    /// Index of the sequence in its session.
    public var sequence: Int
    /// What is appended to it; at least one token.
    public var tokens: [Int32]
    /// The tokens that follow the last ones of ``tokens``, one after each; as many at most.
    public var targets: [Int32]

    /// Names a sequence, its next tokens and their targets.
    public init(sequence: Int, tokens: [Int32], targets: [Int32]) {
        precondition(
            targets.count <= tokens.count,
            "\(targets.count) targets of \(tokens.count) tokens"
        )
        self.sequence = sequence
        self.tokens = tokens
        self.targets = targets
    }
}

extension DecodingSession {
    public func losses(appending parts: [ScoredPart]) throws -> [[Float]] {
        let counts = parts.map { tokenCount(of: $0.sequence) }
        do {
            return try parts.map { part in
                // Tokens whose next one is no target go in at once, with the first that has one.
                let unscored = part.tokens.count - part.targets.count
                var logits = try predict(part.sequence, after: part.tokens.prefix(unscored + 1))
                return try part.targets.enumerated().map { index, target in
                    if index > 0 {
                        logits = try predict(part.sequence, after: [part.tokens[unscored + index]])
                    }
                    return logits.withRows(0..<1, of: vocabularySize) { $0.loss(of: target) }
                }
            }
        } catch {
            for (part, count) in zip(parts, counts) { truncate(part.sequence, to: count) }
            throw error
        }
    }

    private func predict(_ sequence: Int, after tokens: ArraySlice<Int32>) throws -> [Float] {
        var logits = [Float](repeating: 0, count: vocabularySize)
        var span = logits.mutableSpan
        let part = SequencePart(sequence: sequence, tokens: Array(tokens))
        try append([part], predicting: &span)
        return logits
    }
}

extension MutableSpan<Float> {
    /// The cross-entropy of a token in nats; NaN when a logit is no number.
    fileprivate func loss(of token: Int32) -> Float {
        guard firstUnusable == nil else { return .nan }
        return Float(logSumOfExponentials() - Double(self[Int(token)]))
    }
}
