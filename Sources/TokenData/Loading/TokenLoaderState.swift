// Where a source of batches stands in its data, as a value that can be kept and gone back to. The
// bytes of it in llm.c's state files are in TokenLoaderState+LlmC.swift.

import RandomNumbers

/// The position of a source of batches: everything that decides which batches come next.
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
    ///
    /// Of a ``ConversationLoader`` it is the epoch, and of a ``RandomTokenLoader`` always 0.
    public var shardIndex: Int
    /// Which place in the order of samples is read next; the number of samples when the shard is
    /// used up.
    ///
    /// Of a ``ConversationLoader`` it is the row, and of a ``RandomTokenLoader`` the number of
    /// batches so far.
    public var sampleIndex: Int
    /// The order that llm.c's generator shuffled; nil when nothing was drawn from it.
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
