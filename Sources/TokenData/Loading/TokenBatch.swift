// Where a source's batch is put: arrays that are filled again and again.

/// The tokens of one batch, and what a loss over them counts and sees.
public struct TokenBatch: Sendable, Equatable {
    /// `(B, T)`: what the model reads.
    public internal(set) var inputs: [Int32]
    /// `(B, T)`: the token that follows each input.
    public internal(set) var targets: [Int32]
    /// `(B, T)`: whether the loss counts a target; nil when it counts all of them.
    public internal(set) var isCounted: [Bool]?
    /// `(B, T)`: where the document of a token begins, as a position in its row, so that no
    /// document sees another; nil when every row is one document.
    public internal(set) var starts: [Int32]?

    /// A batch of zeros.
    public init(tokenCount: Int) {
        inputs = [Int32](repeating: 0, count: tokenCount)
        targets = inputs
    }

    /// A batch of tokens at hand.
    /// - Precondition: All that is given is as long as `inputs`.
    public init(
        inputs: [Int32],
        targets: [Int32],
        isCounted: [Bool]? = nil,
        starts: [Int32]? = nil
    ) {
        let counts = [targets.count, isCounted?.count, starts?.count].compactMap(\.self)
        precondition(
            counts.allSatisfy { $0 == inputs.count },
            "\(inputs.count) inputs beside \(counts)"
        )
        self.inputs = inputs
        self.targets = targets
        self.isCounted = isCounted
        self.starts = starts
    }

    /// How many targets the loss counts.
    public var countedTokenCount: Int {
        isCounted.map { $0.count(where: \.self) } ?? targets.count
    }

    /// Checks that the batch has the size that a source fills.
    func require(_ tokenCount: Int) {
        precondition(
            inputs.count == tokenCount,
            "a batch of \(inputs.count) tokens for a source of batches of \(tokenCount)"
        )
    }

    /// Fills one of the sequences.
    /// - Parameters:
    ///   - row: Which.
    ///   - tokens: T + 1 tokens: the inputs, and after them the last target.
    mutating func fill(row: Int, with tokens: [Int32]) {
        let T = tokens.count - 1
        for position in 0..<T {
            inputs[row * T + position] = tokens[position]
            targets[row * T + position] = tokens[position + 1]
        }
    }
}
