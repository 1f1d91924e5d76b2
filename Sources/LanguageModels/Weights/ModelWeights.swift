// Weights by name: the common interface of everything that holds a model, for both families. To add
// a format that says which model it holds, add a type that conforms. Configurations list their
// weights as such values; naming tables know what containers call them.

import Inference
import TensorFiles
import Tensors

/// Where the weights of a model come from: files of any format, or memory.
///
/// Opening reads the metadata and checks that all weights are there in the right shape; weights are
/// read on request.
package protocol ModelWeights<Configuration> {
    /// The sizes of the model's family.
    associatedtype Configuration: ModelConfiguration

    /// The model's sizes.
    var configuration: Configuration { get }

    /// The format they are stored in.
    var format: ModelFormat { get }

    /// The contents of the files under their original names, for display.
    var tensors: [StoredTensor] { get }

    /// A weight in its own shape: matrices as (out, in), the rows of `wq` and `wk` in the order in
    /// which rotary positions turn neighbors, an embedding without padding of the vocabulary.
    ///
    /// It has the type it is stored in, on the file's own pages if they can be used directly; or
    /// float32, if that type is not one of ours.
    /// - Throws: `TensorFileError` when the file holds something else, `FileIOError` when it has
    ///   lost some of it, or `TensorError` when memory is short.
    /// - Precondition: The weight is one of the configuration's.
    func tensor(_ weight: ModelWeight) throws -> Tensor

    /// The type of the tensor that ``tensor(_:)`` returns, determined without reading it if
    /// possible.
    /// - Throws: As ``tensor(_:)``.
    func elementType(of weight: ModelWeight) throws -> ElementType
}

extension ModelWeights {
    package func elementType(of weight: ModelWeight) throws -> ElementType {
        try tensor(weight).elementType
    }

    /// The type that most parameters are stored in.
    /// - Throws: What reading the weights throws.
    package func mainElementType() throws -> ElementType {
        var counts: [ElementType: Int] = [:]
        for weight in configuration.weights {
            counts[try elementType(of: weight), default: 0] += weight.count
        }
        return counts.max { $0.value < $1.value }?.key ?? .float32
    }

    /// A model with these weights, which continues sequences.
    /// - Parameters:
    ///   - precision: How to store matrices; nil keeps each as in its file. Norms, biases and
    ///     positions are always float32.
    ///   - cachePrecision: How to store keys and values: one of `KVCache.precisions`.
    ///   - ops: What runs the arithmetic.
    /// - Returns: The model.
    /// - Throws: What reading the weights throws, or `TensorError` when memory is short.
    package func makeModel(
        precision: ElementType? = nil,
        cachePrecision: ElementType = .float32,
        ops: Ops
    ) throws -> any InspectableModel {
        try BlockDecoder<Configuration.Blocks>(
            self,
            precision: precision,
            cachePrecision: cachePrecision,
            ops: ops
        )
    }
}

/// A weight, identified by its name in the family's own words and its layer.
package struct ModelWeight: Hashable, Sendable {
    /// The role of a weight, which decides how it may be stored.
    package enum Role: Sendable {
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

        /// Whether the weight may be rounded, or stored in blocks, to make a model small; the
        /// others are so few that they are kept as they are.
        package var isMatrix: Bool { self == .matrix || self == .embedding }
    }

    /// The part of a model that a weight belongs to.
    package enum Part: String, Sendable, CaseIterable {
        /// Of tokens and of positions; in many models it is also the classifier.
        case embeddings
        /// With its biases.
        case attention
        /// The feed-forward networks, with their biases.
        case mlp
        /// With their biases.
        case norms
        /// If the token embedding does not serve as one.
        case classifier
    }

    /// The name in llm.c or llama2.c, such as `qkvw` or `wq`.
    package let name: String
    /// The block it belongs to; nil for a weight of the whole model.
    package let layer: Int?
    /// Its shape: matrices are (out, in), and an embedding has one row for each token of the
    /// vocabulary, without padding.
    package let shape: [Int]
    /// Its role.
    package let role: Role
    /// The part of the model it belongs to.
    package let part: Part

    /// Describes a weight.
    package init(_ name: String, layer: Int? = nil, shape: [Int], role: Role, part: Part) {
        self.name = name
        self.layer = layer
        self.shape = shape
        self.role = role
        self.part = part
    }

    /// The number of its elements.
    package var count: Int { shape.reduce(1, *) }
}

extension ModelWeight: CustomStringConvertible {
    /// The name, followed by the layer.
    package var description: String { layer.map { "\(name).\($0)" } ?? name }
}

/// The weights of a model in memory.
package struct MemoryWeights<Configuration: ModelConfiguration>: ModelWeights {
    package let configuration: Configuration
    private let values: [ModelWeight: Tensor]

    /// Creates all weights of a model.
    /// - Parameters:
    ///   - configuration: The model's sizes.
    ///   - make: Gives a weight, in its shape; called for each, in order.
    /// - Throws: What `make` throws.
    package init(
        _ configuration: Configuration,
        _ make: (ModelWeight) throws -> Tensor
    ) rethrows {
        self.configuration = configuration
        var values: [ModelWeight: Tensor] = [:]
        for weight in configuration.weights {
            let tensor = try make(weight)
            precondition(
                tensor.shape == weight.shape,
                "a tensor \(tensor.shape) as \(weight), which is \(weight.shape)"
            )
            values[weight] = tensor
        }
        self.values = values
    }

    package var format: ModelFormat { .memory }

    /// None: there are no files.
    package var tensors: [StoredTensor] { [] }

    package func tensor(_ weight: ModelWeight) -> Tensor {
        guard let tensor = values[weight] else { preconditionFailure("no weight \(weight)") }
        return tensor
    }
}
