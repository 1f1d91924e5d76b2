// Texts that excite a neuron, as a page shows them.

/// The texts that excite one neuron most.
public struct NeuronExamples: Sendable, Equatable {
    /// A text around the token at which the neuron is active.
    public struct Example: Sendable, Equatable {
        /// The neuron's activation there.
        public let activation: Float
        /// The token.
        public let token: Int32
        /// The token's text.
        public let text: String
        /// What precedes it, as far as it is shown.
        public let before: String
        /// What follows it.
        public let after: String

        /// Names a text.
        public init(
            activation: Float,
            token: Int32,
            text: String,
            before: String,
            after: String
        ) {
            (self.activation, self.token, self.text) = (activation, token, text)
            (self.before, self.after) = (before, after)
        }
    }

    /// The neuron.
    public let neuron: Int
    /// The texts, the most exciting first.
    public let top: [Example]

    /// Names the texts of a neuron.
    public init(neuron: Int, top: [Example]) {
        (self.neuron, self.top) = (neuron, top)
    }
}
