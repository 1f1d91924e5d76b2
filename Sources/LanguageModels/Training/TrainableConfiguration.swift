// What a family adds to its configuration so that its models can be trained. Whatever plans a run
// knows no more of a family than this.

import Tensors

/// The sizes of a model that can be trained, and what training such a model takes.
public protocol TrainableConfiguration: ModelConfiguration {
    /// The parameters as training keeps them: name, shape and whether weight decay applies, which
    /// it does to matrices.
    ///
    /// A tensor holds all its layers. Passes at bfloat16 read matrices rounded.
    var parameterLayout: TensorLayout { get }

    /// The parameters that are matrices which activations are multiplied with.
    ///
    /// Their gradients are products, too, and written as a whole; those of others are added to.
    var factorNames: Set<String> { get }

    /// What training changes of a model of this configuration besides its weights, as a sentence;
    /// nil for nothing.
    var trainingRemark: String? { get }

    /// The family as a sentence names it: `GPT-2`.
    static var familyTitle: String { get }

    /// Rows of logits are so long: V, or more where the embedding is padded.
    var logitCount: Int { get }

    /// What a pass over a batch needs besides what all families do: what its blocks keep for the
    /// backward pass, and the gradients on the way back.
    ///
    /// Among it are `dresidual` and `dinner`, both (N, C) and float32: the gradients of the
    /// residual stream, and of what a normalisation gives.
    func activationLayout(_ shape: ActivationShape) -> [TensorSpecification]

    /// A model with random weights, as the family's trainers begin.
    /// - Parameters:
    ///   - generator: Where the randomness comes from; moved on.
    ///   - ops: What runs the arithmetic.
    /// - Returns: The model.
    /// - Throws: `TensorError` when memory is short.
    func makeTrainableModel(
        using generator: inout MersenneTwister,
        ops: Ops
    ) throws -> TransformerModel

    /// A model with weights from files of any format, at float32.
    ///
    /// - Throws: What reading the weights throws, or `TensorError` when memory is short.
    /// - Precondition: The weights are of this configuration.
    func makeTrainableModel(_ weights: any ModelWeights, ops: Ops) throws -> TransformerModel

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

/// The shape of a pass, by which its memory is planned.
public struct ActivationShape: Sendable {
    /// B: sequences of a lane.
    public let batchSize: Int
    /// T: tokens in a sequence.
    public let sequenceLength: Int
    /// What the backward pass computes again; nil when there is none.
    public let recomputation: Recomputation?
    /// The type of the activations that are kept between operations: float32 or bfloat16.
    public let precision: ElementType
    /// Blocks that have activations of their own: all, or one for all.
    public let blockCount: Int

    /// N: all tokens.
    public var rowCount: Int { batchSize * sequenceLength }
    /// Whether blocks share the output of their activation function, which is then computed again.
    public var sharesActivation: Bool { recomputation == nil || recomputation == .gelu }

    init(
        _ configuration: any TrainableConfiguration,
        batchSize: Int,
        sequenceLength: Int,
        training recomputation: Recomputation?,
        precision: ElementType
    ) {
        self.batchSize = batchSize
        self.sequenceLength = sequenceLength
        self.recomputation = recomputation
        self.precision = precision
        let keepsBlocks = recomputation != nil && recomputation != .block
        blockCount = keepsBlocks ? configuration.layerCount : 1
    }
}
