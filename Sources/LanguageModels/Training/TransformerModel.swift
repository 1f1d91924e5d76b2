// A model in training, of any family: its parameters, what passes read in their place, and a
// batch's loss with the gradient of every parameter. Losses alone are in
// TransformerModel+Losses.swift; the family defines what a block computes.

import FileIO
import Inference
import TensorFiles
import Tensors

/// A language model whose weights can be trained.
///
/// A family is a subclass, which defines what its blocks compute and how its files are written. The
/// model only holds weights. A pass through it needs working memory, a ``TrainingWorkspace``, which
/// the caller creates once for a batch shape.
package class TransformerModel {
    /// The model's sizes.
    package let sizes: any ModelConfiguration
    /// What training changes in place, in float32: one tensor for all layers of a kind of weight.
    package let parameters: TensorSet
    /// What runs the arithmetic, and allocates.
    package let ops: Ops
    /// The type of the matrices and activations in a pass: float32 or bfloat16.
    ///
    /// A ``TrainingWorkspace`` is made for one of them.
    package private(set) var precision = ElementType.float32
    /// The rounded copies that passes read at bfloat16, once they have been needed.
    private var roundedWeights: RoundedWeights?

    /// A model with all weights zero, to be filled from a file.
    init(zeros sizes: any ModelConfiguration, ops: Ops) throws {
        self.sizes = sizes
        self.ops = ops
        parameters = try ops.allocate(sizes.parameterLayout)
    }

    /// A model with these parameters.
    init(_ sizes: any ModelConfiguration, parameters: TensorSet, ops: Ops) throws {
        self.sizes = sizes
        self.ops = ops
        self.parameters = parameters
    }

    /// The adapter whose matrices are the parameters; nil where those are the model's weights.
    package var trainedAdapter: TrainableAdapter? { nil }

    /// The weights as passes read them.
    var passWeights: TensorSource {
        TensorSource { self.roundedCopy(of: $0) ?? self.parameters[$0] }
    }

    // What a family overrides.

    /// A model that continues sequences with the weights as they are now.
    /// - Throws: `TensorError` when memory is short.
    package func makeLanguageModel() throws -> any LanguageModel {
        preconditionFailure("a family generates")
    }

    /// The form in which the model is written.
    package var checkpointForm: CheckpointForm {
        preconditionFailure("a family has files")
    }

    /// Writes the model in the form of ``checkpointForm``, which appears complete or not at all.
    /// - Throws: ``FileIOError``.
    package func writeCheckpoint(to path: FilePath) throws {
        preconditionFailure("a family has files")
    }

    /// Replaces the weights with those that ``writeCheckpoint(to:)`` wrote for a model of the same
    /// sizes, without a second copy of them in memory.
    /// - Returns: Whether the file holds them rounded.
    /// - Throws: ``ModelError`` when the sizes differ, in which case the weights are unchanged;
    ///   ``FileIOError`` or `TensorFileError`, also where a file shrinks while it is read.
    package func readCheckpoint(from path: FilePath) throws -> Bool {
        preconditionFailure("a family has files")
    }
}

extension TransformerModel {
    /// Chooses the type that the passes compute in.
    ///
    /// The weights themselves remain float32.
    /// - Parameter precision: float32 or bfloat16.
    /// - Throws: ``TensorError/outOfMemory(byteCount:)``.
    package func setPrecision(_ precision: ElementType) throws {
        precondition(ElementType.floatTypes.contains(precision), "training at \(precision)")
        if precision == .bfloat16, trainedAdapter == nil {
            roundedWeights = try roundedWeights ?? RoundedWeights(parameters.layout, ops: ops)
        }
        self.precision = precision
        parametersDidChange()
    }

    /// Rounds the weights again if passes read rounded ones.
    ///
    /// Call it after the weights were changed in other ways than by the optimizer or by reading a
    /// file.
    package func parametersDidChange() {
        if precision == .bfloat16 { roundedWeights?.round(parameters, ops: ops) }
    }

    /// The copy of a parameter that passes read in its place and that the optimizer writes along
    /// with it; nil if they read the parameter itself.
    package func roundedCopy(of name: String) -> Tensor? {
        precision == .bfloat16 ? roundedWeights?.tensor(name) : nil
    }

    /// Memory for one number per parameter, all zero: gradients, or a moment of the optimizer.
    /// - Throws: ``TensorError/outOfMemory(byteCount:)``.
    package func makeParameterSet() throws -> TensorSet { try ops.allocate(parameters.layout) }

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

    /// Overwrites the parameters; rows that pad a vocabulary stay 0.
    func read(_ weights: any ModelWeights) throws {
        for weight in sizes.weights {
            try ops.copy(weights.tensor(weight), into: part(weight))
        }
    }
}

/// A model in training has its weights in its own memory.
extension ModelWeights where Self: TransformerModel {
    package var format: ModelFormat { .memory }

    /// None: there are no files.
    package var tensors: [StoredTensor] { [] }

    /// A weight in float32, as it is now.
    package func tensor(_ weight: ModelWeight) -> Tensor { part(weight) }
}

/// How a model in training is written.
package enum CheckpointForm: Sendable {
    /// A file.
    case file
    /// A directory.
    case directory
}

// Its weights change during training without synchronization.
@available(*, unavailable) extension TransformerModel: Sendable {}

extension TransformerModel {
    /// The mean loss of a batch, and its gradient with respect to every parameter.
    ///
    /// The classifier only runs on targets that count.
    /// - Parameters:
    ///   - inputs: B * T token ids, one sequence after the other.
    ///   - targets: As many: the token that follows each input.
    ///   - isCounted: Which targets count; nil for all.
    ///   - starts: The first position of its row that each token sees, so that documents in a row
    ///     do not see each other; nil for whole rows.
    ///   - dropout: Dropout of embeddings, of attention's probabilities, and of what each half of a
    ///     block adds to the residual stream, with a key that no other batch has; nil for none.
    ///   - workspace: Memory for this batch shape, made for training.
    ///   - gradients: Receives the gradients, in the layout of the parameters.
    ///   - scale: Multiplies the gradients: the share of this batch in the accumulated gradients.
    ///   - accumulate: Whether to add to what `gradients` holds, or to overwrite it.
    ///   - didFinishLayer: Called with each layer, from the last to the first, when the gradients
    ///     of its weights are complete; the pass does not touch them after that.
    /// - Returns: The loss in nats, without `scale`; 0 where no target counts.
    /// - Throws: ``ModelError`` for a wrong number of tokens, or one outside the vocabulary;
    ///   `TensorError` when memory is short for the first batch with documents or dropout.
    package func lossAndGradients(
        inputs: some Collection<Int32>,
        targets: some Collection<Int32>,
        isCounted: [Bool]? = nil,
        starts: [Int32]? = nil,
        dropout: Dropout? = nil,
        workspace: TrainingWorkspace,
        gradients: TensorSet,
        scale: Float = 1,
        accumulate: Bool = false,
        didFinishLayer: ((_ layer: Int) -> Void)? = nil
    ) throws -> Float {
        try load(
            inputs: inputs,
            targets: targets,
            isCounted,
            starts: starts,
            dropout: dropout,
            into: workspace
        )
        let rows = countedRows(isCounted, workspace)
        let count =
            rows?.reduce(0) { $0 + $1.count } ?? workspace.batchSize * workspace.sequenceLength
        let dloss = scale / Float(max(count, 1))
        // The gradients of all lanes are added up at the end.
        let isSplit = workspace.passes.count > 1
        forEachLane(of: workspace) { pass in
            let own = pass.lane.parameterGradients
            pass.computeGradients(
                dloss: dloss,
                of: rows?[pass.lane.index],
                into: own ?? gradients,
                accumulate: own == nil && accumulate,
                didFinishLayer: isSplit ? nil : didFinishLayer
            )
        }
        let sum = gradients.flat
        for case let part? in workspace.lanes.map(\.parameterGradients) {
            workspace.ops.residualForward(out: sum, a: sum, b: part.flat)
        }
        if isSplit, let didFinishLayer { (0..<sizes.layerCount).reversed().forEach(didFinishLayer) }
        return meanLoss(workspace, of: rows)
    }
}
