// A token that may come next. What it stands for is the tokenizer's to say.

/// A token and how likely a model takes it to be.
public struct TokenProbability: Sendable, Equatable {
    /// The token's id.
    public let token: Int32
    /// Its probability, 0 to 1.
    public let probability: Float

    /// Pairs a token with its probability.
    public init(token: Int32, probability: Float) {
        self.token = token
        self.probability = probability
    }
}
