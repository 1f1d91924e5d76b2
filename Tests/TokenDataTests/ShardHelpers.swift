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

/// Writes shards of consecutive tokens and returns a pattern for them.
/// - Parameters:
///   - counts: How many tokens each shard has.
///   - distance: The difference between the first tokens of two shards in a row.
///   - offset: The first token of the first shard.
///   - directory: Where they are written.
/// - Returns: A pattern for their paths.
/// - Throws: When one cannot be written.
@discardableResult
func writeShards(
    _ counts: [Int32],
    distance: Int32,
    offset: Int32 = 0,
    to directory: FilePath
) throws -> FilePath {
    for (index, count) in counts.enumerated() {
        let first = Int32(index) * distance + offset
        try writeShard(first..<first + count, to: directory.appending("\(index).bin"))
    }
    return directory.appending("*.bin")
}

/// A loader of small batches.
func tokenLoader(
    _ pattern: FilePath,
    B: Int = 1,
    T: Int = 4,
    shuffled: Bool = false,
    processCount: Int = 1,
    rank: Int = 0,
    vocabularySize: Int? = nil
) throws -> TokenLoader {
    try TokenLoader(
        matching: pattern,
        batchSize: B,
        sequenceLength: T,
        shuffled: shuffled,
        processCount: processCount,
        rank: rank,
        vocabularySize: vocabularySize
    )
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
