// Numbers that tell what a head does: how much of its attention lies where TransformerLens's head
// detector looks, and Olsson et al. 2022 ("In-context Learning and Induction Heads"). Each is a
// mean over the tokens that have such a place to look at, and not, as the detector's, over all.

/// How much a head behaves in ways that are known.
public struct HeadScores: Sendable, Equatable {
    /// The block.
    public let layer: Int
    /// The head in it.
    public let head: Int
    /// Mean attention from a token to the one before it.
    public let previousToken: Float
    /// Mean attention from a token to the first one.
    public let firstToken: Float
    /// On random tokens that are repeated, mean attention from a token of the second half to its
    /// first occurrence.
    public let duplicateToken: Float
    /// On random tokens that are repeated, mean attention from a token of the second half to the
    /// token after its first occurrence.
    public let induction: Float
    /// Mean distance, in tokens, to what the head looks at.
    public let distance: Float
    /// Mean entropy of its patterns, in nats.
    public let entropy: Float

    /// Names a head's scores.
    public init(
        layer: Int,
        head: Int,
        previousToken: Float,
        firstToken: Float,
        duplicateToken: Float,
        induction: Float,
        distance: Float,
        entropy: Float
    ) {
        self.layer = layer
        self.head = head
        self.previousToken = previousToken
        self.firstToken = firstToken
        self.duplicateToken = duplicateToken
        self.induction = induction
        self.distance = distance
        self.entropy = entropy
    }
}
