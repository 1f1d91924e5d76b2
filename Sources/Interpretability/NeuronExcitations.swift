// Where a neuron of a feed-forward network is most active.

/// The places of some texts that excite a neuron most.
public struct NeuronExcitations: Sendable, Equatable {
    /// A place in a text.
    public struct Place: Sendable, Equatable {
        /// The neuron's activation there.
        public let activation: Float
        /// Index of the sequence.
        public let sequence: Int
        /// Index of the token in it.
        public let position: Int

        /// Names a place.
        public init(activation: Float, sequence: Int, position: Int) {
            self.activation = activation
            self.sequence = sequence
            self.position = position
        }
    }

    /// The block.
    public let layer: Int
    /// The neuron in it.
    public let neuron: Int
    /// The places, the most exciting first.
    public let top: [Place]

    /// Names the places.
    public init(layer: Int, neuron: Int, top: [Place]) {
        self.layer = layer
        self.neuron = neuron
        self.top = top
    }
}
