// How a container stores the weights of a family: the name of each, and how it lies there. A table
// of this kind is all that a format of named tensors needs to be read and to be written.

/// Where a container has a weight.
public enum WeightPlace: Sendable, Equatable {
    /// A tensor of this name.
    case tensor(String, WeightArrangement = .asItIs)
    /// Nowhere: the weight is zero.
    case zeros
}

/// How a weight lies in a container, compared with how ``ModelWeights`` gives it.
public enum WeightArrangement: Sendable, Equatable {
    /// In the same way.
    case asItIs
    /// As (in, out).
    case transposed
    /// With the rows of each head, of `headSize` rows, in the order in which rotary positions turn
    /// the halves of the head: row i is what is row 2i here, and row i + headSize / 2 is 2i + 1.
    case halves(headSize: Int)
}

/// The names of a model's weights in a container.
public struct WeightNaming: Sendable {
    /// Where each weight is.
    public let places: [ModelWeight: WeightPlace]
    /// How the names of all tensors of a block begin.
    let blockPrefix: String
    /// How the names of tensors end that are in a block, but are no weights.
    let buffers: [String]

    /// Describes a container.
    /// - Parameters:
    ///   - configuration: The model's sizes.
    ///   - blockPrefix: How the names of all tensors of a block begin.
    ///   - buffers: How the names of tensors end that are in a block, but are no weights.
    ///   - place: Where a weight is.
    public init(
        _ configuration: some ModelConfiguration,
        blockPrefix: String,
        buffers: [String] = [],
        place: (ModelWeight) -> WeightPlace
    ) {
        self.blockPrefix = blockPrefix
        self.buffers = buffers
        places = Dictionary(uniqueKeysWithValues: configuration.weights.map { ($0, place($0)) })
    }

    /// Where a weight is.
    /// - Precondition: the weight is one of the configuration's.
    public subscript(weight: ModelWeight) -> WeightPlace {
        guard let place = places[weight] else { preconditionFailure("no weight \(weight)") }
        return place
    }
}

extension WeightArrangement {
    /// The shape that a weight of this shape has in the container.
    public func storedShape(_ shape: [Int]) -> [Int] {
        self == .transposed ? shape.reversed() : shape
    }
}
