// Batches as nanoGPT draws them: every sequence starts anywhere in the data. No tokens are dropped,
// and none is guaranteed to appear in an epoch.

import FileIO
import RandomNumbers

/// Serves sequences that start at any token, drawn again for every batch.
///
/// Each place in any shard where a whole sequence and its last target fit is equally likely, so
/// shards count by size. The seed and the number of the sequence in the run decide the place: a
/// position is a count of batches.
package struct RandomTokenLoader: BatchSource {
    package private(set) var source: TokenLoaderSource
    package private(set) var state: TokenLoaderState
    /// How many batches one process reads until as many tokens were drawn as there are.
    package let samplesPerEpoch: Int

    private let hash: CountedHash
    private let vocabularySize: Int?
    private var shards: ShardSet
    private let files: [TokenShard]
    /// For each shard, the number of places in it and all shards before it.
    private let placeCounts: [Int]

    package var shardPaths: [FilePath] { shards.paths }

    /// Opens all shards that match a pattern and checks them.
    /// - Parameters:
    ///   - pattern: The path of one file, or a shell pattern such as `data/train_*.bin`.
    ///   - batchSize: B, sequences per batch.
    ///   - sequenceLength: T, tokens per sequence.
    ///   - seed: The seed of the places.
    ///   - processCount: How many processes share the data.
    ///   - rank: Which of them this is, from 0.
    ///   - vocabularySize: Ids must be below it when they are read; nil allows all.
    /// - Throws: ``TokenDataError`` when nothing matches or a shard is damaged or too small for one
    ///   sequence, `FileIOError` when one cannot be opened.
    /// - Precondition: B, T and `processCount` are at least 1, `rank` is less than `processCount`.
    package init(
        matching pattern: FilePath,
        batchSize: Int,
        sequenceLength: Int,
        seed: UInt64,
        processCount: Int = 1,
        rank: Int = 0,
        vocabularySize: Int? = nil
    ) throws {
        var source = TokenLoaderSource(
            batchSize: batchSize,
            sequenceLength: sequenceLength,
            processCount: processCount,
            rank: rank,
            order: .random,
            seed: seed
        )
        let leastTokenCount = min(sequenceLength, TokenShard.largestCount) + 1
        let shards = try ShardSet(
            matching: pattern,
            leastTokenCount: leastTokenCount,
            vocabularySize: vocabularySize
        )
        files = try shards.paths.indices.map(shards.open)
        var placeCount = 0
        placeCounts = shards.identities.map {
            placeCount += $0.tokenCount - sequenceLength
            return placeCount
        }
        source.shards = shards.identities
        let tokenCount = shards.identities.reduce(0) { $0 + $1.tokenCount }
        samplesPerEpoch = max(tokenCount / batchSize / sequenceLength / processCount, 1)
        state = TokenLoaderState(shardIndex: 0, sampleIndex: 0, shuffle: nil, source: source)
        hash = CountedHash(seed: seed)
        self.source = source
        self.shards = shards
        self.vocabularySize = vocabularySize
    }

    package mutating func nextBatch(into batch: inout TokenBatch) throws {
        batch.require(tokensPerBatch)
        let (B, T) = (source.batchSize, source.sequenceLength)
        let first = (state.sampleIndex * source.processCount + source.rank) * B
        for row in 0..<B {
            let (shard, position) = place(ofSequence: first + row)
            let tokens = try shard.tokens(
                in: position..<position + T + 1,
                vocabularySize: vocabularySize
            )
            batch.fill(row: row, with: tokens)
        }
        batch.isCounted = nil
        batch.starts = nil
        state.sampleIndex += 1
    }

    /// Where a sequence of the run starts.
    private func place(ofSequence number: Int) -> (shard: TokenShard, position: Int) {
        let place = hash.number(at: number, below: placeCounts.last ?? 1)
        // The first shard that ends after the place.
        var range = 0..<placeCounts.count - 1
        while !range.isEmpty {
            let middle = (range.lowerBound + range.upperBound) / 2
            range =
                placeCounts[middle] > place
                ? range.lowerBound..<middle : middle + 1..<range.upperBound
        }
        let shard = range.lowerBound
        return (files[shard], place - (shard == 0 ? 0 : placeCounts[shard - 1]))
    }

    package mutating func startEpoch() throws {
        let begun = state.sampleIndex % samplesPerEpoch
        if begun > 0 { state.sampleIndex += samplesPerEpoch - begun }
    }

    package mutating func restore(_ saved: TokenLoaderState) throws {
        try saved.checkUnshuffled(source, shardPaths: shardPaths)
        guard saved.shardIndex == 0 else {
            throw TokenDataError.positionMismatch(
                reason: "it is in shard \(saved.shardIndex + 1), and a random order has no shards "
                    + "to be in"
            )
        }
        state = saved
        state.source = source
    }

    package mutating func digestShards(_ progress: (Int, Int) throws -> Void) throws {
        try shards.digest(progress)
        source.shards = shards.identities
        state.source = source
    }
}
