// Batches of tokens for training and evaluation, in exactly llm.c's order (llmc/dataloader.h): one
// sample is a batch of every process, and the end of a shard that fills no sample is dropped.

import FileIO
import RandomNumbers

/// Serves batches from token shards, epoch after epoch, in an order that can be saved and resumed.
///
/// Sample `i` of a shard starts at token `i * processCount * B * T + rank * B * T` and takes
/// `B * T + 1` tokens: the inputs, and the same shifted by one as targets. Shuffled, the shards are
/// permuted at the start of every epoch and the samples of a shard whenever it is opened.
///
/// The loader is a value: a copy continues independently from the original's position.
package struct TokenLoader: BatchSource {
    /// What is read and how it is split.
    package private(set) var source: TokenLoaderSource
    /// The shards in sorted order.
    package var shardPaths: [FilePath] { shards.paths }
    /// How many samples each shard has, in the order of `shardPaths`.
    package let sampleCounts: [Int]
    /// How many batches one process reads in an epoch.
    package let samplesPerEpoch: Int
    /// The current position, which ``restore(_:)`` takes to continue from here.
    package private(set) var state: TokenLoaderState

    private let vocabularySize: Int?
    private var shards: ShardSet
    private var shard: TokenShard

    /// Opens all shards that match a pattern, checks them and starts before the first batch.
    /// - Parameters:
    ///   - pattern: The path of one file, or a shell pattern such as `data/train_*.bin`.
    ///   - batchSize: B, sequences per batch.
    ///   - sequenceLength: T, tokens per sequence.
    ///   - shuffled: Whether shards and samples are permuted, which validation data should not be.
    ///   - seed: With `rank`, the seed of the permutations; llm.c's is 42.
    ///   - processCount: How many processes share the data.
    ///   - rank: Which of them this is, from 0.
    ///   - vocabularySize: Ids must be below it when they are read; nil allows all.
    /// - Throws: ``TokenDataError`` when nothing matches or a shard is damaged or too small for one
    ///   sample, `FileIOError` when one cannot be opened.
    /// - Precondition: B, T and `processCount` are at least 1, `rank` is less than `processCount`.
    package init(
        matching pattern: FilePath,
        batchSize: Int,
        sequenceLength: Int,
        shuffled: Bool,
        seed: UInt64 = 42,
        processCount: Int = 1,
        rank: Int = 0,
        vocabularySize: Int? = nil
    ) throws {
        source = TokenLoaderSource(
            batchSize: batchSize,
            sequenceLength: sequenceLength,
            processCount: processCount,
            rank: rank
        )
        let tokensPerSample = Self.tokensPerSample(batchSize, sequenceLength, processCount)
        shards = try ShardSet(
            matching: pattern,
            leastTokenCount: tokensPerSample + 1,
            vocabularySize: vocabularySize
        )
        source.shards = shards.identities
        sampleCounts = shards.identities.map { ($0.tokenCount - 1) / tokensPerSample }
        samplesPerEpoch = sampleCounts.reduce(0, +)
        self.vocabularySize = vocabularySize

        // Replaced by startEpoch's orders: permutations start from the identity.
        let shuffle = TokenLoaderState.Shuffle(
            shardOrder: [Int32](0..<Int32(shards.paths.count)),
            sampleOrder: [],
            generator: MersenneTwister(seed: seed &+ UInt64(rank))
        )
        state = TokenLoaderState(
            shardIndex: 0,
            sampleIndex: 0,
            shuffle: shuffled ? shuffle : nil,
            source: source
        )
        shard = try shards.open(0)
        try startEpoch()
    }

    /// Fills a batch with the next tokens, opening the next shard or starting the next epoch if
    /// needed.
    /// - Parameter batch: Overwritten.
    /// - Throws: ``TokenDataError/tokenOutOfRange(path:position:token:vocabularySize:)`` for an id
    ///   outside the vocabulary, and what opening a shard throws. The loader then stays before
    ///   the batch that could not be read.
    /// - Precondition: the batch has room for ``tokensPerBatch`` tokens.
    package mutating func nextBatch(into batch: inout TokenBatch) throws {
        batch.require(tokensPerBatch)
        if state.sampleIndex == sampleCounts[shardNumber(of: state)] {
            if state.shardIndex + 1 == shardPaths.count {
                try startEpoch()
            } else {
                try open(state.shardIndex + 1, of: state)
            }
        }
        let sample = state.shuffle.map { Int($0.sampleOrder[state.sampleIndex]) }
        let position =
            ((sample ?? state.sampleIndex) * source.processCount + source.rank) * tokensPerBatch
        var inputs = batch.inputs.mutableSpan
        try shard.copyTokens(from: position, into: &inputs, vocabularySize: vocabularySize)
        var targets = batch.targets.mutableSpan
        try shard.copyTokens(from: position + 1, into: &targets, vocabularySize: vocabularySize)
        batch.isCounted = nil
        batch.starts = nil
        state.sampleIndex += 1
    }

    /// Reads all shards once, after which ``source`` identifies them by their whole content.
    ///
    /// What is already known is not read again.
    /// - Parameter progress: Called after every 16 MiB with the bytes read so far, and in total; an
    ///   error that it throws ends the reading.
    /// - Throws: ``TokenDataError`` for a shard that has changed since it was checked, or that has
    ///   an id outside the vocabulary; `FileIOError` when one cannot be opened.
    package mutating func digestShards(
        _ progress: (_ byteCount: Int, _ totalByteCount: Int) throws -> Void
    ) throws {
        try shards.digest(progress)
        source.shards = shards.identities
        state.source = source
    }

    /// Goes to the first sample, in a new order if shuffled.
    /// - Throws: What opening a shard throws; the loader then stays where it was.
    package mutating func startEpoch() throws {
        var next = state
        next.shuffle?.permuteShards()
        try open(0, of: next)
    }

    /// Goes to a position saved earlier by a loader of the same data and settings.
    /// - Throws: ``TokenDataError/positionMismatch(reason:)`` when the position belongs to other
    ///   data, and what opening a shard throws. The loader then stays where it was.
    package mutating func restore(_ saved: TokenLoaderState) throws {
        try saved.checkFits(
            source,
            shardPaths: shardPaths,
            sampleCounts: sampleCounts,
            shuffled: state.shuffle != nil
        )
        shard = try shards.open(shardNumber(of: saved))
        state = saved
        state.source = source
    }

    /// The shards that a pattern, or the path of one file, stands for, in sorted order.
    /// - Throws: ``TokenDataError/noShards(pattern:)``.
    package static func shardPaths(matching pattern: FilePath) throws -> [FilePath] {
        let paths = FileSystem.paths(matching: pattern)
        guard !paths.isEmpty else { throw TokenDataError.noShards(pattern: pattern) }
        return paths
    }

    /// The distance between a shard's samples, in tokens; more than any shard has when the product
    /// is out of range.
    private static func tokensPerSample(_ B: Int, _ T: Int, _ processCount: Int) -> Int {
        [B, T, processCount].reduce(1) { product, factor in
            let (next, overflow) = product.multipliedReportingOverflow(by: factor)
            return overflow ? TokenShard.largestCount : min(next, TokenShard.largestCount)
        }
    }

    /// Moves to the first sample of the shard at a place in the order, permuting its samples.
    private mutating func open(_ shardIndex: Int, of position: TokenLoaderState) throws {
        var next = position
        next.shardIndex = shardIndex
        next.sampleIndex = 0
        let number = shardNumber(of: next)
        next.shuffle?.permuteSamples(count: sampleCounts[number])
        shard = try shards.open(number)
        state = next
    }

    /// The shard at the place that `position` names, counted in sorted order.
    private func shardNumber(of position: TokenLoaderState) -> Int {
        position.shuffle.map { Int($0.shardOrder[position.shardIndex]) } ?? position.shardIndex
    }
}
