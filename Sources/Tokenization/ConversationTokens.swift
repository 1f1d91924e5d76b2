// A conversation as a model learns from it.

/// The tokens of a conversation, and which of them are to be learnt: what one side of it says.
public struct ConversationTokens: Sendable, Equatable {
    /// All tokens, in order.
    public private(set) var tokens: [TokenID] = []
    /// For each token, whether it is to be learnt.
    public private(set) var isLearnt: [Bool] = []

    /// No tokens.
    public init() {}

    /// Appends tokens that are all to be learnt, or none of them.
    public mutating func append(_ more: some Collection<TokenID>, isLearnt: Bool) {
        tokens += more
        self.isLearnt += repeatElement(isLearnt, count: more.count)
    }

    /// Appends what follows.
    public mutating func append(_ more: Self) {
        tokens += more.tokens
        isLearnt += more.isLearnt
    }

    /// The first `count` tokens, or all.
    public func prefix(_ count: Int) -> Self {
        if tokens.count <= count { return self }
        var result = Self()
        result.tokens = Array(tokens.prefix(count))
        result.isLearnt = Array(isLearnt.prefix(count))
        return result
    }
}
