// What training and evaluation know of the data: batches, one after another, from a position that
// can be saved and restored. Each source decides where they come from and in which order.

import FileIO

/// Serves batches, epoch after epoch, in an order that can be saved and resumed.
///
/// A source is a value: a copy continues independently from the original's position.
package protocol BatchSource: Sendable {
    /// What is read and how it is split.
    var source: TokenLoaderSource { get }
    /// The current position, which ``restore(_:)`` takes to continue from here.
    var state: TokenLoaderState { get }
    /// How many batches one process reads in an epoch.
    var samplesPerEpoch: Int { get }
    /// Tokens of one batch of this process: `B * T`.
    var tokensPerBatch: Int { get }
    /// How many tokens the data has.
    var tokenCount: Int { get }
    /// The files that are read.
    var shardPaths: [FilePath] { get }
    /// Whether the loss counts every target of every batch.
    var countsAllTargets: Bool { get }

    /// Fills a batch with the next tokens, starting the next epoch if needed.
    /// - Parameter batch: Overwritten, even when an error is thrown.
    /// - Throws: ``TokenDataError`` for data that cannot be used. The source then stays before the
    ///   batch that could not be read.
    /// - Precondition: the batch has room for ``tokensPerBatch`` tokens.
    mutating func nextBatch(into batch: inout TokenBatch) throws

    /// Goes to the first batch of an epoch, in a new order if shuffled.
    /// - Throws: What opening a file throws; the source then stays where it was.
    mutating func startEpoch() throws

    /// Goes to a position saved earlier by a source of the same data and settings.
    /// - Throws: ``TokenDataError/positionMismatch(reason:)`` when the position belongs to other
    ///   data, and what opening a file throws. The source then stays where it was.
    mutating func restore(_ saved: TokenLoaderState) throws

    /// Reads all data once, after which ``source`` identifies it by its whole content.
    ///
    /// What is already known is not read again.
    /// - Parameter progress: Called now and then with the bytes read so far, and in total; an error
    ///   that it throws ends the reading.
    /// - Throws: ``TokenDataError`` for data that has changed since it was checked, or has an id
    ///   outside the vocabulary; `FileIOError` when a file cannot be opened.
    mutating func digestShards(
        _ progress: (_ byteCount: Int, _ totalByteCount: Int) throws -> Void
    ) throws
}

extension BatchSource {
    package var countsAllTargets: Bool { true }

    /// Tokens of one batch of this process: `B * T`.
    package var tokensPerBatch: Int { source.batchSize * source.sequenceLength }

    /// How many tokens the data has, including those that no batch takes.
    package var tokenCount: Int { source.shards.reduce(0) { $0 + $1.tokenCount } }

    /// Reads all data once, without reporting progress.
    /// - Throws: As ``digestShards(_:)``.
    package mutating func digestShards() throws {
        try digestShards { _, _ in }
    }
}

/// The tokens of one batch, and what a loss over them counts and sees.
package struct TokenBatch: Sendable, Equatable {
    /// `(B, T)`: what the model reads.
    package internal(set) var inputs: [Int32]
    /// `(B, T)`: the token that follows each input.
    package internal(set) var targets: [Int32]
    /// `(B, T)`: whether the loss counts a target; nil when it counts all of them.
    package internal(set) var isCounted: [Bool]?
    /// `(B, T)`: where the document of a token begins, as a position in its row, so that no
    /// document sees another; nil when every row is one document.
    package internal(set) var starts: [Int32]?

    /// A batch of zeros.
    package init(tokenCount: Int) {
        inputs = [Int32](repeating: 0, count: tokenCount)
        targets = inputs
    }

    /// A batch of given tokens.
    /// - Precondition: All arrays given are as long as `inputs`.
    package init(
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
    package var countedTokenCount: Int {
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
    ///   - row: Which one.
    ///   - tokens: T + 1 tokens: the inputs, followed by the last target.
    mutating func fill(row: Int, with tokens: [Int32]) {
        let T = tokens.count - 1
        for position in 0..<T {
            inputs[row * T + position] = tokens[position]
            targets[row * T + position] = tokens[position + 1]
        }
    }
}
