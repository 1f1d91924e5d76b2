// Small files of every kind the commands read, written into a test's directory.

import FileIO
import LanguageModels
import RandomNumbers
import Tensors
import TestSupport
import TokenData
import Tokenization

/// A vocabulary in which every byte is a token, and the last token ends a text.
let byteVocabulary = Vocabulary(
    tokens: (0...255).map { [UInt8($0)] } + [Array("<|endoftext|>".utf8)],
    endOfText: 256
)

/// Writes a GPT-2 of one layer with random weights, for the byte vocabulary unless told otherwise.
@discardableResult
func writeModel(
    to path: FilePath,
    contextLength: Int = 32,
    vocabularySize: Int = 257,
    seed: UInt64 = 1,
    elementType: ElementType = .float32,
    change: (TensorSet) -> Void = { _ in }
) throws -> FilePath {
    var generator = MersenneTwister(seed: seed)
    let configuration = try GPT2Configuration(
        contextLength: contextLength,
        vocabularySize: vocabularySize,
        layerCount: 1,
        headCount: 2,
        channels: 16
    )
    let model = try GPT2(
        randomWeights: configuration,
        using: &generator,
        ops: Ops(threadCount: 1)
    )
    change(model.parameters)
    try model.writeLLMCCheckpoint(to: path, elementType: elementType)
    return path
}

/// Writes the byte vocabulary as llm.c does.
@discardableResult
func writeTokenizer(to path: FilePath) throws -> FilePath {
    try byteVocabulary.writeLLMCFile(to: path)
    return path
}

/// Writes a tokenizer that llm.c's format cannot hold, as `vocab.json` and `merges.txt`.
///
/// The second of its two merges makes the token of the lower id. It has 259 tokens.
@discardableResult
func writeUnorderedTokenizer(in directory: FilePath) throws -> FilePath {
    // GPT-2's characters for bytes: those that print are themselves.
    let printing = [33...126, 161...172, 174...255].flatMap(Array.init)
    let others = (0...255).filter { !printing.contains($0) }
    var tokens = (printing + others.indices.map { 256 + $0 }).compactMap(UnicodeScalar.init)
        .map { String(Character($0)) }
    tokens += ["ab", "cd", "<|endoftext|>"]
    let entries = tokens.enumerated().map { index, token in
        let escaped = token.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"")
        return "\"\(escaped)\": \(index)"
    }
    let vocabulary = directory.appending("vocab.json")
    try writeBytes(Array("{\(entries.joined(separator: ", "))}".utf8), to: vocabulary)
    try writeBytes(Array("#version: 0.2\nc d\na b\n".utf8), to: directory.appending("merges.txt"))
    return vocabulary
}

/// Writes a shard of small tokens.
@discardableResult
func writeShard(to path: FilePath, count: Int = 300) throws -> FilePath {
    let writer = try TokenShardWriter(path, format: .gpt2)
    try writer.append(contentsOf: (0..<count).map { Int32($0 % 257) })
    try writer.commit()
    return path
}

/// Writes raw bytes.
@discardableResult
func writeBytes(_ bytes: [UInt8], to path: FilePath) throws -> FilePath {
    let file = try AtomicFile(path)
    try file.write(bytes)
    try file.commit()
    return path
}

/// Writes a header as llm.c's files begin with, and bytes after it.
@discardableResult
func writeHeader(_ fields: [Int32], body: [UInt8] = [], to path: FilePath) throws -> FilePath {
    let file = try AtomicFile(path)
    try file.write(integers: fields + [Int32](repeating: 0, count: 256 - fields.count))
    try file.write(body)
    try file.commit()
    return path
}

/// Writes rows of HellaSwag as llm.c's evaluation shard.
func writeEvaluationShard(rows: FilePath, tokenizer: FilePath, to path: FilePath) throws {
    let examples = try MultipleChoiceExample.examples(
        jsonLines: rows,
        tokenizer: BytePairTokenizer(contentsOf: tokenizer)
    )
    var body: [UInt16] = []
    var longest = 0
    for (index, example) in examples.enumerated() {
        var tokens = [UInt16(example.context.count)] + example.context.map { UInt16($0) }
        for ending in example.endings {
            tokens += [UInt16(ending.count)] + ending.map { UInt16($0) }
        }
        let byteCount = 2 * (5 + tokens.count)
        body += [.max, UInt16(byteCount), UInt16(index), UInt16(example.label)]
        body += [UInt16(example.endings.count)] + tokens
        longest = max(longest, byteCount)
    }
    let bytes = body.flatMap { [UInt8($0 & 255), UInt8($0 >> 8)] }
    try writeHeader([20_240_522, 1, Int32(examples.count), Int32(longest)], body: bytes, to: path)
}

/// Calls `body` with a model and a tokenizer in a directory of their own.
func withModel<Result>(
    contextLength: Int = 32,
    _ body: (_ model: String, _ tokenizer: String) throws -> Result
) throws -> Result {
    try withTemporaryDirectory { directory in
        let model = try writeModel(
            to: directory.appending("model.bin"),
            contextLength: contextLength
        )
        let tokenizer = try writeTokenizer(to: directory.appending("bytes.bin"))
        return try body(model.string, tokenizer.string)
    }
}
