// The losses of one sequence in a pass that is looked into or changed on its way.

import Inference

extension InspectableModel {
    /// What each token of a sequence but the first cost to predict, in a pass with hooks.
    /// - Parameters:
    ///   - tokens: Two at least, and no more than the context holds.
    ///   - hooks: What to call on the way.
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
