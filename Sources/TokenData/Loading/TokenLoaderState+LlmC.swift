// The loader's part of llm.c's `state_%08d_%05d.bin`, which stands at the end of the file when the
// data are shuffled. The header, which holds shardIndex and sampleIndex, and the optimiser's state
// before this part belong to whoever writes the whole file.

import FileIO
import RandomNumbers

extension TokenLoaderState.Shuffle {
    /// Reads a shuffled order where llm.c wrote one: uint64 shard count, int32 shard order, uint64
    /// sample count, int32 sample order, then the 2520 bytes of the generator.
    ///
    /// Whether the orders are permutations, and fit the data, is checked when a loader is restored
    /// from them.
    /// - Throws: `FileIOError` when the file ends too early, ``TokenDataError`` when the
    ///   generator's state cannot be one.
    public init(from reader: inout BinaryReader) throws {
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
    public func write(to file: AtomicFile) throws {
        for order in [shardOrder, sampleOrder] {
            try file.write(integers: [UInt64(order.count)])
            try file.write(integers: order)
        }
        try file.write(generator.encoded())
    }
}
