// What the sizes of a model have in common, whatever family it is of.

import Inference
import Tensors

/// The sizes of a model, and the weights that such a model has.
public protocol ModelConfiguration: Sendable, Equatable {
    /// The family's name, as `info` and messages give it: `gpt2` or `llama2`.
    static var familyName: String { get }

    /// V: tokens the model knows.
    var vocabularySize: Int { get }
    /// maxT: the longest sequence.
    var contextLength: Int { get }
    /// L: transformer blocks.
    var layerCount: Int { get }
    /// C: the width of the residual stream.
    var channels: Int { get }
    /// NH: attention heads in a block; of a Llama, those of queries.
    var headCount: Int { get }
    /// All weights, kind by kind, and of each kind layer by layer.
    var weights: [ModelWeight] { get }
    /// The sizes and settings, in the order in which people read them.
    var facts: [ModelFact] { get }
    /// The names of the weights in Hugging Face's files.
    var huggingFaceNaming: WeightNaming { get }

    /// A model of these sizes that continues sequences.
    /// - Parameters:
    ///   - weights: The weights, whose files must not be changed while the model is in use.
    ///   - precision: How to store matrices; nil keeps each as its file does.
    ///   - cachePrecision: How to store keys and values: one of `KVCache.precisions`.
    ///   - ops: What runs the arithmetic.
    /// - Returns: The model.
    /// - Throws: What reading the weights throws, or `TensorError` when memory is short.
    func makeModel<Weights: ModelWeights>(
        _ weights: Weights,
        precision: ElementType?,
        cachePrecision: ElementType,
        ops: Ops
    ) throws -> any InspectableModel where Weights.Configuration == Self
}

extension ModelConfiguration {
    /// All parameters, as models are usually counted: without what pads a vocabulary.
    public var parameterCount: Int { weights.reduce(0) { $0 + $1.count } }

    /// The parameters of one part of the model; together they are ``parameterCount``.
    public func parameterCount(of part: ModelWeight.Part) -> Int {
        weights.reduce(0) { $0 + ($1.part == part ? $1.count : 0) }
    }
}
