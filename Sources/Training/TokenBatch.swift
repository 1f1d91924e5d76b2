// Where a loader's batch is put: arrays that are filled again and again.

import TokenData

/// The tokens of one batch.
struct TokenBatch {
    /// `(B, T)`: what the model reads.
    private(set) var inputs: [Int32]
    /// `(B, T)`: the token that follows each input.
    private(set) var targets: [Int32]

    /// A batch of zeros.
    init(tokenCount: Int) {
        inputs = [Int32](repeating: 0, count: tokenCount)
        targets = inputs
    }

    /// Takes the loader's next batch.
    mutating func load(from loader: inout TokenLoader) throws {
        try Self.fill(&inputs, &targets, from: &loader)
    }

    // Spans of two stored properties cannot be borrowed from self at once; two arguments can.
    private static func fill(
        _ inputs: inout [Int32],
        _ targets: inout [Int32],
        from loader: inout TokenLoader
    ) throws {
        var inputSpan = inputs.mutableSpan
        var targetSpan = targets.mutableSpan
        try loader.nextBatch(inputs: &inputSpan, targets: &targetSpan)
    }
}
