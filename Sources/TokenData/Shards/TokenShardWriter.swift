// Writing one token shard. Splitting a corpus into several shards is up to the caller.

import FileIO

/// Writes a token shard front to back; it gets its name, complete, on ``commit()``, or never.
///
/// The number of tokens need not be known beforehand, and memory does not grow with it.
package final class TokenShardWriter {
    /// The name the shard takes when it is committed.
    package let path: FilePath
    /// How its tokens are stored.
    package let format: TokenShard.Format
    /// Tokens appended so far.
    package private(set) var count = 0

    private let file: AtomicFile
    private let vocabularySize: Int

    /// Starts a shard in the narrowest format that holds every token of a vocabulary.
    /// - Parameters:
    ///   - path: The name of the shard.
    ///   - vocabularySize: Ids below it may be appended.
    ///   - overwrite: Whether a file of this name may be replaced.
    /// - Throws: `FileIOError` when the file cannot be created.
    package convenience init(
        _ path: FilePath,
        vocabularySize: Int,
        overwrite: Bool = true
    ) throws {
        try self.init(
            path,
            format: TokenShard.Format(vocabularySize: vocabularySize),
            vocabularySize: vocabularySize,
            overwrite: overwrite
        )
    }

    /// Starts a shard in a given format, which every token it can hold may be appended to.
    /// - Throws: `FileIOError` when the file cannot be created.
    package convenience init(
        _ path: FilePath,
        format: TokenShard.Format,
        overwrite: Bool = true
    ) throws {
        try self.init(
            path,
            format: format,
            vocabularySize: format.largestToken + 1,
            overwrite: overwrite
        )
    }

    private init(
        _ path: FilePath,
        format: TokenShard.Format,
        vocabularySize: Int,
        overwrite: Bool
    ) throws {
        self.path = path
        self.format = format
        self.vocabularySize = vocabularySize
        file = try AtomicFile(path, overwrite: overwrite)
        try file.write([UInt8](repeating: 0, count: TokenShard.headerByteCount))
    }

    /// Appends tokens.
    ///
    /// When an error is thrown, those before the first bad one may already have been appended, and
    /// the shard should be abandoned.
    /// - Throws: ``TokenDataError`` for an id outside the vocabulary or one token too many for the
    ///   header to count, `FileIOError` when the disk is full or fails.
    package func append(contentsOf tokens: [Int32]) throws {
        guard tokens.count <= TokenShard.largestCount - count else {
            throw TokenDataError.shardFull(path: path, limit: TokenShard.largestCount)
        }
        for (i, token) in tokens.enumerated() where token < 0 || Int(token) >= vocabularySize {
            throw TokenDataError.tokenOutOfRange(
                path: path,
                position: count + i,
                token: Int(token),
                vocabularySize: vocabularySize
            )
        }
        switch format {
        case .gpt2: try file.write(integers: tokens.map { UInt16(truncatingIfNeeded: $0) })
        case .llama3: try file.write(integers: tokens.map { UInt32(bitPattern: $0) })
        }
        count += tokens.count
    }

    /// Writes the token count into the header, flushes everything and gives the shard its name.
    /// - Throws: ``TokenDataError/empty(path:)`` when no token was appended, `FileIOError` when
    ///   the disk is full or fails; the name then stands for what it stood for before.
    package func commit() throws {
        guard count > 0 else { throw TokenDataError.empty(path: path) }
        let header = [format.magic, format.version, Int32(count)]
        try file.overwrite(
            header.flatMap { word in (0..<4).map { UInt8(truncatingIfNeeded: word >> (8 * $0)) } },
            at: 0
        )
        try file.commit()
    }
}
