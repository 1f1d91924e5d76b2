// What each layer believes: its residual stream, read by the model's own last norm and classifier
// (nostalgebraist, "interpreting GPT: the logit lens", 2020).

/// What the layers of a model would predict at each position of a sequence.
public struct LogitLens: Sendable, Equatable {
    /// What a layer would predict at a position.
    public struct Position: Sendable, Equatable {
        /// The likeliest next tokens, the likeliest first.
        public let top: [TokenProbability]
        /// How undecided the prediction is, in nats.
        public let entropy: Float
        /// The divergence of the prediction from the model's own, `sum p ln(p / q)` in nats, where
        /// p is the model's.
        public let kl: Float

        /// Names a prediction.
        public init(top: [TokenProbability], entropy: Float, kl: Float) {
            self.top = top
            self.entropy = entropy
            self.kl = kl
        }
    }

    /// The predictions after some blocks.
    public struct Layer: Sendable, Equatable {
        /// How many blocks have added to the residual stream: 0 for the embeddings alone, L for the
        /// model's own prediction.
        public let layer: Int
        /// A prediction for each token.
        public let positions: [Position]

        /// Names the predictions.
        public init(layer: Int, positions: [Position]) {
            self.layer = layer
            self.positions = positions
        }
    }

    /// The T tokens.
    public let tokens: [Int32]
    /// The layers, from 0 to L.
    public let layers: [Layer]

    /// Names what the layers predict.
    public init(tokens: [Int32], layers: [Layer]) {
        self.tokens = tokens
        self.layers = layers
    }
}
