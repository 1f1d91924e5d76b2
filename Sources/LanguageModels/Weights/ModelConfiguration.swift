// What the sizes of a model have in common, whatever family it is of. Whatever plans a run or opens
// a file knows no more of a family than this.

import Inference
import RandomNumbers
import Tensors

/// The sizes of a model, the weights that such a model has, and what training it takes.
public protocol ModelConfiguration: Sendable, Equatable {
    /// The family's name, as `info` and messages give it: `gpt2` or `llama2`.
    static var familyName: String { get }
    /// The family as a sentence names it: `GPT-2`.
    static var familyTitle: String { get }
    /// V of a descriptor that gives none, and whose it is.
    static var usualVocabulary: (size: Int, owner: String) { get }

    /// Reads a size as the command line gives it.
    /// - Parameters:
    ///   - descriptor: The text.
    ///   - vocabularySize: V, unless the text gives it.
    /// - Throws: ``ModelError`` for an unknown name, key or impossible size.
    init(descriptor: String, vocabularySize: Int) throws

    /// V: tokens the model knows.
    var vocabularySize: Int { get }
    /// maxT: the longest sequence.
    var contextLength: Int { get }
    /// L: transformer blocks.
    var layerCount: Int { get }
    /// C: the width of the residual stream.
    var channels: Int { get }
    /// The most numbers that a token has between two operations of a block.
    var widestActivation: Int { get }
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

    // Training.

    /// The parameters as training keeps them: name, shape and whether weight decay applies, which
    /// it does to matrices.
    ///
    /// A tensor holds all its layers. Passes at bfloat16 read matrices rounded.
    var parameterLayout: TensorLayout { get }
    /// The parameters that are matrices which activations are multiplied by.
    ///
    /// Their gradients are products, too, and written as a whole; those of others are added to.
    var factorNames: Set<String> { get }
    /// How many matrices of one shape stand below each other in each layer of a parameter, where
    /// that is more than one: those of queries, keys and values in GPT-2's `qkvw`.
    var stackedMatrices: [String: Int] { get }
    /// What training changes of a model of this configuration besides its weights, as a sentence;
    /// nil for nothing.
    var trainingRemark: String? { get }
    /// Rows of logits are so long: V, or more where the embedding is padded.
    var logitCount: Int { get }

    /// What a pass over a batch needs besides what all families do: what its blocks keep for the
    /// backward pass, and the gradients on the way back.
    ///
    /// Among it are `dresidual` and `dinner`, both (N, C) and float32: the gradients of the
    /// residual stream, and of what a normalization gives.
    func activationLayout(_ shape: ActivationShape) -> [TensorSpecification]

    /// A model to be trained, with all weights zero.
    /// - Throws: `TensorError` when memory is short.
    func makeZeroModel(ops: Ops) throws -> TransformerModel

    /// A model to be trained, with random weights, as the family's trainers begin.
    /// - Parameters:
    ///   - generator: Where the randomness comes from; moved on.
    ///   - ops: What runs the arithmetic.
    /// - Returns: The model.
    /// - Throws: `TensorError` when memory is short.
    func makeTrainableModel(
        using generator: inout MersenneTwister,
        ops: Ops
    ) throws -> any TransformerModel & ModelWeights

    /// A model of which only an adapter is trained.
    /// - Parameters:
    ///   - weights: The model's weights, used as they are stored.
    ///   - adapter: What is trained.
    ///   - baseName: Where the model is, for the adapter's files.
    ///   - precision: The type of the passes: float32 or bfloat16.
    ///   - ops: What runs the arithmetic.
    /// - Returns: The model.
    /// - Throws: What reading the weights throws, or `TensorError` when memory is short.
    /// - Precondition: The weights are of this configuration.
    func makeAdaptedModel(
        _ weights: any ModelWeights,
        _ adapter: TrainableAdapter,
        baseName: String?,
        precision: ElementType,
        ops: Ops
    ) throws -> AdaptedModel
}

extension ModelConfiguration {
    public var stackedMatrices: [String: Int] { [:] }

    /// A model to be trained, with weights from files of any format, at float32.
    ///
    /// - Throws: What reading the weights throws, or `TensorError` when memory is short.
    /// - Precondition: The weights are of this configuration.
    public func makeTrainableModel(
        _ weights: any ModelWeights,
        ops: Ops
    ) throws -> TransformerModel {
        let model = try makeZeroModel(ops: ops)
        try model.read(weights)
        return model
    }

    /// All parameters, as models are usually counted: without what pads a vocabulary.
    public var parameterCount: Int { weights.reduce(0) { $0 + $1.count } }

    /// The parameters of one part of the model; together they are ``parameterCount``.
    public func parameterCount(of part: ModelWeight.Part) -> Int {
        weights.reduce(0) { $0 + ($1.part == part ? $1.count : 0) }
    }
}
