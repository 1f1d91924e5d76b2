// One weight of a model: what it is called, where it belongs and which shape it has. Configurations
// list their weights as such values, and everything that reads or writes a model goes through that
// list; what a container calls a weight is for its naming table to know.

/// A weight by its name, in the family's own words, and its layer.
public struct ModelWeight: Hashable, Sendable {
    /// What a weight is for, and so how it may be stored.
    public enum Role: Sendable {
        /// A row for each token.
        case embedding
        /// A row for each position.
        case positions
        /// A matrix that activations are multiplied by.
        case matrix
        /// What is added to the result of a matrix or of a norm.
        case bias
        /// What a norm scales each channel by.
        case norm

        /// Whether the weight may be rounded, or stored in blocks, where a model is to be small;
        /// others are so few that they stay what they are.
        public var isMatrix: Bool { self == .matrix || self == .embedding }
    }

    /// The part of a model that a weight belongs to.
    public enum Part: String, Sendable, CaseIterable {
        /// Of tokens and of positions; of many models it is the classifier too.
        case embeddings
        /// With its biases.
        case attention
        /// The feed-forward networks, with their biases.
        case mlp
        /// With their biases.
        case norms
        /// Where the token embedding does not serve as one.
        case classifier
    }

    /// The name in llm.c or llama2.c, such as `qkvw` or `wq`.
    public let name: String
    /// The block it belongs to; nil for a weight of the whole model.
    public let layer: Int?
    /// Its shape: matrices are (out, in), and an embedding has a row for each token of the
    /// vocabulary and none beside.
    public let shape: [Int]
    /// What it is for.
    public let role: Role
    /// The part of the model it belongs to.
    public let part: Part

    /// Describes a weight.
    public init(_ name: String, layer: Int? = nil, shape: [Int], role: Role, part: Part) {
        self.name = name
        self.layer = layer
        self.shape = shape
        self.role = role
        self.part = part
    }

    /// The number of its elements.
    public var count: Int { shape.reduce(1, *) }
}

extension ModelWeight: CustomStringConvertible {
    /// The name, with the layer behind it.
    public var description: String { layer.map { "\(name).\($0)" } ?? name }
}
