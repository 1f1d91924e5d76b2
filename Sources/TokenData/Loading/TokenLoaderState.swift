// Where a source of batches stands in its data, as a value that can be kept and gone back to, also
// in llm.c's state files and with another number of processes. A position is read from files, so
// every index in it is checked before it is used.

import FileIO
import RandomNumbers

/// The position of a source of batches: everything that decides which batches come next.
package struct TokenLoaderState: Codable, Equatable, Sendable {
    /// The order of shards and samples in the current epoch, and the source of later orders.
    package struct Shuffle: Codable, Equatable, Sendable {
        /// The shards, numbered by sorted path, in the order of this epoch.
        package var shardOrder: [Int32]
        /// The samples of the current shard in the order they are read.
        package var sampleOrder: [Int32]
        /// The generator after it made the two orders.
        package var generator: MersenneTwister

        /// Gathers the parts of a shuffled order.
        package init(shardOrder: [Int32], sampleOrder: [Int32], generator: MersenneTwister) {
            self.shardOrder = shardOrder
            self.sampleOrder = sampleOrder
            self.generator = generator
        }
    }

    /// The place being read in the order of shards: an index into `shardOrder` when shuffled.
    ///
    /// For a ``ConversationLoader`` it is the epoch, and for a ``RandomTokenLoader`` always 0.
    package var shardIndex: Int
    /// The place to be read next in the order of samples; the number of samples when the shard is
    /// used up.
    ///
    /// For a ``ConversationLoader`` it is the row, and for a ``RandomTokenLoader`` the number of
    /// batches so far.
    package var sampleIndex: Int
    /// The order that llm.c's generator shuffled; nil when nothing was drawn from it.
    package var shuffle: Shuffle?
    /// The source that the position belongs to.
    ///
    /// It is nil when it comes from a file that does not say, as llm.c's state files do not; the
    /// position is then checked only by the sizes of the orders.
    package var source: TokenLoaderSource?

    /// Gathers the parts of a position.
    package init(
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

extension TokenLoaderState.Shuffle {
    /// Permutes the shards for a new epoch, starting from the order of the last one.
    mutating func permuteShards() {
        generator.permute(&shardOrder)
    }

    /// Permutes the samples of a shard just opened, starting from the identity.
    mutating func permuteSamples(count: Int) {
        sampleOrder = [Int32](0..<Int32(count))
        generator.permute(&sampleOrder)
    }
}

extension TokenLoaderState {
    /// Checks that a loader with this source can be at this position.
    /// - Throws: ``TokenDataError/positionMismatch(reason:)``.
    func checkFits(
        _ current: TokenLoaderSource,
        shardPaths: [FilePath],
        sampleCounts: [Int],
        shuffled: Bool
    ) throws {
        func require(_ condition: Bool, _ reason: @autoclosure () -> String) throws {
            if !condition { throw TokenDataError.positionMismatch(reason: reason()) }
        }
        if let source { try source.checkEquals(current, shardPaths: shardPaths) }
        try require(
            (shuffle != nil) == shuffled,
            shuffled
                ? "the saved run read the data in sequence, this one shuffles it"
                : "the saved run shuffled the data, this one reads it in sequence"
        )
        try require(
            shardPaths.indices.contains(shardIndex),
            "it is in shard \(shardIndex + 1), but the data has \(shardPaths.count)"
        )
        var number = shardIndex
        if let shuffle {
            try require(
                shuffle.shardOrder.count == shardPaths.count,
                "it is among \(counted(shuffle.shardOrder.count, "shard")), but the data has "
                    + "\(shardPaths.count)"
            )
            try require(
                Self.isPermutation(shuffle.shardOrder),
                "its order of the shards is damaged"
            )
            number = Int(shuffle.shardOrder[shardIndex])
            try require(
                shuffle.sampleOrder.count == sampleCounts[number],
                "'\(shardPaths[number])' had "
                    + counted(shuffle.sampleOrder.count, "batch", plural: "batches")
                    + " then and has \(sampleCounts[number]) now"
            )
            try require(
                Self.isPermutation(shuffle.sampleOrder),
                "its order of the batches is damaged"
            )
        }
        try require(
            (0...sampleCounts[number]).contains(sampleIndex),
            "it is at batch \(sampleIndex) of '\(shardPaths[number])', which has "
                + "\(sampleCounts[number])"
        )
    }

    private static func isPermutation(_ order: [Int32]) -> Bool {
        var seen = [Bool](repeating: false, count: order.count)
        for value in order {
            guard let index = Int(exactly: value), seen.indices.contains(index), !seen[index] else {
                return false
            }
            seen[index] = true
        }
        return true
    }
}

extension TokenLoaderState.Shuffle {
    /// Reads a shuffled order in llm.c's layout: uint64 shard count, int32 shard order, uint64
    /// sample count, int32 sample order, then the 2520 bytes of the generator.
    ///
    /// Restoring a loader checks whether the orders are permutations and fit the data.
    /// - Throws: `FileIOError` when the file ends too early, ``TokenDataError`` when the
    ///   generator's state is not valid.
    package init(from reader: inout BinaryReader) throws {
        func readOrder() throws -> [Int32] {
            // A count too large for Int is too large for the file, which readArray reports.
            let count = Int(clamping: try reader.read(UInt64.self))
            return try reader.readArray(count: count)
        }
        shardOrder = try readOrder()
        sampleOrder = try readOrder()
        let bytes = try reader.readBytes(MersenneTwister.encodedByteCount) { Array($0) }
        guard let generator = MersenneTwister(encoded: bytes) else {
            throw TokenDataError.positionMismatch(
                reason: "'\(reader.file.path)' holds no valid state of the shuffling generator"
            )
        }
        self.generator = generator
    }

    /// Appends the shuffled order in the layout that ``init(from:)`` reads.
    /// - Throws: `FileIOError` when the disk is full or fails.
    package func write(to file: AtomicFile) throws {
        for order in [shardOrder, sampleOrder] {
            try file.write(integers: [UInt64(order.count)])
            try file.write(integers: order)
        }
        try file.write(generator.encoded())
    }
}

extension TokenLoaderSource {
    /// The same for another process.
    package func ofProcess(_ rank: Int) -> Self {
        var source = self
        source.rank = rank
        return source
    }

    /// Whether both are the same data, split the same way except for the processes.
    package func isSame(as other: Self) -> Bool {
        var source = ofProcess(other.rank)
        source.processCount = other.processCount
        return source == other
    }
}

extension TokenLoaderState {
    /// The place where a process resumes after a different number of processes.
    ///
    /// All processes together continue where the earlier ones stopped: batch m of process r out of
    /// P is batch m P + r of a single process. In llm.c's order this holds up to the end of the
    /// shard, where the rest that is too short for a batch of each process is left out.
    /// - Parameter current: The source of the process that resumes.
    /// - Returns: The position unchanged if it does not tell its source or is for as many
    ///   processes; a source checks that it is for the same data when it goes there.
    /// - Throws: ``TokenDataError/otherProcessCount(then:now:reason:)`` when there is no such
    ///   place.
    package func converted(to current: TokenLoaderSource) throws -> Self {
        guard var source, source.processCount != current.processCount else { return self }
        func refusal(_ reason: String) -> TokenDataError {
            .otherProcessCount(
                then: source.processCount,
                now: current.processCount,
                reason: reason
            )
        }
        guard shuffle == nil else {
            throw refusal("each process has shuffled the data in its own order")
        }
        var state = self
        if source.order != .conversations {
            guard let index = place(current.processCount, source.processCount) else {
                throw refusal("the batches read so far do not divide among them")
            }
            state.sampleIndex = index
        } else if source.seed == nil {
            // The end of an epoch is filled up to a batch for every process.
            let (sequenceCount, overflow) = current.batchSize.multipliedReportingOverflow(
                by: current.processCount
            )
            guard !overflow, sampleIndex.isMultiple(of: sequenceCount) else {
                throw refusal("the conversations read so far do not divide among them")
            }
        }
        source.processCount = current.processCount
        source.rank = current.rank
        state.source = source
        return state
    }

    /// How many batches each of `count` processes has to read for what `formerCount` have read; nil
    /// if they do not divide evenly.
    private func place(_ count: Int, _ formerCount: Int) -> Int? {
        let (batches, overflow) = sampleIndex.multipliedReportingOverflow(by: formerCount)
        return !overflow && batches.isMultiple(of: count) ? batches / count : nil
    }
}
