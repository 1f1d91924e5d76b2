// The memory of a pass over some of a batch's sequences, planned once: one arena for what the
// forward pass leaves to the backward pass, and for what lives only within a layer.
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

/// Some sequences of a batch, and the memory of a pass over them.
final class GPT2Lane {
    /// Its place among the lanes of the workspace.
    let index: Int
    /// Its sequences, as the batch counts them.
    let sequences: Range<Int>
    /// T: tokens in a sequence.
    let sequenceLength: Int
    /// What the backward pass computes again.
    let recomputation: Recomputation
    /// What runs its passes.
    let ops: Ops
    /// Bytes of all tensors together.
    let byteCount: Int

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

    /// Gradients of activations; nil for inference.
    let gradients: GPT2ActivationGradients?
    /// Where its passes put the gradients of parameters; nil where that is the caller's.
    let parameterGradients: GPT2Parameters?

    /// Rows whose logits exist at one time: the full (B * T, Vp) is never there.
    let classifierRows: Int

    /// A multiple of every micro-kernel's rows, and enough to make the matrix product efficient.
    private static let maximumClassifierRows = 256

    /// Plans and allocates memory.
    /// - Throws: ``TensorError/outOfMemory(byteCount:)``.
    init(
        _ configuration: GPT2Configuration,
        index: Int,
        sequences: Range<Int>,
        sequenceLength T: Int,
        training recomputation: Recomputation?,
        precision: ElementType,
        parameterGradients: GPT2Parameters?,
        ops: Ops
    ) throws {
        self.index = index
        self.sequences = sequences
        sequenceLength = T
        self.recomputation = recomputation ?? .none
        self.parameterGradients = parameterGradients
        self.ops = ops
        let B = sequences.count
        classifierRows = min(B * T, Self.maximumClassifierRows)

        let plan = Self.plan(configuration, B, T, recomputation, precision)
        let set = try ops.allocate(plan.layout)
        byteCount = set.layout.byteCount + (parameterGradients?.set.layout.byteCount ?? 0)
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
        gradients = recomputation == nil ? nil : GPT2ActivationGradients(set)
    }

    /// Bytes that a lane of `B` sequences takes, before it is made.
    static func byteCount(
        _ configuration: GPT2Configuration,
        batchSize B: Int,
        sequenceLength T: Int,
        training recomputation: Recomputation?,
        precision: ElementType
    ) -> Int {
        plan(configuration, B, T, recomputation, precision).layout.byteCount
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

    /// B: its sequences.
    var batchSize: Int { sequences.count }
    /// N: its tokens.
    var rowCount: Int { batchSize * sequenceLength }
    /// Its tokens, as the batch counts them.
    var rows: Range<Int> {
        sequences.lowerBound * sequenceLength..<sequences.upperBound * sequenceLength
    }

    /// Copies its part of a batch.
    func load(inputs: some Collection<Int32>, targets: (some Collection<Int32>)?) {
        func part<Tokens: Collection<Int32>>(_ tokens: Tokens) -> Tokens.SubSequence {
            tokens.dropFirst(rows.lowerBound).prefix(rows.count)
        }
        ops.write(part(inputs), to: tokens)
        if let targets { ops.write(part(targets), to: self.targets) }
    }

    /// The activations of block `layer`: its own, or those all blocks share.
    func block(_ layer: Int) -> GPT2BlockActivations {
        kept[kept.count == 1 ? 0 : layer]
    }

    /// The residual stream before block `layer`, or after the last.
    func residual(_ layer: Int) -> Tensor {
        residuals[gradients != nil ? layer : layer % 2]
    }
}

// It is written by every pass.
@available(*, unavailable) extension GPT2Lane: Sendable {}
