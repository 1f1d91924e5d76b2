// Making small shards, good and broken, for the tests of this target.

import FileIO
import TokenData

/// Writes a shard of the given tokens and returns its path.
@discardableResult
func writeShard(
    _ tokens: some Collection<Int32>,
    to path: FilePath,
    format: TokenShard.Format = .gpt2
) throws -> FilePath {
    let writer = try TokenShardWriter(path, format: format)
    try writer.append(contentsOf: Array(tokens))
    try writer.commit()
    return path
}

/// Writes a file with a shard's header of any content, and raw bytes after it.
func writeRawShard(to path: FilePath, header: [Int32], body: [UInt8]) throws {
    let file = try AtomicFile(path)
    try file.write(integers: header + [Int32](repeating: 0, count: 256 - header.count))
    try file.write(body)
    try file.commit()
}

/// The next batch of a source.
func nextBatch(_ source: inout some BatchSource) throws -> TokenBatch {
    var batch = TokenBatch(tokenCount: source.tokensPerBatch)
    try source.nextBatch(into: &batch)
    return batch
}

/// The inputs of the next `count` batches, one after the other.
func nextInputs(_ source: inout some BatchSource, batches count: Int) throws -> [[Int32]] {
    try (0..<count).map { _ in try nextBatch(&source).inputs }
}
