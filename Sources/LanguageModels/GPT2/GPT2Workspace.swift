// Working memory of passes over one batch shape.

import Tensors

/// The memory that one batch shape needs; reused by every pass over it.
public final class GPT2Workspace {
    /// B: sequences in a batch.
    public let batchSize: Int
    /// T: tokens in a sequence.
    public let sequenceLength: Int
    /// What the backward pass computes again.
    public let recomputation: Recomputation
    /// The type of the activations that are kept between operations: float32 or bfloat16.
    ///
    /// The residual stream, statistics, losses and all gradients are float32.
    public let precision: ElementType

    /// Shares of the batch's sequences, in their order.
    let lanes: [GPT2Lane]

    /// Bytes of all tensors together.
    public var byteCount: Int { lanes.reduce(0) { $0 + $1.byteCount } }

    /// With any model that fits into memory, no size of a larger batch could overflow.
    private static let maximumTokens = 1 << 30

    /// Plans and allocates memory.
    /// - Parameters:
    ///   - configuration: The sizes of the model.
    ///   - B: Sequences in a batch, at least 1.
    ///   - T: Tokens in a sequence, at least 1 and at most the model's context.
    ///   - recomputation: What the backward pass computes again; nil for inference.
    ///   - precision: Of the model, see ``GPT2/precision``.
    ///   - ops: What allocates, and will run the passes.
    /// - Throws: ``ModelError`` for a batch the model cannot take, or
    ///   ``TensorError/outOfMemory(byteCount:)``.
    public init(
        _ configuration: GPT2Configuration,
        batchSize B: Int,
        sequenceLength T: Int,
        training recomputation: Recomputation?,
        precision: ElementType,
        ops: Ops
    ) throws {
        precondition(ElementType.floatTypes.contains(precision), "activations of \(precision)")
        try Self.checkShape(configuration.contextLength, batchSize: B, sequenceLength: T)
        try ops.reserve(channels: configuration.channels)
        batchSize = B
        sequenceLength = T
        self.recomputation = recomputation ?? .none
        self.precision = precision
        lanes = [
            try GPT2Lane(
                configuration,
                index: 0,
                sequences: 0..<B,
                sequenceLength: T,
                training: recomputation,
                precision: precision,
                ops: ops
            )
        ]
    }

    /// Bytes that a workspace for training takes, before it is made.
    /// - Parameters: As of ``init(_:batchSize:sequenceLength:training:precision:ops:)``.
    /// - Throws: ``ModelError`` for a batch the model cannot take.
    package static func byteCount(
        _ configuration: GPT2Configuration,
        batchSize B: Int,
        sequenceLength T: Int,
        training recomputation: Recomputation,
        precision: ElementType
    ) throws -> Int {
        try checkShape(configuration.contextLength, batchSize: B, sequenceLength: T)
        return GPT2Lane.byteCount(
            configuration,
            batchSize: B,
            sequenceLength: T,
            training: recomputation,
            precision: precision
        )
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
@available(*, unavailable) extension GPT2Workspace: Sendable {}
