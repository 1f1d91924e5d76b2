// The losses of one sequence in a pass whose values hooks read or change.

import Inference

extension InspectableModel {
    /// The loss of each token of a sequence but the first, in a pass with hooks.
    /// - Parameters:
    ///   - tokens: At least two, and no more than fit the context.
    ///   - hooks: What to call during the pass.
    /// - Returns: The cross-entropy of every token but the first, in nats.
    /// - Throws: ``InterpretabilityError``, what a hook throws, or a model's error.
    package func losses(of tokens: [Int32], hooks: PassHooks) throws -> [Float] {
        let tokens = try checkedPairs([tokens])[0]
        _ = try checkedLayers(hooks.points.map(\.layer))
        let session = try makeHookedSession(sequenceCount: 1, tokenCapacity: tokens.count)
        let part = ScoredPart(
            sequence: 0,
            tokens: Array(tokens.dropLast()),
            targets: Array(tokens.dropFirst())
        )
        return try session.losses(appending: [part], hooks: hooks)[0]
    }
}
