// Where a TokenLoader stands in its data, as a value that can be kept and gone back to. The bytes
// of it in llm.c's state files are in TokenLoaderState+LlmC.swift.

import Tensors

/// A loader's position: everything that decides which batches come next.
public struct TokenLoaderState: Codable, Equatable, Sendable {
    /// The order of shards and samples in the current epoch, and the source of later orders.
    public struct Shuffle: Codable, Equatable, Sendable {
        /// The shards, numbered by sorted path, in the order of this epoch.
        public var shardOrder: [Int32]
        /// The samples of the current shard in the order they are read.
        public var sampleOrder: [Int32]
        /// The generator after it made the two orders.
        public var generator: MersenneTwister

        /// Gathers the parts of a shuffled order.
        public init(shardOrder: [Int32], sampleOrder: [Int32], generator: MersenneTwister) {
            self.shardOrder = shardOrder
            self.sampleOrder = sampleOrder
            self.generator = generator
        }
    }

    /// Which place in the order of shards is being read: an index into `shardOrder` when shuffled.
    public var shardIndex: Int
    /// Which place in the order of samples is read next; the number of samples when the shard is
    /// used up.
    public var sampleIndex: Int
    /// The shuffled order; nil when shards and samples are read front to back.
    public var shuffle: Shuffle?
    /// What the position is a position in.
    ///
    /// It is nil when it comes from a file that does not tell, as llm.c's state files do not; the
    /// position is then checked by the sizes of the orders alone.
    public var source: TokenLoaderSource?

    /// Gathers the parts of a position.
    public init(
        shardIndex: Int,
        sampleIndex: Int,
        shuffle: Shuffle?,
        source: TokenLoaderSource?
    ) {
        self.shardIndex = shardIndex
        self.sampleIndex = sampleIndex
        self.shuffle = shuffle
        self.source = source
    }
}

/// The data a loader reads and how it divides them: a position means nothing with any other.
public struct TokenLoaderSource: Codable, Equatable, Sendable {
    /// Sequences a batch.
    public let batchSize: Int
    /// Tokens a sequence.
    public let sequenceLength: Int
    /// How many processes share the data.
    public let processCount: Int
    /// Which of them this is, from 0.
    public let rank: Int
    /// The shards, sorted by path, without their names, so that data can be moved.
    public internal(set) var shards: [TokenShard.Identity]
}
