// How well a model predicts each token of a text, and what it expects next.

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
