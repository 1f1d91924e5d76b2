// What a model loses without one of its parts.

/// The losses of a model without each of some heads and feed-forward networks.
public struct Ablation: Sendable, Equatable {
    /// The model without one part.
    public struct Part: Sendable, Equatable {
        /// The block.
        public let layer: Int
        /// The head whose output was zero before the projection; nil where the block's feed-forward
        /// network added nothing.
        public let head: Int?
        /// The mean loss without it, in nats a token.
        public let loss: Double
        /// How much higher that is than the whole model's.
        public let change: Double

        /// Names a loss.
        public init(layer: Int, head: Int?, loss: Double, change: Double) {
            self.layer = layer
            self.head = head
            self.loss = loss
            self.change = change
        }
    }

    /// The whole model's mean loss, in nats a token.
    public let loss: Double
    /// Tokens that were predicted.
    public let tokenCount: Int
    /// The model without each head, in the order of layers and heads.
    public let heads: [Part]
    /// The model without each feed-forward network, in the order of layers.
    public let mlps: [Part]

    /// Names the losses.
    public init(loss: Double, tokenCount: Int, heads: [Part], mlps: [Part]) {
        self.loss = loss
        self.tokenCount = tokenCount
        self.heads = heads
        self.mlps = mlps
    }
}
