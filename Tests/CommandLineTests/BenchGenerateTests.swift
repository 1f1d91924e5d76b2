// `swiftlet bench generate`: its keys, how its figures relate, the memory it takes, and
// what it says when it cannot.

import FileIO
import Foundation
import LanguageModels
import RandomNumbers
import Tensors
import TestSupport
import Testing

@Suite(.serialized) struct BenchGenerateTests {
    private static let tiny = "layers=1,heads=2,channels=16,context=64"

    @Test func figuresAgreeWithEachOther() throws {
        try withTemporaryDirectory { directory in
            let model = try writeModel(to: directory.appending("model.bin"), contextLength: 64)
            let object = try swiftlet([
                "bench", "generate", "--model", model.string, "--precision", "q8_0",
                "--cache-precision", "bfloat16", "--prompt-tokens", "20", "--tokens", "3",
                "--batch-size", "2", "--runs", "1", "--json",
            ])
            .object()
            #expect(
                Set(object.keys) == [
                    "precision", "cache_precision", "batch_size", "decode_tokens_per_second",
                    "prompt_tokens_per_second", "fraction_of_bandwidth", "memory_bandwidth_gbs",
                    "weight_bytes_per_token", "cache_bytes", "peak_memory_bytes",
                ]
            )
            #expect(object["precision"] as? String == "q8_0")
            #expect(object["cache_precision"] as? String == "bfloat16")
            #expect(object["batch_size"] as? Int == 2)
            // 257 rows of wte and 8 C of a block, in blocks of 32 bytes and a float16.
            let (C, V) = (16, 257)
            let weights = (V + 8 * C) * 34 + C * 2 * 34
            #expect(object["weight_bytes_per_token"] as? Int == weights)
            // Two sequences with room for 64 tokens: a key and a value of 16 numbers in 2 bytes.
            #expect(object["cache_bytes"] as? Int == 2 * 64 * 2 * 16 * 2)
            let speed = try #require(object["decode_tokens_per_second"] as? Double)
            let bandwidth = try #require(object["memory_bandwidth_gbs"] as? Double)
            let fraction = try #require(object["fraction_of_bandwidth"] as? Double)
            let expected = speed / 2 * Double(weights) / (bandwidth * 1e9)
            #expect(abs(fraction / expected - 1) < 1e-6)
            #expect(try #require(object["prompt_tokens_per_second"] as? Double) > 0)
        }
    }

    @Test func withoutJSONThereIsALineOfText() throws {
        let outcome = try swiftlet([
            "bench", "generate", "--init", Self.tiny, "--prompt-tokens", "5", "--tokens", "2",
            "--runs", "1",
        ])
        #expect(outcome.status == 0)
        #expect(outcome.output.hasPrefix("float32: prompt "))
        #expect(outcome.output.split(separator: "\n").count == 1)
    }

    @Test(arguments: [3, 4, 17, 18, 31, 64])
    func defaultsFitASmallContext(length: Int) throws {
        let size = "layers=1,heads=2,channels=16,context=\(length)"
        let outcome = try swiftlet("bench", "generate", "--init", size, "--runs", "1")
        #expect(outcome.status == 0, "\(outcome.errors)")
    }

    @Test func aContextWithoutRoomToGenerateIsNamed() throws {
        let size = "layers=1,heads=2,channels=16,context=2"
        let outcome = try swiftlet("bench", "generate", "--init", size)
        expectError(outcome, 64, "a context of 3 tokens or more, but the model's is of 2;")
    }

    @Test func aCheckpointCanBeChosenOnlyForARun() throws {
        try withTemporaryDirectory { directory in
            let model = try writeModel(to: directory.appending("model.bin")).string
            let arguments = ["bench", "generate", "--model", model, "--checkpoint", "best"]
            expectError(try swiftlet(arguments), 64, "--checkpoint is for")
        }
    }

    @Test(
        arguments: [
            (["--prompt-tokens", "0"], "--prompt-tokens"),
            (["--tokens", "\(Int.max)"], "--tokens"), (["--runs", "0"], "--runs"),
            (["--batch-size", "0"], "--batch-size"), (["--batch-size", "257"], "--batch-size"),
            (["--precision", "int3"], "'q4_0' or 'q4_1'; see"),
            (["--cache-precision", "q8_0"], "--cache-precision"),
            (["--checkpoint", "best"], "--model"), (["--init", "d7"], "'d7'"),
            (["--init", "Llama2:layers=2"], "or for a Llama llama2:layers=6"),
            (["--init", "d6", "--model", "m.bin"], "not both"),
            (["--init", tiny, "--prompt-tokens", "65"], "65 tokens"),
            (["--init", tiny, "--prompt-tokens", "5", "--tokens", "48"], "65 tokens"),
        ]
    )
    func invalidSizesAreUsageErrors(_ arguments: [String], _ fragment: String) throws {
        let outcome = try swiftlet(["bench", "generate"] + arguments)
        #expect(outcome.status == 64, "\(outcome.errors)")
        #expect(outcome.output.isEmpty)
        #expect(outcome.errors.hasPrefix("swiftlet: error: "))
        #expect(outcome.errors.contains(fragment), "\(outcome.errors)")
    }

    @Test(arguments: WrongFile.neverRight + [.tokenizer, .shard, .debugState])
    func wrongModelIsReportedInOneSentence(file: WrongFile) throws {
        try file.withFile { path, _ in
            expectError(try swiftlet("bench", "generate", "--model", path), file.status, path)
        }
    }

    /// Writes a model of 67 MB: large compared with the program, quick to make.
    private func writeLargeModel(to path: FilePath) throws -> GPT2Configuration {
        let configuration = try GPT2Configuration(
            contextLength: 256,
            vocabularySize: 8192,
            layerCount: 4,
            headCount: 8,
            channels: 512
        )
        var generator = MersenneTwister(seed: 3)
        let piece = (0..<4096).map { _ in
            (Float(generator.next32()) * 0x1p-32 - 0.5) * 0.1
        }
        let file = try AtomicFile(path)
        let fields: [Int32] = [20_240_326, 3, 256, 8192, 4, 8, 512, 8192]
        try file.write(integers: fields + [Int32](repeating: 0, count: 256 - fields.count))
        let bytes = piece.withUnsafeBytes { Array($0) }
        var rest = configuration.parameterLayout.byteCount
        while rest > 0 {
            try file.write(Array(bytes.prefix(rest)))
            rest -= min(rest, bytes.count)
        }
        try file.commit()
        return configuration
    }

    @Test func aRunTakesItsWeightsItsCacheAndLittleMore() throws {
        try withTemporaryDirectory { directory in
            let path = directory.appending("large.bin")
            let configuration = try writeLargeModel(to: path)
            // The program itself, working memory for 256 tokens, biases and norms, and pieces of
            // weights while they are converted: less than one more copy of the weights.
            let constant = 64_000_000
            let positions = configuration.contextLength * configuration.channels * 4
            #expect(configuration.parameterLayout.byteCount > constant)
            for precision in ["float32", "bfloat16", "float16", "q8_0", "q4_0", "q4_1"] {
                let object = try swiftlet([
                    "bench", "generate", "--model", path.string, "--precision", precision,
                    "--prompt-tokens", "256", "--tokens", "1", "--runs", "1", "--threads", "2",
                    "--json",
                ])
                .object()
                let weights = try #require(object["weight_bytes_per_token"] as? Int)
                let cache = try #require(object["cache_bytes"] as? Int)
                let peak = try #require(object["peak_memory_bytes"] as? Int)
                let more = peak - weights - positions - cache
                print("\(precision): \(peak) bytes, \(more) beside weights and cache")
                #expect(more <= constant, "\(precision)")
            }
        }
    }
}
