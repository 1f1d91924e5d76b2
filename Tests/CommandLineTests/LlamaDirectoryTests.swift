// Llama 2 on the command line as Hugging Face and Meta store it: directories, the files in them,
// and what is said when some of them are missing.

import Foundation
import TestSupport
import Testing

@Suite(.serialized) struct LlamaDirectoryTests {
    @Test func everyFileOfADirectoryIsItsModel() throws {
        try withTemporaryDirectory { directory in
            try writeHuggingFaceLlama(in: directory)
            let names = [
                "", "config.json", "model.safetensors.index.json",
                "model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors",
            ]
            let texts = try names.map { name in
                // The tokenizer in the directory is found.
                let object = try swiftlet([
                    "sample", "--model",
                    name.isEmpty ? directory.string : directory.appending(name).string, "--prompt",
                    "Hi", "--max-tokens", "8", "--temperature", "0", "--ignore-eos", "--json",
                ]).object()
                #expect(object["prompt_tokens"] as? Int == 6)
                return try #require(object["tokens"] as? [Int])
            }
            #expect(texts[0].count == 8)
            #expect(Set(texts).count == 1)
            let object = try swiftlet("info", directory.string, "--json").object()
            #expect(object["format"] as? String == "safetensors")
            #expect((object["tensors"] as? [Any])?.count == 11)
        }
    }

    /// Two files of a model that is no bigger than its tests need.
    private func metaDirectory() -> String {
        URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .appendingPathComponent("ParityTests/Fixtures/Llama/grouped-meta").path
    }

    @Test func metasDirectoryIsOpened() throws {
        for name in ["", "/params.json", "/consolidated.00.pth", "/consolidated.01.pth"] {
            let object = try swiftlet("info", metaDirectory() + name, "--json").object()
            #expect(object["format"] as? String == "meta")
            #expect((object["configuration"] as? [String: Any])?["hidden"] as? Int == 40)
        }
        let outcome = try swiftlet([
            "bench", "generate", "--model", metaDirectory(), "--precision", "q8_0",
            "--prompt-tokens", "8", "--tokens", "2", "--runs", "1",
        ])
        #expect(outcome.status == 0, "\(outcome.errors)")
    }

    @Test func whatIsMissingInADirectoryIsNamed() throws {
        try withTemporaryDirectory { directory in
            try writeHuggingFaceLlama(in: directory)
            func sample(_ name: String = "") throws -> Outcome {
                let path = name.isEmpty ? directory : directory.appending(name)
                return try swiftlet("sample", "--model", path.string)
            }
            func rename(_ old: String, _ new: String) throws {
                try FileManager.default.moveItem(
                    atPath: directory.appending(old).string,
                    toPath: directory.appending(new).string
                )
            }
            try rename("tokenizer.model", "elsewhere.model")
            expectError(try sample(), 64, "there is no tokenizer next to the model")
            try rename("elsewhere.model", "tokenizer.model")
            let shard = "model-00002-of-00002.safetensors"
            try rename(shard, "elsewhere")
            expectError(try sample(), 66, shard)
            try rename("elsewhere", shard)
            try rename("config.json", "elsewhere")
            for outcome in [
                try sample(shard), try swiftlet("info", directory.appending(shard).string),
            ] {
                expectError(outcome, 66, "neither config.json nor params.json is next to it")
            }
            try rename("elsewhere", "params.json")
            expectError(try sample(), 66, "looked for consolidated.00.pth")
        }
    }

    @Test func aGPT2DirectoryWithoutTensorsIsATokenizerButNoModel() throws {
        try withTemporaryDirectory { directory in
            try writeUnorderedTokenizer(in: directory)
            let config = Array("{\"model_type\": \"gpt2\"}".utf8)
            try writeBytes(config, to: directory.appending("config.json"))
            let path = directory.string
            let arguments = ["tokenizer", "encode", "--tokenizer", path, "--text", "ab cd"]
            let outcome = try swiftlet(arguments)
            #expect(outcome.status == 0, "\(outcome.errors)")
            #expect(outcome.output.hasPrefix("256 "))
            let object = try swiftlet("tokenizer", "info", path, "--json").object()
            #expect(object["format"] as? String == "directory")
            #expect(object["vocabulary"] as? Int == 259)
            for command in [["evaluate", "--data", "x"], ["sample"]] {
                let outcome = try swiftlet(command + ["--model", path])
                expectError(outcome, 66, "looked for model.safetensors")
            }
        }
    }
}
