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

/// The next batch of a loader as arrays.
func nextBatch(_ loader: inout TokenLoader) throws -> (inputs: [Int32], targets: [Int32]) {
    var inputs = [Int32](repeating: -1, count: loader.tokensPerBatch)
    var targets = inputs
    var inputSpan = inputs.mutableSpan
    var targetSpan = targets.mutableSpan
    try loader.nextBatch(inputs: &inputSpan, targets: &targetSpan)
    return (inputs, targets)
}

/// The inputs of the next `count` batches, one after the other.
func nextInputs(_ loader: inout TokenLoader, batches count: Int) throws -> [[Int32]] {
    try (0..<count).map { _ in try nextBatch(&loader).inputs }
}
