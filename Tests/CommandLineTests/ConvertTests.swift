// Models and their tokenizers in other formats, as the command writes them.

import FileIO
import Foundation
import TestSupport
import Testing

@Suite(.serialized) struct ConvertTests {
    /// The tokens with which a model goes on from a text, the likeliest each time.
    private func tokens(of model: FilePath) throws -> [Int] {
        let outcome = try swiftlet(
            "sample",
            "--model",
            model.string,
            "--prompt",
            "a b",
            "--temperature",
            "0",
            "--max-tokens",
            "12",
            "--precision",
            "float32",
            "--ignore-eos",
            "--json"
        )
        #expect(outcome.status == 0, "\(outcome.errors)")
        let object = try JSONSerialization.jsonObject(with: Data(outcome.output.utf8))
        return try #require((object as? [String: Any])?["tokens"] as? [Int])
    }

    private func convert(
        _ input: FilePath,
        _ output: FilePath,
        _ format: String,
        _ more: String...
    ) throws {
        let arguments = ["convert", input.string, output.string, "--to", format] + more
        let outcome = try run(swiftletPath(), arguments)
        #expect(outcome.status == 0, "\(outcome.errors)")
        #expect(outcome.output == "")
    }

    @Test func aGPT2GoesThroughEveryFormatAndBackWithItsTokenizer() throws {
        try withTemporaryDirectory { directory in
            let first = directory.appending("first")
            try FileManager.default.createDirectory(
                atPath: first.string,
                withIntermediateDirectories: true
            )
            let model = try writeModel(to: first.appending("model.bin"))
            try writeTokenizer(to: first.appending("tokenizer.bin"))
            let expected = try tokens(of: model)
            let (face, gguf) = (directory.appending("face"), directory.appending("model.gguf"))
            try convert(model, face, "safetensors")
            #expect(try tokens(of: face) == expected)
            try convert(face, gguf, "gguf")
            #expect(try tokens(of: gguf) == expected)
            let back = directory.appending("back.bin")
            try convert(gguf, back, "llmc")
            #expect(try MappedFile(back).contents() == MappedFile(model).contents())
            let tokenizers = try [first, directory].map {
                try MappedFile($0.appending("tokenizer.bin")).contents()
            }
            #expect(tokenizers[0] == tokenizers[1])
        }
    }

    @Test func aLlamaGoesThroughEveryFormatAndBackWithItsTokenizer() throws {
        try withLlama { model, _ in
            let model = FilePath(model)
            let expected = try tokens(of: model)
            let directory = model.directory
            let (face, gguf) = (directory.appending("face"), directory.appending("model.gguf"))
            try convert(model, face, "safetensors")
            #expect(try tokens(of: face) == expected)
            try convert(face, gguf, "gguf")
            #expect(try tokens(of: gguf) == expected)
        }
    }

    @Test func whatAFormatCannotHoldIsSaidBeforeAnythingIsWritten() throws {
        try withTemporaryDirectory { directory in
            let model = try writeModel(to: directory.appending("model.bin"))
            let output = directory.appending("out.bin")
            let arguments = ["convert", model.string, output.string, "--to"]
            let foreign = try run(swiftletPath(), arguments + ["llama2c"])
            expectError(foreign, 73, "llama2.c's files hold a llama2, and the model is a gpt2")
            let type = try run(swiftletPath(), arguments + ["llmc", "--dtype", "q8_0"])
            expectError(type, 73, "llm.c has no place for q8_0")
            #expect(!FileSystem.exists(output))
        }
    }

    @Test func whatIsThereIsReplacedOnlyWhenAsked() throws {
        try withTemporaryDirectory { directory in
            let model = try writeModel(to: directory.appending("model.bin"))
            let output = try writeBytes([1, 2, 3], to: directory.appending("out.gguf"))
            let arguments = ["convert", model.string, output.string, "--to", "gguf"]
            expectError(try run(swiftletPath(), arguments), 73, "exists")
            #expect(try run(swiftletPath(), arguments + ["--overwrite"]).status == 0)
        }
    }
}
