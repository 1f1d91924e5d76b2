// Working memory of passes over one batch shape, divided into lanes if the model is small.

import Tensors

/// The shape of a pass, by which its memory is planned.
package struct ActivationShape: Sendable {
    /// B: sequences of a lane.
    package let batchSize: Int
    /// T: tokens in a sequence.
    package let sequenceLength: Int
    /// What the backward pass recomputes; nil if there is no backward pass.
    package let recomputation: Recomputation?
    /// The type of the activations that are kept between operations: float32 or bfloat16.
    package let precision: ElementType
    /// Blocks with activations of their own: all, or one that all share.
    package let blockCount: Int

    /// N: all tokens.
    package var rowCount: Int { batchSize * sequenceLength }
    /// Whether blocks share the output of their activation function, which is then recomputed.
    package var sharesActivation: Bool { recomputation == nil || recomputation == .gelu }

    init(
        _ configuration: any ModelConfiguration,
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

/// The memory that one batch shape needs; reused by every pass over it.
package final class TrainingWorkspace {
    /// B: sequences in a batch.
    package let batchSize: Int
    /// T: tokens in a sequence.
    package let sequenceLength: Int
    /// What the backward pass recomputes.
    package let recomputation: Recomputation
    /// The type of the activations that are kept between operations: float32 or bfloat16.
    ///
    /// The residual stream, statistics, losses and all gradients are float32.
    package let precision: ElementType

    /// What runs the passes.
    let ops: Ops
    /// The model that they run.
    let model: TransformerModel

    /// Passes over shares of the batch's sequences, in order.
    ///
    /// Each belongs to one thread, or there is only one, which all threads share.
    let passes: [any TrainingPass]

    /// The shares and their memory.
    var lanes: [TrainingLane] { passes.map(\.lane) }

    /// Bytes of all tensors together, without what the first batch with documents or dropout adds:
    /// at most three numbers per token, or C.
    package var byteCount: Int { lanes.reduce(0) { $0 + $1.byteCount } }

    private static let maximumParametersForLanes = 1 << 22

    /// Few enough that no size overflows, for any model that fits in memory.
    private static let maximumTokens = 1 << 30

    /// Plans and allocates memory.
    /// - Parameters:
    ///   - model: The model that the passes run, at its current precision.
    ///   - B: Sequences in a batch, at least 1.
    ///   - T: Tokens in a sequence, at least 1 and at most the model's context.
    ///   - recomputation: What the backward pass recomputes; nil for inference.
    ///   - ops: What will run the passes; nil is the model's own.
    /// - Throws: ``ModelError`` for a batch the model cannot take, or
    ///   ``TensorError/outOfMemory(byteCount:)``.
    package init(
        _ model: TransformerModel,
        batchSize B: Int,
        sequenceLength T: Int,
        training recomputation: Recomputation?,
        ops: Ops? = nil
    ) throws {
        let configuration = model.sizes
        let ops = ops ?? model.ops
        self.ops = ops
        try Self.checkShape(configuration.contextLength, batchSize: B, sequenceLength: T)
        try ops.reserve(channels: configuration.widestActivation)
        let isTraining = recomputation != nil
        batchSize = B
        sequenceLength = T
        self.recomputation = recomputation ?? .none
        precision = model.precision
        self.model = model
        let shares = Self.shares(configuration, B, training: isTraining, ops.threadCount)
        passes = try shares.enumerated().map { index, sequences in
            let lane = try TrainingLane(
                configuration,
                index: index,
                sequences: sequences,
                sequenceLength: T,
                training: recomputation,
                precision: model.precision,
                adapter: model.trainedAdapter,
                parameterGradients: index == 0 ? nil : model.makeParameterSet(),
                ops: shares.count == 1 ? ops : ops.forLane()
            )
            return configuration.makePass(model.passWeights, lane)
        }
    }

    /// The bytes of a workspace for training, before it is created.
    /// - Parameters: As for ``init(_:batchSize:sequenceLength:training:ops:)``, and `threadCount`:
    ///   the threads of its `ops`.
    /// - Throws: ``ModelError`` for a batch the model cannot take.
    package static func byteCount(
        _ configuration: any ModelConfiguration,
        batchSize B: Int,
        sequenceLength T: Int,
        training recomputation: Recomputation,
        precision: ElementType,
        adapter: LowRankShape? = nil,
        threadCount: Int
    ) throws -> Int {
        try checkShape(configuration.contextLength, batchSize: B, sequenceLength: T)
        let shares = Self.shares(configuration, B, training: true, threadCount)
        let activations = shares.reduce(0) { sum, sequences in
            sum
                + TrainingLane.byteCount(
                    configuration,
                    ActivationShape(
                        configuration,
                        batchSize: sequences.count,
                        sequenceLength: T,
                        training: recomputation,
                        precision: precision
                    ),
                    adapter
                )
        }
        return activations + (shares.count - 1)
            * (adapter?.parameterLayout ?? configuration.parameterLayout).byteCount
    }

    /// The sequences of each lane.
    private static func shares(
        _ configuration: any ModelConfiguration,
        _ B: Int,
        training isTraining: Bool,
        _ threadCount: Int
    ) -> [Range<Int>] {
        let count =
            isTraining ? laneCount(configuration, batchSize: B, threadCount: threadCount) : 1
        return (0..<count).map { B * $0 / count..<B * ($0 + 1) / count }
    }

    /// How many lanes training uses: one for each thread that can get a sequence, or one that all
    /// threads share.
    ///
    /// Each lane reads all weights and has gradients of its own. For a model of up to four million
    /// parameters this pays off, since its threads never wait for each other within a pass. A lane
    /// may have a sixteenth more than its share of the sequences; with more, all others would wait
    /// for it.
    ///
    /// The rule only looks at sizes, not at caches or clocks, because results must be the same
    /// everywhere.
    package static func laneCount(
        _ configuration: any ModelConfiguration,
        batchSize B: Int,
        threadCount: Int
    ) -> Int {
        let isSmall = configuration.parameterLayout.elementCount <= maximumParametersForLanes
        let largestShare = (B + threadCount - 1) / threadCount
        let isBalanced = 16 * largestShare * threadCount <= 17 * B
        return isSmall && isBalanced ? min(threadCount, B) : 1
    }

    /// Checks that a model can take batches of a shape, before memory is planned for one.
    /// - Throws: ``ModelError``.
    package static func checkShape(
        _ contextLength: Int,
        batchSize B: Int,
        sequenceLength T: Int
    ) throws {
        guard B >= 1, T >= 1 else {
            throw ModelError.wrongBatch(
                expected: "at least one sequence of one token",
                found: "\(B) sequences of \(T)"
            )
        }
        guard T <= contextLength else {
            throw ModelError.sequenceTooLong(length: T, maximum: contextLength)
        }
        guard B <= Self.maximumTokens / T else {
            throw ModelError.wrongBatch(
                expected: "at most \(Self.maximumTokens) tokens",
                found: "\(B) sequences of \(T)"
            )
        }
    }
}

// It is written by every pass.
@available(*, unavailable) extension TrainingWorkspace: Sendable {}
