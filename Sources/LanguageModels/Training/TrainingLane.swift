// The memory of a pass over some of a batch's sequences, planned once: one arena for what the
// forward pass keeps for the backward pass, and for what is only needed within a layer.
//
// The outputs of normalizations are never kept: the backward pass recomputes them from the row's
// statistics, which is cheaper than reading them back from memory.

import Tensors

/// What the backward pass recomputes instead of having it kept, to save memory.
public enum Recomputation: String, Sendable, CaseIterable, Codable {
    /// Only normalizations.
    case none
    /// The output of the activation function: a quarter less memory for almost no time.
    case gelu
    /// Whole transformer blocks from their inputs: least memory, a third more time.
    case block
}

/// Some sequences of a batch, and the memory of a pass over them.
package final class TrainingLane {
    /// Its index among the lanes of the workspace.
    let index: Int
    /// Its sequences, by their numbers in the batch.
    let sequences: Range<Int>
    /// T: tokens in a sequence.
    let sequenceLength: Int
    /// What the backward pass recomputes.
    let recomputation: Recomputation
    /// What runs its passes.
    let ops: Ops
    /// Bytes of all tensors together.
    let byteCount: Int

    let tokens: Tensor  // (B, T) int32
    let targets: Tensor  // (B * T) int32
    let losses: Tensor  // (B * T)

    /// `(B, T)` int32: the first position of its row that each token sees, if documents must not
    /// see each other; nil for whole rows.
    private(set) var starts: Tensor?
    /// `(B, T)` int32: the position of each token in its document; nil for whole rows.
    private(set) var positions: Tensor?
    /// Memory for both, which most runs never need.
    private var documents: (starts: Tensor, positions: Tensor)?

    /// What the pass drops at random; nil for none.
    private(set) var dropout: Dropout?
    /// `(N, C)`: the gradient of the residual stream with the same dropout applied, once it is
    /// needed.
    private(set) var droppedGradient: Tensor?

    /// The residual stream before each block and after the last.
    private let residuals: Tensor  // (L + 1, N, C); (2, N, C) for inference

    let normalized: Tensor  // (N, C): output of the normalization at hand
    let logits: Tensor  // (chunk, Vp)

    /// The gradients that all families have; nil for inference.
    let gradients: ResidualGradients?
    /// Where its passes put parameters' gradients; nil if they use the caller's.
    let parameterGradients: TensorSet?

    /// The adapter being trained; nil if the weights are.
    let adapter: LaneAdapter?

    /// What the family keeps, by the family's names.
    let tensors: TensorSet
    /// Blocks with activations of their own.
    let blockCount: Int
    /// Whether blocks share the output of their activation function.
    let sharesActivation: Bool

    /// Rows whose logits are in memory at one time: the full (B * T, Vp) never exists.
    let classifierRows: Int

    /// A multiple of every micro-kernel's rows, and enough to make the matrix product efficient.
    private static let maximumClassifierRows = 256

    /// Plans and allocates memory.
    /// - Throws: ``TensorError/outOfMemory(byteCount:)``.
    init(
        _ configuration: any ModelConfiguration,
        index: Int,
        sequences: Range<Int>,
        sequenceLength T: Int,
        training recomputation: Recomputation?,
        precision: ElementType,
        adapter: TrainableAdapter?,
        parameterGradients: TensorSet?,
        ops: Ops
    ) throws {
        self.index = index
        self.sequences = sequences
        sequenceLength = T
        self.recomputation = recomputation ?? .none
        self.parameterGradients = parameterGradients
        self.ops = ops
        let shape = ActivationShape(
            configuration,
            batchSize: sequences.count,
            sequenceLength: T,
            training: recomputation,
            precision: precision
        )
        blockCount = shape.blockCount
        sharesActivation = shape.sharesActivation
        classifierRows = Self.classifierRows(shape)
        let set = try ops.allocate(Self.layout(configuration, shape, adapter?.shape))
        byteCount = set.layout.byteCount + (parameterGradients?.layout.byteCount ?? 0)
        tensors = set
        self.adapter = adapter.map { LaneAdapter($0, set) }
        tokens = set["tokens"]
        targets = set["targets"]
        losses = set["losses"]
        residuals = set["residuals"]
        normalized = set["normalized"]
        logits = set["logits"]
        gradients = recomputation == nil ? nil : ResidualGradients(set)
    }

    /// The bytes of a lane, before it is created.
    static func byteCount(
        _ configuration: any ModelConfiguration,
        _ shape: ActivationShape,
        _ adapter: LowRankShape?
    ) -> Int {
        layout(configuration, shape, adapter).byteCount
    }

    private static func classifierRows(_ shape: ActivationShape) -> Int {
        min(shape.rowCount, maximumClassifierRows)
    }

    /// The layout of the memory.
    private static func layout(
        _ configuration: any ModelConfiguration,
        _ shape: ActivationShape,
        _ adapter: LowRankShape?
    ) -> TensorLayout {
        let (B, T, N) = (shape.batchSize, shape.sequenceLength, shape.rowCount)
        let (C, L) = (configuration.channels, configuration.layerCount)
        let residualCount = shape.recomputation == nil ? 2 : L + 1
        return TensorLayout(
            [
                TensorSpecification("tokens", [B, T], elementType: .int32),
                TensorSpecification("targets", [N], elementType: .int32),
                TensorSpecification("losses", [N]),
                TensorSpecification("residuals", [residualCount, N, C]),
                TensorSpecification("normalized", [N, C], elementType: shape.precision),
                TensorSpecification("logits", [classifierRows(shape), configuration.logitCount]),
            ] + configuration.activationLayout(shape)
                + (adapter.map { LaneAdapter.layout($0, rowCount: N) } ?? []),
            alignment: 64
        )
    }

    /// B: its sequences.
    var batchSize: Int { sequences.count }
    /// N: its tokens.
    var rowCount: Int { batchSize * sequenceLength }
    /// Its tokens, as the batch counts them.
    var rows: Range<Int> {
        sequences.lowerBound * sequenceLength..<sequences.upperBound * sequenceLength
    }

    /// Copies its part of a batch.
    /// - Throws: ``TensorError/outOfMemory(byteCount:)``, for the first batch with documents or
    ///   with dropout.
    func load(
        inputs: some Collection<Int32>,
        targets: (some Collection<Int32>)?,
        starts: [Int32]?,
        dropout: Dropout?
    ) throws {
        func part<Tokens: Collection<Int32>>(_ tokens: Tokens) -> Tokens.SubSequence {
            tokens.dropFirst(rows.lowerBound).prefix(rows.count)
        }
        ops.write(part(inputs), to: tokens)
        if let targets { ops.write(part(targets), to: self.targets) }
        self.dropout = dropout.flatMap { $0.rate > 0 ? $0 : nil }
        if self.dropout != nil {
            droppedGradient = try droppedGradient ?? ops.tensor(residuals[0].shape)
        }
        guard let starts else {
            (self.starts, positions) = (nil, nil)
            return
        }
        let shape = [batchSize, sequenceLength]
        let own = Array(part(starts))
        let distances = own.enumerated().map { Int32($0 % sequenceLength) - $1 }
        if let documents {
            ops.write(own, to: documents.starts)
            ops.write(distances, to: documents.positions)
        } else {
            documents = (
                try ops.tensor(own, shape: shape), try ops.tensor(distances, shape: shape)
            )
        }
        (self.starts, positions) = (documents?.starts, documents?.positions)
    }

    /// The residual stream before block `layer`, or after the last.
    func residual(_ layer: Int) -> Tensor {
        residuals[gradients != nil ? layer : layer % 2]
    }
}

/// The gradients of activations used in every backward pass.
struct ResidualGradients {
    let dresidual: Tensor  // (N, C): of the residual stream, flowing from last block to first
    let dinner: Tensor  // (N, C): of a normalization's output

    fileprivate init(_ set: TensorSet) {
        dresidual = set["dresidual"]
        dinner = set["dinner"]
    }
}

// It is written by every pass.
@available(*, unavailable) extension TrainingLane: Sendable {}
