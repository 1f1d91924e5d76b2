// Llama 2 on the command line: a small model of random weights in llama2.c's format, with a tokenizer
// that knows bytes only.

import FileIO
import Foundation
import LanguageModels
import Tensors
import TestSupport
import Testing
import Tokenization

/// Writes llama2.c's tokenizer of the markers and the bytes, 259 pieces.
@discardableResult
private func writeByteTokenizer(to path: FilePath) throws -> FilePath {
    let names =
        ["<unk>", "\n<s>\n", "\n</s>\n"]
        + (0..<256).map { "<0x" + ($0 < 16 ? "0" : "") + String($0, radix: 16).uppercased() + ">" }
    func word(_ value: Int) -> [UInt8] {
        withUnsafeBytes(of: UInt32(value).littleEndian) { Array($0) }
    }
    let pieces = names.flatMap { word(0) + word($0.utf8.count) + Array($0.utf8) }
    return try writeBytes(word(6) + pieces, to: path)
}

@Suite(.serialized) struct LlamaTests {
    private func withLlama(
        version: Llama2CFile.Version = .legacy,
        context: Int = 96,
        _ body: (_ model: String, _ tokenizer: String) throws -> Void
    ) throws {
        let configuration = try Llama2Configuration(
            contextLength: context,
            vocabularySize: 259,
            layerCount: 2,
            headCount: 4,
            keyValueHeadCount: 2,
            channels: 32,
            hiddenChannels: 64,
            hasSeparateClassifier: false
        )
        var generator = MersenneTwister(seed: 5)
        try withTemporaryDirectory { directory in
            let path = directory.appending("model.bin")
            try Llama2Checkpoint(randomWeights: configuration, using: &generator)
                .writeLlama2C(to: path, version: version, ops: Ops(threadCount: 1))
            let tokenizer = try writeByteTokenizer(to: directory.appending("tokenizer.bin"))
            try body(path.string, tokenizer.string)
        }
    }

    @Test(
        arguments: Llama2CFile.Version.allCases,
        ["float32", "bfloat16", "q8_0", "q4_0"]
    )
    func sampleGeneratesInEveryVersionAndPrecision(
        version: Llama2CFile.Version,
        precision: String
    ) throws {
        try withLlama(version: version) { model, _ in
            // The tokenizer beside the model is found.
            let object = try swiftlet(
                "sample",
                "--model",
                model,
                "--prompt",
                "Hi",
                "--max-tokens",
                "8",
                "--temperature",
                "0",
                "--ignore-eos",
                "--precision",
                precision,
                "--json"
            ).object()
            #expect(object["generated_tokens"] as? Int == 8)
            // The start, a space and two bytes.
            #expect(object["prompt_tokens"] as? Int == 4)
        }
    }

    @Test func infoSaysWhatItIs() throws {
        try withLlama(version: .int8) { model, _ in
            let object = try swiftlet("info", model, "--json").object()
            #expect(object["format"] as? String == "llama2c")
            #expect(object["model"] as? String == "llama2")
            #expect(object["version"] as? Int == 2)
            #expect(object["parameters"] as? Int == 259 * 32 + 2 * 9280 + 32)
            let configuration = try #require(object["configuration"] as? [String: Any])
            #expect(configuration["kv_heads"] as? Int == 2)
            #expect(configuration["group_size"] as? Int == 32)
            let tensors = try #require(object["tensors"] as? [[String: Any]])
            #expect(tensors.first?["dtype"] as? String == "int8")
            #expect(try swiftlet("info", model).output.contains("2 of keys and values"))
        }
    }

    @Test func infoKnowsItsTokenizer() throws {
        try withLlama { _, tokenizer in
            let object = try swiftlet("info", tokenizer, "--json").object()
            #expect(object["format"] as? String == "sentencepiece")
            #expect(object["vocabulary"] as? Int == 259)
            #expect(object["ends_of_text"] as? [Int] == [2, 1])
        }
    }

    @Test func wrongFilesEndInOneSentence() throws {
        try withLlama { model, tokenizer in
            let directory = FilePath(model).removingLastComponent()
            let bytes = try MappedFile(FilePath(model)).contents()
            let cut = try writeBytes(Array(bytes.dropLast(4)), to: directory.appending("cut.bin"))
            let gpt2 = try writeModel(to: directory.appending("gpt2.bin"))
            let gpt2Tokenizer = try writeTokenizer(to: directory.appending("gpt2_tokenizer.bin"))
            func sample(_ model: String, _ tokenizer: String) throws -> Outcome {
                try swiftlet("sample", "--model", model, "--tokenizer", tokenizer)
            }
            expectError(try sample(cut.string, tokenizer), 65, "the sizes it starts with ask for")
            expectError(
                try sample(model, gpt2Tokenizer.string),
                65,
                "not a SentencePiece tokenizer"
            )
            expectError(try sample(gpt2.string, tokenizer), 65, "is a SentencePiece tokenizer, not")
            expectError(try sample(tokenizer, tokenizer), 65, "is a SentencePiece tokenizer, not")
            let larger = try writeBytes(
                MappedFile(FilePath(tokenizer)).contents() + [0, 0, 0, 0, 1, 0, 0, 0, 0x78],
                to: directory.appending("larger.bin")
            )
            expectError(try sample(model, larger.string), 65, "260 tokens, but the model's")
            expectError(
                try swiftlet("chat", "--model", gpt2.string, "--tokenizer", tokenizer),
                64,
                "knows no conversations"
            )
            expectError(try swiftlet("evaluate", "--model", model, "--data", "x"), 65, "llama2.c")
        }
    }

    @Test func everyLineOfAChatIsATurnThatReadsOnlyItself() throws {
        try withLlama(context: 512) { model, _ in
            let outcome = try swiftlet(
                "chat",
                "--model",
                model,
                "--system",
                "Be kind.",
                "--max-tokens",
                "6",
                "--seed",
                "1",
                "--ignore-eos",
                "--json",
                input: "Hello\n\nAnd then?\nBye"
            )
            #expect(outcome.status == 0)
            let replies = try outcome.objects()
            #expect(replies.map { $0["generated_tokens"] as? Int } == [6, 6, 6])
            let first = " [INST] <<SYS>>\nBe kind.\n<</SYS>>\n\nHello [/INST]".utf8.count + 1
            let second = " [INST] And then? [/INST]".utf8.count + 1
            let third = " [INST] Bye [/INST]".utf8.count + 1
            // With the last token of the reply before and its end.
            #expect(
                replies.map { $0["prompt_tokens"] as? Int } == [first, second + 2, third + 2]
            )
        }
    }

    @Test func aChatLongerThanTheContextGoesOn() throws {
        try withLlama(context: 96) { model, _ in
            let outcome = try swiftlet(
                "chat",
                "--model",
                model,
                "--system",
                "Be kind.",
                "--max-tokens",
                "5",
                "--ignore-eos",
                "--json",
                input: String(repeating: "Hello\n", count: 7)
            )
            #expect(outcome.status == 0)
            let replies = try outcome.objects()
            #expect(replies.count == 7)
            #expect(replies.last?["forgotten_turns"] as? Int == 6)
            #expect(replies.allSatisfy { $0["stop_reason"] as? String == "length" })
        }
    }

    @Test func theSizeOfARandomLlamaIsChecked() throws {
        for (size, fragment) in [
            ("llama2:layers=2", "not a model size"),
            ("llama2:layers=2,heads=3,channels=32", "cannot be divided"),
            ("llama2:layers=2,heads=2,channels=32,depth=3", "not a model size"),
        ] {
            expectError(try swiftlet("bench", "generate", "--init", size), 64, fragment)
        }
        let object = try swiftlet(
            "bench",
            "generate",
            "--init",
            "llama2:layers=1,heads=2,kv-heads=1,channels=32,hidden=40,vocabulary=50,context=64",
            "--prompt-tokens",
            "20",
            "--tokens",
            "4",
            "--runs",
            "1",
            "--json"
        ).object()
        #expect(try #require(object["decode_tokens_per_second"] as? Double) > 0)
    }
}
