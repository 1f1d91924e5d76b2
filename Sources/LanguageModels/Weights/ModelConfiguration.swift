// What the sizes of all models have in common, whatever the family. Code that plans a run or opens
// a file knows no more about a family than this.

import Inference
import RandomNumbers
import Tensors

/// The sizes of a model, the weights that such a model has, and what training it takes.
package protocol ModelConfiguration: Sendable, Equatable {
    /// The family's kinds of weight.
    associatedtype Kind: WeightKind where Kind.Configuration == Self
    /// What the family's blocks compute in generation.
    associatedtype Blocks: DecoderBlocks where Blocks.Configuration == Self

    /// The family's name, as `info` and messages give it: `gpt2` or `llama2`.
    static var familyName: String { get }
    /// The family's name in sentences: `GPT-2`.
    static var familyTitle: String { get }
    /// The default V of descriptors, and whose vocabulary it is.
    static var usualVocabulary: (size: Int, owner: String) { get }

    /// Reads a size in the form that the command line takes.
    /// - Parameters:
    ///   - descriptor: The text.
    ///   - vocabularySize: V, unless the text gives it.
    /// - Throws: ``ModelError`` for an unknown name, key or impossible size.
    init(descriptor: String, vocabularySize: Int) throws

    /// V: the number of tokens in the vocabulary.
    var vocabularySize: Int { get }
    /// maxT: the longest sequence.
    var contextLength: Int { get }
    /// L: transformer blocks.
    var layerCount: Int { get }
    /// C: the width of the residual stream.
    var channels: Int { get }
    /// NH: attention heads in a block; where heads share keys and values, those of queries.
    var headCount: Int { get }
    /// NKV: heads of keys and values in a block; NH / NKV query heads share each.
    var keyValueHeadCount: Int { get }
    /// HS: channels of one head.
    var headSize: Int { get }
    /// H: the width of the feed-forward network.
    var hiddenChannels: Int { get }
    /// The kinds of weight in a model of these sizes.
    var weightKinds: [Kind] { get }
    /// The sizes and settings, in the order in which people read them.
    var facts: [ModelFact] { get }
    /// The names of the weights in Hugging Face's files.
    var huggingFaceNaming: WeightNaming { get }

    // Training.

    /// The sizes that are trained: these, unless the family's training needs another form, as a
    /// GPT-2 with the exact GELU does.
    var trainable: Self { get }
    /// How many matrices of one shape are stacked in each layer of a parameter, if more than one:
    /// those of queries, keys and values in GPT-2's `qkvw`.
    var stackedMatrices: [String: Int] { get }
    /// What training changes in a model of this configuration besides its weights, as a sentence;
    /// nil for nothing.
    var trainingRemark: String? { get }
    /// The length of a row of logits: V, or more if the embedding is padded.
    var logitCount: Int { get }

    /// What a pass over a batch needs besides what all families need: what its blocks keep for the
    /// backward pass, and the gradients of the backward pass.
    ///
    /// It includes `dresidual` and `dinner`, both (N, C) and float32: the gradients of the residual
    /// stream, and of a normalization's output.
    func activationLayout(_ shape: ActivationShape) -> [TensorSpecification]

    /// A pass of training.
    /// - Parameters:
    ///   - weights: A tensor for each weight.
    ///   - lane: The sequences, and the memory for them.
    /// - Returns: The pass.
    func makePass(_ weights: TensorSource, _ lane: TrainingLane) -> any TrainingPass

    /// A model to be trained, with all weights zero.
    /// - Throws: `TensorError` when memory is short.
    func makeZeroModel(ops: Ops) throws -> TransformerModel

    /// A model to be trained, with the random weights of the family's trainers.
    /// - Parameters:
    ///   - generator: Where the randomness comes from; advanced.
    ///   - ops: What runs the arithmetic.
    /// - Returns: The model.
    /// - Throws: `TensorError` when memory is short.
    func makeTrainableModel(
        using generator: inout MersenneTwister,
        ops: Ops
    ) throws -> any TransformerModel & ModelWeights
}

extension ModelConfiguration {
    package var keyValueHeadCount: Int { headCount }
    package var trainable: Self { self }
    package var stackedMatrices: [String: Int] { [:] }

    /// The width of the queries of all heads, and of attention's output.
    package var attentionChannels: Int { headCount * headSize }
    /// The width of the keys, and of the values, of all heads.
    package var keyValueChannels: Int { keyValueHeadCount * headSize }
    /// The most numbers that a token has between two operations of a block.
    package var widestActivation: Int { max(channels, attentionChannels, hiddenChannels) }

    /// A model to be trained, with weights from files of any format, at float32.
    ///
    /// - Throws: What reading the weights throws, or `TensorError` when memory is short.
    /// - Precondition: The weights are of this configuration.
    package func makeTrainableModel(
        _ weights: any ModelWeights,
        ops: Ops
    ) throws -> TransformerModel {
        let model = try makeZeroModel(ops: ops)
        try model.read(weights)
        return model
    }

    /// A model of which only an adapter is trained.
    /// - Parameters:
    ///   - weights: The model's weights, used as they are stored.
    ///   - adapter: The adapter to train.
    ///   - baseName: Where the model is, for the adapter's files.
    ///   - precision: The type of the passes: float32 or bfloat16.
    ///   - ops: What runs the arithmetic.
    /// - Returns: The model.
    /// - Throws: What reading the weights throws, or `TensorError` when memory is short.
    /// - Precondition: The weights are of this configuration.
    package func makeAdaptedModel(
        _ weights: any ModelWeights,
        _ adapter: TrainableAdapter,
        baseName: String?,
        precision: ElementType,
        ops: Ops
    ) throws -> AdaptedModel {
        try AdaptedModel(
            trainable,
            weights,
            adapter,
            baseName: baseName,
            precision: precision,
            ops: ops
        )
    }

    /// All parameters, counted in the usual way, without padding of the vocabulary.
    package var parameterCount: Int { weights.reduce(0) { $0 + $1.count } }

    /// The parameters of one part of the model; the parts add up to ``parameterCount``.
    package func parameterCount(of part: ModelWeight.Part) -> Int {
        weights.reduce(0) { $0 + ($1.part == part ? $1.count : 0) }
    }
}
