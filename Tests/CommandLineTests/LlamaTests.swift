// Llama 2 on the command line, in llama2.c's format. The files of Meta and Hugging Face are in
// LlamaDirectoryTests.swift, conversations in ChatTests.swift.

import FileIO
import Foundation
import LanguageModels
import TestSupport
import Testing
import TokenData

@Suite(.serialized) struct LlamaTests {
    @Test(
        arguments: Llama2CFile.Version.allCases,
        ["float32", "bfloat16", "float16", "q8_0", "q4_0", "q4_1"]
    )
    func sampleGeneratesInEveryVersionAndPrecision(
        version: Llama2CFile.Version,
        precision: String
    ) throws {
        try withLlama(version: version) { model, _ in
            // The tokenizer next to the model is found.
            let object = try swiftlet([
                "sample", "--model", model, "--prompt", "Hi", "--max-tokens", "8", "--temperature",
                "0", "--ignore-eos", "--precision", precision, "--json",
            ]).object()
            #expect(object["generated_tokens"] as? Int == 8)
            // The start, three bytes of a space and two of the text.
            #expect(object["prompt_tokens"] as? Int == 6)
        }
    }

    @Test func infoDescribesTheModel() throws {
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
            let text = try swiftlet("info", model).output
            #expect(text.contains(#/ {2}kv heads +2\n/#))
            #expect(text.contains("10000.0") && text.contains("1e-05"))
        }
    }

    @Test func aModelsDirectoryCanBeGivenAsItsTokenizer() throws {
        try withLlama { model, tokenizer in
            let directory = FilePath(model).removingLastComponent()
            func outputs(_ path: String) throws -> [String] {
                try [["encode", "--text", "Hi"], ["decode", "35", "75"]].map {
                    try swiftlet(["tokenizer"] + $0 + ["--tokenizer", path]).output
                }
            }
            let expected = ["229 153 132 75 108\n", " H"]
            #expect(try outputs(directory.string) == expected)
            let info = try swiftlet("tokenizer", "info", directory.string, "--json").object()
            #expect(info["path"] as? String == tokenizer)
            // A file that is not a Llama tokenizer is skipped, whatever its name.
            try writeTokenizer(to: directory.appending("tokenizer.model"))
            #expect(try outputs(directory.string) == expected)
            try writeTokenizer(to: FilePath(tokenizer))
            #expect(try outputs(directory.string) == ["72 105\n", "#K"])
        }
    }

    @Test func aDirectoryWithoutATokenizerIsNamedWithWhatWasLookedFor() throws {
        try withTemporaryDirectory { directory in
            try writeBytes(Array("{}".utf8), to: directory.appending("config.json"))
            let outcome = try swiftlet("tokenizer", "info", directory.string)
            expectError(outcome, 66, "looked for tokenizer.json, tokenizer.model,")
        }
    }

    @Test(arguments: [["info"], ["tokenizer", "info"]])
    func infoKnowsItsTokenizer(command: [String]) throws {
        try withLlama { _, tokenizer in
            let object = try swiftlet(command + [tokenizer, "--json"]).object()
            #expect(object["format"] as? String == "sentencepiece")
            #expect(object["vocabulary"] as? Int == 259)
            #expect(object["ends_of_text"] as? [Int] == [2, 1])
        }
    }

    @Test func preparePutsItsStartBeforeEachDocument() throws {
        try withLlama { _, tokenizer in
            let directory = FilePath(tokenizer).directory.appending("out")
            let arguments = ["prepare", "-", "--name", "x", "--tokenizer", tokenizer]
            let outcome = try swiftlet(
                arguments + ["--split", "marker", "--output", directory.string],
                input: "Hé<|endoftext|>A"
            )
            #expect(outcome.status == 0, "\(outcome.errors)")
            let shard = try TokenShard(directory.appending("x_train.bin"))
            #expect(shard.format == .gpt2)
            #expect(
                try shard.tokens(in: 0..<shard.count) == [
                    1, 229, 153, 132, 75, 198, 172, 1, 229, 153, 132, 68,
                ]
            )
            let manifest = try #require(
                try ShardManifest.find(besideShards: [directory.appending("x_train.bin")])
            ).manifest
            #expect(manifest.tokenizer.kind == "SentencePiece")
            #expect(manifest.tokenizer.documentStart == 1)
            #expect(manifest.tokenizer.vocabularySize == 259)
        }
    }

    @Test func itsTokenizerEncodesAndDecodes() throws {
        try withLlama { _, tokenizer in
            let common = ["--tokenizer", tokenizer]
            let encode = ["tokenizer", "encode"] + common
            // The space before the first word is the bytes of U+2581 where no piece is one, and a
            // byte's id is three more than the byte.
            let outcome = try swiftlet(encode + ["--text", "Hé", "--text", "A"])
            #expect(outcome.output == "229 153 132 75 198 172\n229 153 132 68\n")
            let text = "  Two\nlines, é 🙂\n"
            let ids = try swiftlet(encode, input: text).output
            let decode = ["tokenizer", "decode"] + common
            // As bytes they come back unchanged; as a piece they would be spaces.
            let marked = (" " + text).replacing(" ", with: "\u{2581}")
            #expect(try swiftlet(decode, input: ids).output == marked)
            expectError(try swiftlet(decode + ["259"]), 65, "no token 259")
        }
    }

    @Test func aTokenizerWithTooManyTokensBesideTheModelIsNamed() throws {
        try withLlama { model, tokenizer in
            // What is looked for first.
            let other = FilePath(model).removingLastComponent().appending("tokenizer.model")
            try writeBytes(
                MappedFile(FilePath(tokenizer)).contents() + [0, 0, 0, 0, 1, 0, 0, 0, 0x78],
                to: other
            )
            for command in ["sample", "chat"] {
                let outcome = try swiftlet(command, "--model", model)
                expectError(outcome, 65, "'\(other)' has 260 tokens, but the model knows only 259")
                #expect(outcome.errors.contains("--tokenizer"))
            }
        }
    }

    @Test func everyPromptIsCheckedBeforeTheFirstText() throws {
        try withLlama { model, _ in
            let prompts = Array(repeating: ["--prompt", "Hi"], count: 8).flatMap(\.self)
            let long = ["--prompt", String(repeating: "x", count: 100)]
            let arguments = ["sample", "--model", model, "--max-tokens", "1"] + prompts + long
            expectError(try swiftlet(arguments), 64, "the prompt has 104 tokens")
        }
    }

    @Test func oneTokenIsNotPlural() throws {
        try withLlama { model, _ in
            let outcome = try swiftlet([
                "sample", "--model", model, "--max-tokens", "1", "--ignore-eos",
            ])
            #expect(outcome.errors.hasPrefix("swiftlet: 1 token in "))
            // It comes out of the prompt's pass, and has no speed.
            #expect(outcome.errors.contains(" s, 0.0 tokens/s; prompt"))
        }
    }

    @Test func wrongFilesAreReportedInOneSentence() throws {
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
            expectError(try sample(gpt2.string, tokenizer), 65, "the model knows only")
            expectError(try sample(tokenizer, tokenizer), 65, "is a SentencePiece tokenizer, not")
            let larger = try writeBytes(
                MappedFile(FilePath(tokenizer)).contents() + [0, 0, 0, 0, 1, 0, 0, 0, 0x78],
                to: directory.appending("larger.bin")
            )
            expectError(
                try sample(model, larger.string),
                65,
                "260 tokens, but the model knows only 259"
            )
            expectError(
                try swiftlet("chat", "--model", gpt2.string, "--tokenizer", gpt2Tokenizer.string),
                64,
                "does not say which chat template it was trained with"
            )
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
        let object = try swiftlet([
            "bench", "generate", "--init",
            "llama2:layers=1,heads=2,kv-heads=1,channels=32,hidden=40,vocabulary=50,context=64",
            "--prompt-tokens", "20", "--tokens", "4", "--runs", "1", "--json",
        ]).object()
        #expect(try #require(object["decode_tokens_per_second"] as? Double) > 0)
    }
}
