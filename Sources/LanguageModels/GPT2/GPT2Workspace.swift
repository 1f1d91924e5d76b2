// Working memory of a pass, planned once for a batch shape: one arena for what the forward pass
// leaves to the backward pass, and one for what lives only within a layer.
//
// Layer normalisations are never kept: the backward pass computes their output again from the row's
// mean and reciprocal deviation, which costs less than reading it back from memory would save.

import Tensors

/// What the backward pass computes again instead of having kept it, to save memory.
public enum Recomputation: String, Sendable, CaseIterable, Codable {
    /// Nothing but layer normalisations.
    case none
    /// The output of GELU: a quarter less memory for almost no time.
    case gelu
    /// Whole transformer blocks from their inputs: least memory, a third more time.
    case block
}

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
    /// Bytes of all tensors together.
    public let byteCount: Int

    let tokens: Tensor  // (B, T) int32
    let targets: Tensor  // (B * T) int32
    let losses: Tensor  // (B * T)

    /// The residual stream before each block and after the last.
    let residuals: Tensor  // (L + 1, N, C); (2, N, C) for inference
    private let kept: [GPT2BlockActivations]
    let lnfMean: Tensor  // (N)
    let lnfRstd: Tensor  // (N)

    let normalized: Tensor  // (N, C): output of the layernorm at hand
    let logits: Tensor  // (chunk, Vp)

    /// Gradients; nil for inference.
    let gradients: GPT2ActivationGradients?

    /// Rows whose logits exist at one time: the full (B * T, Vp) is never there.
    let classifierRows: Int

    /// A multiple of every micro-kernel's rows, and enough to make the matrix product efficient.
    private static let maximumClassifierRows = 256

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
        let isTraining = recomputation != nil
        batchSize = B
        sequenceLength = T
        self.recomputation = recomputation ?? .none
        self.precision = precision
        classifierRows = min(B * T, Self.maximumClassifierRows)

        let plan = Self.plan(configuration, B, T, recomputation, precision)
        let set = try ops.allocate(plan.layout)
        byteCount = set.layout.byteCount
        tokens = set["tokens"]
        targets = set["targets"]
        losses = set["losses"]
        residuals = set["residuals"]
        lnfMean = set["lnfMean"]
        lnfRstd = set["lnfRstd"]
        normalized = set["normalized"]
        logits = set["logits"]
        kept = (0..<plan.blockCount).map {
            GPT2BlockActivations(set, block: $0, sharesGelu: plan.sharesGelu)
        }
        gradients = isTraining ? GPT2ActivationGradients(set) : nil
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
        return plan(configuration, B, T, recomputation, precision).layout.byteCount
    }

    /// What lies where, how many blocks have activations of their own, and whether they share the
    /// output of GELU.
    private static func plan(
        _ configuration: GPT2Configuration,
        _ B: Int,
        _ T: Int,
        _ recomputation: Recomputation?,
        _ precision: ElementType
    ) -> (layout: TensorLayout, blockCount: Int, sharesGelu: Bool) {
        let N = B * T
        let (C, L) = (configuration.channels, configuration.layerCount)
        let isTraining = recomputation != nil
        let classifierRows = min(N, maximumClassifierRows)
        let blockCount = isTraining && recomputation != .block ? L : 1
        let sharesGelu = !isTraining || recomputation == .gelu
        var layout = [
            TensorSpecification("tokens", [B, T], elementType: .int32),
            TensorSpecification("targets", [N], elementType: .int32),
            TensorSpecification("losses", [N]),
            TensorSpecification("residuals", [isTraining ? L + 1 : 2, N, C]),
            TensorSpecification("lnfMean", [N]),
            TensorSpecification("lnfRstd", [N]),
            TensorSpecification("normalized", [N, C], elementType: precision),
            TensorSpecification("logits", [classifierRows, configuration.paddedVocabularySize]),
            TensorSpecification(
                "sharedGelu",
                sharesGelu ? [N, 4 * C] : [0, 4 * C],
                elementType: precision
            ),
        ]
        for block in 0..<blockCount {
            layout += GPT2BlockActivations.layout(
                configuration,
                B,
                T,
                block: block,
                sharesGelu: sharesGelu,
                precision
            )
        }
        if isTraining { layout += GPT2ActivationGradients.layout(N, C) }
        return (TensorLayout(layout, alignment: 64), blockCount, sharesGelu)
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

    /// Whether a backward pass is possible.
    var isTraining: Bool { gradients != nil }

    /// The activations of block `layer`: its own, or those all blocks share.
    func block(_ layer: Int) -> GPT2BlockActivations {
        kept[kept.count == 1 ? 0 : layer]
    }

    /// The residual stream before block `layer`, or after the last.
    func residual(_ layer: Int) -> Tensor {
        residuals[isTraining ? layer : layer % 2]
    }
}

// It is written by every pass.
@available(*, unavailable) extension GPT2Workspace: Sendable {}

/// What one transformer block leaves for its backward pass.
struct GPT2BlockActivations {
    let ln1Mean: Tensor  // (N)
    let ln1Rstd: Tensor  // (N)
    let qkv: Tensor  // (B, T, 3C)
    let lse: Tensor  // (B, NH, T)
    let atty: Tensor  // (B, T, C)
    let residual2: Tensor  // (N, C): the residual stream between attention and MLP
    let ln2Mean: Tensor  // (N)
    let ln2Rstd: Tensor  // (N)
    let fch: Tensor  // (N, 4C): before GELU
    let fchGelu: Tensor  // (N, 4C)

    static func layout(
        _ configuration: GPT2Configuration,
        _ B: Int,
        _ T: Int,
        block: Int,
        sharesGelu: Bool,
        _ precision: ElementType
    ) -> [TensorSpecification] {
        let (N, C) = (B * T, configuration.channels)
        var layout = [
            TensorSpecification("ln1Mean\(block)", [N]),
            TensorSpecification("ln1Rstd\(block)", [N]),
            TensorSpecification("qkv\(block)", [B, T, 3 * C], elementType: precision),
            TensorSpecification("lse\(block)", [B, configuration.headCount, T]),
            TensorSpecification("atty\(block)", [B, T, C], elementType: precision),
            TensorSpecification("residual2\(block)", [N, C]),
            TensorSpecification("ln2Mean\(block)", [N]),
            TensorSpecification("ln2Rstd\(block)", [N]),
            TensorSpecification("fch\(block)", [N, 4 * C], elementType: precision),
        ]
        if !sharesGelu {
            layout.append(
                TensorSpecification("fchGelu\(block)", [N, 4 * C], elementType: precision)
            )
        }
        return layout
    }

    init(_ set: TensorSet, block: Int, sharesGelu: Bool) {
        ln1Mean = set["ln1Mean\(block)"]
        ln1Rstd = set["ln1Rstd\(block)"]
        qkv = set["qkv\(block)"]
        lse = set["lse\(block)"]
        atty = set["atty\(block)"]
        residual2 = set["residual2\(block)"]
        ln2Mean = set["ln2Mean\(block)"]
        ln2Rstd = set["ln2Rstd\(block)"]
        fch = set["fch\(block)"]
        fchGelu = set[sharesGelu ? "sharedGelu" : "fchGelu\(block)"]
    }
}

/// Gradients of activations, reused by every block on the way back.
struct GPT2ActivationGradients {
    let dresidual: Tensor  // (N, C): of the residual stream, flowing from last block to first
    let dinner: Tensor  // (N, C): of a layernorm's or the attention's output
    let dwide: Tensor  // (N, 4C): of fch; its front serves as (N, 3C) of qkv

    static func layout(_ N: Int, _ C: Int) -> [TensorSpecification] {
        [
            TensorSpecification("dresidual", [N, C]),
            // The output of GELU, where blocks share it, is done with in a block before this is
            // written.
            TensorSpecification("dinner", [N, C], sharedWith: "sharedGelu"),
            // The logits are done with before the first block.
            TensorSpecification("dwide", [N, 4 * C], sharedWith: "logits"),
        ]
    }

    init(_ set: TensorSet) {
        dresidual = set["dresidual"]
        dinner = set["dinner"]
        dwide = set["dwide"]
    }
}
