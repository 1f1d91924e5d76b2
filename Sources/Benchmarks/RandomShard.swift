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

/// A shard of random tokens in the directory for temporary files, which is there only for a while.
enum RandomShard {
    /// Tokens drawn and written at a time, so that memory does not grow with the shard.
    private static let pieceCount = 1 << 16

    /// Writes tokens drawn by `generator`, calls `body` with the path of the shard, and removes it.
    ///
    /// A file that `body` has mapped stays readable without its name.
    /// - Throws: ``BenchmarkError/cannotWriteTokens(_:)``, `TokenDataError`, or what `body` throws.
    static func with<Result>(
        tokenCount: Int,
        vocabularySize: Int,
        using generator: inout some RandomNumberGenerator,
        _ body: (FilePath) throws -> Result
    ) throws -> Result {
        // The number keeps apart what one process times at the same time.
        let number = UInt64.random(in: 0 ... .max)
        let path = directory.appending("swiftlet-bench-\(getpid())-\(number).bin")
        // Nobody is left to hear of errors.
        defer { try? FileSystem.remove(path) }
        do {
            let writer = try TokenShardWriter(path, vocabularySize: vocabularySize)
            while writer.count < tokenCount {
                try writer.append(
                    contentsOf: (0..<min(pieceCount, tokenCount - writer.count)).map { _ in
                        Int32.random(in: 0..<Int32(vocabularySize), using: &generator)
                    }
                )
            }
            try writer.commit()
        } catch let error as FileIOError {
            throw BenchmarkError.cannotWriteTokens(error)
        }
        return try body(path)
    }

    /// What TMPDIR names; empty, it names nothing.
    private static var directory: FilePath {
        guard let name = getenv("TMPDIR"), name.pointee != 0 else { return "/tmp" }
        return FilePath(platformString: name)
    }
}
