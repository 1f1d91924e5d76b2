// Data for a trainer that is timed: random tokens in a shard of their own.

import FileIO
import TokenData

#if canImport(Glibc)
    @preconcurrency import Glibc
#elseif canImport(Musl)
    @preconcurrency import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// A token shard in the directory for temporary files, removed when the last reference goes.
final class RandomShard {
    let path: FilePath

    /// Writes tokens drawn by `generator`.
    /// - Throws: `FileIOError` when the directory cannot be written, or `TokenDataError`.
    init(
        tokenCount: Int,
        vocabularySize: Int,
        using generator: inout some RandomNumberGenerator
    ) throws {
        let directory = getenv("TMPDIR").map { FilePath(platformString: $0) } ?? "/tmp"
        path = directory.appending("swiftlet-bench-\(getpid()).bin")
        let writer = try TokenShardWriter(path, vocabularySize: vocabularySize)
        try writer.append(
            contentsOf: (0..<tokenCount).map { _ in
                Int32.random(in: 0..<Int32(vocabularySize), using: &generator)
            }
        )
        try writer.commit()
    }

    deinit {
        // Nobody is left to hear of errors.
        try? FileSystem.remove(path)
    }
}
