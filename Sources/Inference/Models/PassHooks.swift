// Inspecting a model's pass: its places, under the names that TransformerLens gave them (Nanda and
// Bloom, 2022), the callbacks there, and what a model must provide for it. What can be learned that
// way is in Interpretability.

import Tensors

/// A value that a pass computes and that can be read, and mostly changed, on its way.
///
/// Layers count from 0. N is the number of tokens computed together, C the width of the residual
/// stream, NH and HS the heads and their size, H the width of the feed-forward network.
public enum HookPoint: Hashable, Sendable {
    /// `(N, C)`: the residual stream before a block; before block 0, the embeddings.
    case residualPre(layer: Int)
    /// What each head looks at, `(NH, n, past + n)` for the n new tokens of one sequence;
    /// read-only.
    case pattern(layer: Int)
    /// `(N, NH * HS)`: each head's weighted sum of values, before the projection.
    case z(layer: Int)
    /// `(N, C)`: the residual stream between attention and the feed-forward network.
    case residualMid(layer: Int)
    /// `(N, H)`: the activations of the neurons: GELU's output, or the gated ones of a Llama.
    case mlpPost(layer: Int)
    /// `(N, C)`: the residual stream after a block.
    case residualPost(layer: Int)

    /// The block.
    public var layer: Int {
        switch self {
        case .residualPre(let layer), .pattern(let layer), .z(let layer), .residualMid(let layer),
            .mlpPost(let layer), .residualPost(let layer):
            layer
        }
    }

    /// TransformerLens's name, such as `blocks.0.attn.hook_pattern`.
    public var name: String {
        let part =
            switch self {
            case .residualPre: "hook_resid_pre"
            case .pattern: "attn.hook_pattern"
            case .z: "attn.hook_z"
            case .residualMid: "hook_resid_mid"
            case .mlpPost: "mlp.hook_post"
            case .residualPost: "hook_resid_post"
            }
        return "blocks.\(layer).\(part)"
    }
}

/// Rows of a pass that belong to one sequence.
public struct HookedRows: Sendable, Equatable {
    /// Index of the sequence in its session.
    public let sequence: Int
    /// The position of the first row: the number of tokens that the sequence had before.
    public let past: Int
    /// The rows.
    public let rows: Range<Int>

    /// Describes rows.
    package init(sequence: Int, past: Int, rows: Range<Int>) {
        self.sequence = sequence
        self.past = past
        self.rows = rows
    }
}

/// A value within a pass, for the tokens that are computed together.
public struct HookedValue {
    /// Where in the pass.
    public let point: HookPoint
    /// The value, float32, of the shape given by ``HookPoint``.
    ///
    /// The memory is the pass's own: what is written there takes effect, and after the call it is
    /// used again.
    package let tensor: Tensor
    /// Which sequences the rows belong to; a pattern has one part.
    public let parts: [HookedRows]
}

extension HookedValue {
    /// The sizes of the value, as ``HookPoint`` says them.
    public var shape: [Int] { tensor.shape }

    /// The numbers, row after row.
    public func floats() -> [Float] { tensor.floats() }

    /// Replaces the numbers for the rest of the pass.
    /// - Parameter floats: As many as ``floats()`` gives.
    /// - Precondition: The value is no ``HookPoint/pattern(layer:)``, which can only be read.
    public func write(_ floats: [Float]) {
        precondition(floats.count == tensor.count, "\(floats.count) numbers for \(tensor.count)")
        if case .pattern = point { preconditionFailure("a pattern can only be read") }
        tensor.withUnsafeMutableElements(as: Float.self) { _ = $0.update(fromContentsOf: floats) }
    }
}

/// The places of a pass that somebody wants to see, and which blocks are computed at all.
///
/// Long sequences are computed in pieces, so a hook may be called several times for one place.
package final class PassHooks {
    /// Where ``visit`` is called.
    package let points: Set<HookPoint>
    /// The block whose residual and z are given instead of computed.
    ///
    /// Neither the blocks below it nor its attention are computed. Hooks at its
    /// ``HookPoint/residualPre(layer:)`` and ``HookPoint/z(layer:)`` must write the values. The
    /// session then has no keys and values of these blocks: cut its sequences back before another
    /// pass.
    package let resumedLayer: Int?
    /// The last block to compute where nothing is predicted; nil for all.
    ///
    /// The session gets no keys and values of the blocks above it.
    package let lastLayer: Int?
    private let visit: (HookedValue) throws -> Void

    /// Names the places.
    /// - Parameters:
    ///   - points: Where to call.
    ///   - resumedLayer: The block to begin at; nil computes all.
    ///   - lastLayer: The block to end at, where nothing is predicted; nil computes all.
    ///   - visit: What to call, in the order of the pass. An error ends the pass, and leaves the
    ///     sequences unchanged.
    package init(
        _ points: Set<HookPoint>,
        resumedLayer: Int? = nil,
        lastLayer: Int? = nil,
        _ visit: @escaping (HookedValue) throws -> Void
    ) {
        if let resumedLayer {
            precondition(
                points.isSuperset(of: [.residualPre(layer: resumedLayer), .z(layer: resumedLayer)]),
                "no hook writes what block \(resumedLayer) begins with"
            )
        }
        precondition(
            resumedLayer ?? 0 <= lastLayer ?? .max,
            "no block to compute from \(resumedLayer ?? 0) to \(lastLayer ?? .max)"
        )
        self.points = points
        self.resumedLayer = resumedLayer
        self.lastLayer = lastLayer
        self.visit = visit
    }

    /// Shows a value to the hook, if it is wanted.
    /// - Throws: What the hook throws.
    package func visit(_ point: HookPoint, _ tensor: Tensor, of parts: [HookedRows]) throws {
        guard points.contains(point) else { return }
        try visit(HookedValue(point: point, tensor: tensor, parts: parts))
    }
}

// What it calls is not Sendable.
@available(*, unavailable) extension PassHooks: Sendable {}

/// A stack of transformer blocks whose pass can be inspected.
package protocol InspectableModel: LanguageModel {
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
    /// What runs the arithmetic, and reads and writes the values that hooks get.
    var ops: Ops { get }

    /// Starts empty sequences whose passes take hooks.
    /// - Parameters:
    ///   - sequenceCount: At least one.
    ///   - tokenCapacity: How long each may become, 1 to the model's context.
    /// - Returns: The sequences.
    /// - Throws: A model's error when memory is short.
    func makeHookedSession(sequenceCount: Int, tokenCapacity: Int) throws -> any HookedSession
}

/// Sequences of tokens whose passes can be inspected.
package protocol HookedSession: DecodingSession {
    /// Appends a part to each of some sequences, without predicting anything.
    /// - Parameters:
    ///   - parts: At least one; no two of the same sequence.
    ///   - hooks: What to call on the way.
    /// - Throws: As ``DecodingSession/append(_:predicting:)``, or what a hook throws; all sequences
    ///   are then unchanged.
    func append(_ parts: [SequencePart], hooks: PassHooks) throws

    /// Appends a part to each of some sequences, and returns the losses of their targets.
    /// - Parameters:
    ///   - parts: At least one, each with a target for every token; no two of the same sequence.
    ///   - hooks: What to call on the way.
    /// - Returns: For each part, the cross-entropy of its targets in nats.
    /// - Throws: As ``append(_:hooks:)``.
    func losses(appending parts: [ScoredPart], hooks: PassHooks) throws -> [[Float]]

    /// The model's last norm and classifier applied to any residual stream.
    /// - Parameter residual: `(n, C)` float32.
    /// - Returns: `(n, V)` logits, which the next call or pass overwrites.
    /// - Throws: A model's error when memory is short.
    func logits(ofResidual residual: Tensor) throws -> Tensor
}
