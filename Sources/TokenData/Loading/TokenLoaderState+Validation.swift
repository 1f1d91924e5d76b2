// Making the next order, and deciding whether a saved position can be trusted with the data at
// hand. A position is read from files, so every index in it is checked before it is used.

import FileIO

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
    /// Checks that a loader with this source can stand at this position.
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
                ? "the saved run read the data in sequence, this one shuffles them"
                : "the saved run shuffled the data, this one reads them in sequence"
        )
        try require(
            shardPaths.indices.contains(shardIndex),
            "it is in shard \(shardIndex + 1), but the data have \(shardPaths.count)"
        )
        var number = shardIndex
        if let shuffle {
            try require(
                shuffle.shardOrder.count == shardPaths.count,
                "it is among \(counted(shuffle.shardOrder.count, "shard")), but the data have "
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
