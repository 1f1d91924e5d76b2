// What is called while a model computes: to keep values, or to change them for the rest of the
// pass. A pass without hooks asks once per place whether there are any.

import Tensors

/// Rows of a pass that belong to one sequence.
public struct HookedRows: Sendable, Equatable {
    /// Index of the sequence in its session.
    public let sequence: Int
    /// The position of the first row: tokens that the sequence held before.
    public let past: Int
    /// The rows.
    public let rows: Range<Int>

    /// Says where rows belong.
    public init(sequence: Int, past: Int, rows: Range<Int>) {
        self.sequence = sequence
        self.past = past
        self.rows = rows
    }
}

/// A value of a pass, of the tokens that are computed together.
public struct HookedValue {
    /// Where in the pass.
    public let point: HookPoint
    /// The value, float32, of the shape that ``HookPoint`` says.
    ///
    /// The memory is the pass's own: what is written there takes effect, and after the call it is
    /// used again.
    public let tensor: Tensor
    /// Whose rows these are; of a pattern, one part.
    public let parts: [HookedRows]
}

/// The places of a pass that somebody wants to see, and which blocks are computed at all.
///
/// Long sequences are computed in pieces, so a hook may be called several times for one place.
public final class PassHooks {
    /// Where ``visit`` is called.
    public let points: Set<HookPoint>
    /// The block whose residual and z are given.
    ///
    /// Neither what is below it nor its attention is computed. Hooks at its
    /// ``HookPoint/residualPre(layer:)`` and ``HookPoint/z(layer:)`` have to write them. The
    /// session then has no keys and values of these blocks: cut its sequences back before another
    /// pass.
    public let resumedLayer: Int?
    /// The last block that is computed where nothing is predicted; nil for all.
    ///
    /// The session has no keys and values of the blocks above it.
    public let lastLayer: Int?
    private let visit: (HookedValue) throws -> Void

    /// Names the places.
    /// - Parameters:
    ///   - points: Where to call.
    ///   - resumedLayer: The block to begin at; nil computes all.
    ///   - lastLayer: The block to end at, where nothing is predicted; nil computes all.
    ///   - visit: What to call, in the order of the pass. An error ends the pass, and leaves the
    ///     sequences as they were.
    public init(
        _ points: Set<HookPoint>,
        resumedLayer: Int? = nil,
        lastLayer: Int? = nil,
        _ visit: @escaping (HookedValue) throws -> Void
    ) {
        if let resumedLayer {
            precondition(
                points.isSuperset(of: [.residualPre(layer: resumedLayer), .z(layer: resumedLayer)]),
                "nobody writes what block \(resumedLayer) begins with"
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

    /// Shows a value, where somebody wants it.
    /// - Throws: What the hook throws.
    package func visit(_ point: HookPoint, _ tensor: Tensor, of parts: [HookedRows]) throws {
        guard points.contains(point) else { return }
        try visit(HookedValue(point: point, tensor: tensor, parts: parts))
    }
}

// What it calls is not.
@available(*, unavailable) extension PassHooks: Sendable {}
