// How well a model predicts each token of a text, and what it expects next.

import Inference

/// The losses of a sequence's tokens, and the likeliest next ones.
public struct TokenPredictions: Sendable, Equatable {
    /// The T tokens.
    public let tokens: [Int32]
    /// The cross-entropy of each token given those before it, in nats; nil for the first, which
    /// nothing predicts.
    public let losses: [Float?]
    /// The likeliest tokens after the last one, the likeliest first.
    public let next: [TokenProbability]

    /// Names the predictions.
    public init(tokens: [Int32], losses: [Float?], next: [TokenProbability]) {
        precondition(tokens.count == losses.count, "\(losses.count) losses of \(tokens.count)")
        self.tokens = tokens
        self.losses = losses
        self.next = next
    }
}

extension InspectableModel {
    /// How well the model predicts each token of a sequence, and what it expects after the last.
    /// - Parameters:
    ///   - tokens: 1 to ``LanguageModel/contextLength`` tokens.
    ///   - top: How many of the likeliest next tokens to keep, at least 1.
    /// - Returns: The losses and predictions.
    /// - Throws: ``InterpretabilityError`` for tokens that the model does not have, or weights that
    ///   are not finite; what the model's pass throws.
    public func predictions(of tokens: [Int32], top: Int = 10) throws -> TokenPredictions {
        precondition(top >= 1, "the likeliest \(top) tokens")
        try check(tokens)
        let session = try makeSession(sequenceCount: 1, tokenCapacity: tokens.count)
        var losses: [Float] = []
        if tokens.count > 1 {
            let part = ScoredPart(
                sequence: 0,
                tokens: Array(tokens.dropLast()),
                targets: Array(tokens.dropFirst())
            )
            losses = try session.losses(appending: [part])[0]
        }
        guard losses.allSatisfy(\.isFinite) else { throw InterpretabilityError.notFinite("losses") }
        var logits = try session.logits(appending: Array(tokens.suffix(1)))
        let next = try logits.withRows(0..<1, of: vocabularySize) { span in
            guard span.firstUnusable == nil else { throw InterpretabilityError.notFinite("logits") }
            return span.likeliest(top, total: span.logSumOfExponentials())
        }
        return TokenPredictions(
            tokens: tokens,
            losses: [nil] + losses.map { $0 },
            next: next.map(TokenProbability.init)
        )
    }
}
