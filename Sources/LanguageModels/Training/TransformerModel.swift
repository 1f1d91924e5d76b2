// A model in training, whatever family it is of: its parameters, and what passes read in their
// place. The passes are in the extensions beside this file; what a block computes is the family's.

import FileIO
import Inference
import Tensors

/// A language model whose weights can be trained.
///
/// A family is a subclass, which says what its blocks compute and how its files are written. The
/// model holds weights only. A pass through it needs working memory, which the caller makes once
/// for a batch shape: ``TrainingWorkspace``.
public class TransformerModel {
    /// The model's sizes, whatever family it is of.
    public let sizes: any ModelConfiguration
    /// What training changes in place, in float32: all layers of a kind of weight together.
    public let parameters: TensorSet
    /// What runs the arithmetic, and allocates.
    public let ops: Ops
    /// The type of the matrices and activations in a pass: float32 or bfloat16.
    ///
    /// A ``TrainingWorkspace`` is made for one of them.
    public private(set) var precision = ElementType.float32
    /// The rounded copies that passes read at bfloat16, once they have been needed.
    private var roundedWeights: RoundedWeights?

    /// A model with all weights zero, to be filled from a file.
    init(zeros sizes: any ModelConfiguration, ops: Ops) throws {
        self.sizes = sizes
        self.ops = ops
        parameters = try ops.allocate(sizes.parameterLayout)
    }

    /// A model of which these are the parameters.
    init(_ sizes: any ModelConfiguration, parameters: TensorSet, ops: Ops) throws {
        self.sizes = sizes
        self.ops = ops
        self.parameters = parameters
    }

    /// The adapter whose matrices are the parameters; nil where those are the model's weights.
    package var trainedAdapter: TrainableAdapter? { nil }

    // What a family overrides.

    /// The computation of a lane's sequences, at the precision that the model has now.
    func makePass(_ lane: TrainingLane) -> any TrainingPass {
        preconditionFailure("a family has passes")
    }

    /// A model that continues sequences with the weights as they are now.
    /// - Throws: `TensorError` when memory is short.
    public func makeLanguageModel() throws -> any LanguageModel {
        preconditionFailure("a family generates")
    }

    /// The form in which the model is written.
    public var checkpointForm: CheckpointForm {
        preconditionFailure("a family has files")
    }

    /// Writes the model in the form of ``checkpointForm``, which appears complete or not at all.
    /// - Throws: ``FileIOError``.
    public func writeCheckpoint(to path: FilePath) throws {
        preconditionFailure("a family has files")
    }

    /// Replaces the weights by those that ``writeCheckpoint(to:)`` wrote of a model of the same
    /// sizes, without a second copy of them in memory.
    /// - Returns: Whether the file holds them rounded.
    /// - Throws: ``ModelError`` when the sizes differ, and the weights are then what they were;
    ///   ``FileIOError`` or `TensorFileError`, also where a file shrinks while it is read.
    public func readCheckpoint(from path: FilePath) throws -> Bool {
        preconditionFailure("a family has files")
    }
}

extension TransformerModel {
    /// Chooses the type that the passes compute in.
    ///
    /// The weights themselves remain float32.
    /// - Parameter precision: float32 or bfloat16.
    /// - Throws: ``TensorError/outOfMemory(byteCount:)``.
    public func setPrecision(_ precision: ElementType) throws {
        precondition(ElementType.floatTypes.contains(precision), "training at \(precision)")
        if precision == .bfloat16, trainedAdapter == nil {
            roundedWeights = try roundedWeights ?? RoundedWeights(parameters.layout, ops: ops)
        }
        self.precision = precision
        parametersDidChange()
    }

    /// Rounds the weights again where the passes read rounded ones.
    ///
    /// It is to be called after the weights were changed by other means than the optimizer's, or
    /// by reading a file.
    public func parametersDidChange() {
        if precision == .bfloat16 { roundedWeights?.round(parameters, ops: ops) }
    }

    /// The copy of a parameter that passes read in its place, which the optimizer writes with it;
    /// nil where they read the parameter itself.
    package func roundedCopy(of name: String) -> Tensor? {
        precision == .bfloat16 ? roundedWeights?.tensor(name) : nil
    }

    /// The parameters as passes read them.
    var passWeights: TensorSource {
        TensorSource { self.roundedCopy(of: $0) ?? self.parameters[$0] }
    }

    /// Memory for one number a parameter, all zero: gradients, or a moment of the optimizer.
    /// - Throws: ``TensorError/outOfMemory(byteCount:)``.
    public func makeParameterSet() throws -> TensorSet { try ops.allocate(parameters.layout) }

    /// Checks that every token is in the vocabulary.
    /// - Throws: ``ModelError/tokenOutsideVocabulary(token:index:vocabularySize:)``.
    func checkTokens(_ tokens: some Collection<Int32>) throws {
        try ModelError.checkTokens(tokens, vocabularySize: sizes.vocabularySize)
    }

    /// A weight's part of the parameter that holds its kind.
    func part(_ weight: ModelWeight) -> Tensor {
        let all = parameters[weight.name]
        return weight.layer.map { all[$0] } ?? all[0..<weight.shape[0]]
    }

    /// Overwrites the parameters; rows that pad a vocabulary stay what they are, which is 0.
    func read(_ weights: any ModelWeights) throws {
        for weight in sizes.weights {
            try ops.copy(weights.tensor(weight), into: part(weight))
        }
    }
}

/// How a model in training is written.
public enum CheckpointForm: Sendable {
    /// A file.
    case file
    /// A directory.
    case directory
}

// Its weights change during training without synchronization.
@available(*, unavailable) extension TransformerModel: Sendable {}
