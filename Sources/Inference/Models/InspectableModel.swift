// What is needed of a model to look into it: its sizes, and sequences whose passes take hooks. What
// can be learned that way is in Interpretability.

import Tensors

/// A stack of transformer blocks whose pass can be looked into.
public protocol InspectableModel: LanguageModel {
    /// L: blocks.
    var layerCount: Int { get }
    /// NH: attention heads in a block; where heads share keys and values, those of queries.
    var headCount: Int { get }
    /// HS: numbers of one head.
    var headSize: Int { get }
    /// C: the width of the residual stream.
    var channels: Int { get }
    /// H: the neurons of a block's feed-forward network.
    var hiddenChannels: Int { get }
    /// What runs the arithmetic, and reads and writes what hooks are given.
    var ops: Ops { get }

    /// Starts empty sequences whose passes take hooks.
    /// - Parameters:
    ///   - sequenceCount: At least one.
    ///   - tokenCapacity: How long each may become, 1 to the model's context.
    /// - Returns: The sequences.
    /// - Throws: A model's error when memory is short.
    func makeHookedSession(sequenceCount: Int, tokenCapacity: Int) throws -> any HookedSession
}

/// Sequences of tokens whose passes can be looked into.
public protocol HookedSession: DecodingSession {
    /// Appends a part to each of some sequences, and predicts nothing.
    /// - Parameters:
    ///   - parts: At least one; no two of the same sequence.
    ///   - hooks: What to call on the way.
    /// - Throws: As ``DecodingSession/append(_:predicting:)``, or what a hook throws; all sequences
    ///   are then as they were.
    func append(_ parts: [SequencePart], hooks: PassHooks) throws

    /// Appends a part to each of some sequences, and says what it cost to predict their targets.
    /// - Parameters:
    ///   - parts: At least one, each with a target for every token; no two of the same sequence.
    ///   - hooks: What to call on the way.
    /// - Returns: For each part, the cross-entropy of its targets in nats.
    /// - Throws: As ``append(_:hooks:)``.
    func losses(appending parts: [ScoredPart], hooks: PassHooks) throws -> [[Float]]

    /// What the model's last norm and classifier make of any residual stream.
    /// - Parameter residual: `(n, C)` float32.
    /// - Returns: `(n, V)` logits, which the next call or pass overwrites.
    /// - Throws: A model's error when memory is short.
    func logits(ofResidual residual: Tensor) throws -> Tensor
}
