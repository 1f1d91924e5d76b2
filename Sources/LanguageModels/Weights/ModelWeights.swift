// Weights by name: the one face of whatever holds a model, for both families. Adding a container is
// adding something that conforms.

import Inference
import TensorFiles
import Tensors

/// Where the weights of a model come from: files of any format, or memory.
///
/// Opening reads what the files say of themselves and checks that all weights are there in the
/// right shape; a weight is looked at when it is asked for.
public protocol ModelWeights<Configuration> {
    /// The sizes of the model's family.
    associatedtype Configuration: ModelConfiguration

    /// The model's sizes.
    var configuration: Configuration { get }

    /// What they are stored in.
    var format: ModelFormat { get }

    /// What the files hold, under the names it has there; for people to look at.
    var tensors: [StoredTensor] { get }

    /// A weight in its own shape: matrices as (out, in), the rows of `wq` and `wk` in the order in
    /// which rotary positions turn neighbors, an embedding without what pads the vocabulary.
    ///
    /// It is of the type that it is stored in, on the file's own pages where they serve as they
    /// are; or float32, where the type is none of ours.
    /// - Throws: `TensorFileError` when the file holds something else, `FileIOError` when it has
    ///   lost some of it, or `TensorError` when memory is short.
    /// - Precondition: the weight is one of the configuration's.
    func tensor(_ weight: ModelWeight) throws -> Tensor

    /// The type that ``tensor(_:)`` gives a weight in, without reading it where that is possible.
    /// - Throws: As ``tensor(_:)``.
    func elementType(of weight: ModelWeight) throws -> ElementType
}

extension ModelWeights {
    public func elementType(of weight: ModelWeight) throws -> ElementType {
        try tensor(weight).elementType
    }

    /// The type that most parameters are stored in.
    /// - Throws: What reading the weights throws.
    public func mainElementType() throws -> ElementType {
        var counts: [ElementType: Int] = [:]
        for weight in configuration.weights {
            counts[try elementType(of: weight), default: 0] += weight.count
        }
        return counts.max { $0.value < $1.value }?.key ?? .float32
    }

    /// A model with these weights, which continues sequences.
    /// - Parameters:
    ///   - precision: How to store matrices; nil keeps each as its file does. Norms, biases and
    ///     positions are float32 always.
    ///   - cachePrecision: How to store keys and values: one of `KVCache.precisions`.
    ///   - ops: What runs the arithmetic.
    /// - Returns: The model.
    /// - Throws: What reading the weights throws, or `TensorError` when memory is short.
    public func makeModel(
        precision: ElementType? = nil,
        cachePrecision: ElementType = .float32,
        ops: Ops
    ) throws -> any InspectableModel {
        try configuration.makeModel(
            self,
            precision: precision,
            cachePrecision: cachePrecision,
            ops: ops
        )
    }
}
