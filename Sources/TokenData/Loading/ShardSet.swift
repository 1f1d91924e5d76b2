// The shards that a loader reads: found, checked, and recognized when they are opened later. The
// loaders decide in which order they are read.

import FileIO

/// Some token shards of one format, in sorted order.
struct ShardSet: Sendable {
    /// Where they are.
    let paths: [FilePath]
    /// What identifies them, in the order of `paths`.
    private(set) var identities: [TokenShard.Identity]

    private let vocabularySize: Int?

    /// Opens every shard once, so that none is found unusable in the middle of an epoch.
    /// - Parameters:
    ///   - pattern: The path of one file, or a shell pattern.
    ///   - leastTokenCount: The fewest tokens that a shard must have.
    ///   - vocabularySize: Ids must be below it when all is read; nil allows all.
    /// - Throws: ``TokenDataError`` when nothing matches or a shard is damaged or too small,
    ///   `FileIOError` when one cannot be opened.
    init(matching pattern: FilePath, leastTokenCount: Int, vocabularySize: Int?) throws {
        paths = try TokenLoader.shardPaths(matching: pattern)
        self.vocabularySize = vocabularySize
        var first: TokenShard?
        identities = try paths.map { path in
            let shard = try TokenShard(path)
            if let first, first.format != shard.format {
                throw TokenDataError.mixedFormats(path: first.path, other: path)
            }
            first = first ?? shard
            guard shard.count >= leastTokenCount else {
                throw TokenDataError.tooFewTokens(
                    path: path,
                    needed: leastTokenCount,
                    found: shard.count
                )
            }
            return shard.identity
        }
    }

    /// Opens a shard by its number in sorted order.
    /// - Throws: ``TokenDataError/changedWhileReading(path:)`` when it has changed, and what
    ///   opening it throws.
    func open(_ number: Int) throws -> TokenShard {
        let shard = try TokenShard(paths[number])
        guard shard.identity == identities[number] else {
            throw TokenDataError.changedWhileReading(path: shard.path)
        }
        return shard
    }

    /// Reads all shards whose digests are not known yet.
    /// - Parameter progress: Called now and then with the bytes read so far, and in total.
    /// - Throws: As ``BatchSource/digestShards(_:)``.
    mutating func digest(_ progress: (Int, Int) throws -> Void) throws {
        let unread = identities.indices.filter { identities[$0].digest == nil }
        let total = unread.reduce(0) { sum, number in
            sum + (FileSystem.byteCount(of: paths[number]) ?? 0)
        }
        var done = 0
        for number in unread {
            let shard = try open(number)
            identities[number].digest = try shard.digest(vocabularySize: vocabularySize) { count in
                done += count
                try progress(done, total)
            }
        }
    }
}
