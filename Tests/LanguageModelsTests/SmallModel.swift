// A small model and damaged files, for the tests of this target.

import FileIO
import LanguageModels
import Tensors

/// Sizes with a padded vocabulary and a head size that is no vector: L2 NH3 C12 maxT16 V10.
func smallConfiguration() throws -> GPT2Configuration {
    try GPT2Configuration(
        contextLength: 16,
        vocabularySize: 10,
        layerCount: 2,
        headCount: 3,
        channels: 12
    )
}

/// A model of these sizes, or those of ``smallConfiguration()``, with random weights.
func smallModel(_ configuration: GPT2Configuration? = nil, seed: UInt64 = 5) throws -> GPT2 {
    var generator = MersenneTwister(seed: seed)
    return try GPT2(
        randomWeights: configuration ?? smallConfiguration(),
        using: &generator,
        ops: Ops(threadCount: 1)
    )
}

/// Random tokens below `vocabularySize`.
func randomTokens(_ count: Int, vocabularySize: Int = 10, seed: UInt64 = 9) -> [Int32] {
    var generator = MersenneTwister(seed: seed)
    return (0..<count).map { _ in Int32(generator.next32() % UInt32(vocabularySize)) }
}

/// Writes a header of 256 int32, zero from where `fields` ends, and `bodyCount` zeros after it.
func writeFile(_ path: FilePath, fields: [Int32], bodyCount: Int = 0) throws {
    let file = try AtomicFile(path)
    try file.write(integers: fields + [Int32](repeating: 0, count: 256 - fields.count))
    try file.write([UInt8](repeating: 0, count: bodyCount))
    try file.commit()
}

/// Writes raw bytes.
func writeFile(_ path: FilePath, bytes: [UInt8]) throws {
    let file = try AtomicFile(path)
    try file.write(bytes)
    try file.commit()
}
