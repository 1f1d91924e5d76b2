// What measuring a model needs of it: the losses of tokens in a batch. A model in training and one
// that generates both have them, each by its own arithmetic.

/// A model that says what predicting tokens costs.
public protocol ScoringModel {
    /// Memory for batches of one shape.
    associatedtype ScoringWorkspace

    /// V: token ids run from 0 to one less.
    var vocabularySize: Int { get }
    /// maxT: the longest sequence the model can look at.
    var contextLength: Int { get }

    /// Memory for batches of a shape.
    /// - Throws: ``TensorError/outOfMemory(byteCount:)``.
    func makeScoringWorkspace(batchSize: Int, sequenceLength: Int) throws -> ScoringWorkspace

    /// The cross-entropy, in nats, of predicting some of the targets.
    /// - Parameters:
    ///   - inputs: B * T token ids, one sequence after the other.
    ///   - targets: As many: the token that follows each input. Those of other positions may be any
    ///     tokens.
    ///   - positions: Strictly ascending indices into `targets`.
    ///   - workspace: Memory for this batch shape.
    /// - Returns: A loss for each of `positions`.
    /// - Throws: ``ModelError`` for a wrong number of tokens, or one outside the vocabulary.
    func tokenLosses(
        inputs: some Collection<Int32>,
        targets: some Collection<Int32>,
        at positions: [Int],
        workspace: ScoringWorkspace
    ) throws -> [Float]
}

extension GPT2: ScoringModel {
    public var vocabularySize: Int { configuration.vocabularySize }
    public var contextLength: Int { configuration.contextLength }

    public func makeScoringWorkspace(
        batchSize: Int,
        sequenceLength: Int
    ) throws -> GPT2Workspace {
        try GPT2Workspace(
            configuration,
            batchSize: batchSize,
            sequenceLength: sequenceLength,
            training: nil,
            precision: precision,
            ops: ops
        )
    }
}
