// The shape of a pass of training or of measuring a loss, by which its memory is planned.

import Tensors

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
