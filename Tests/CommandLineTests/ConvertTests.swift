// Models and their tokenizers in other formats, as the command writes them.

import FileIO
import Foundation
import TestSupport
import Testing

@Suite(.serialized) struct ConvertTests {
    /// The tokens with which a model continues a text, the likeliest each time.
    private func tokens(of model: FilePath) throws -> [Int] {
        let outcome = try swiftlet([
            "sample", "--model", model.string, "--prompt", "a b", "--temperature", "0",
            "--max-tokens", "12", "--precision", "float32", "--ignore-eos", "--json",
        ])
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
        let outcome = try swiftlet(arguments)
        #expect(outcome.status == 0, "\(outcome.errors)")
        #expect(outcome.output == "")
    }

    /// Converts a model to Hugging Face's files and on to GGUF, which changes none of its tokens.
    private func gguf(of model: FilePath, in directory: FilePath) throws -> FilePath {
        let (face, gguf) = (directory.appending("face"), directory.appending("model.gguf"))
        let expected = try tokens(of: model)
        try convert(model, face, "safetensors")
        #expect(try tokens(of: face) == expected)
        try convert(face, gguf, "gguf")
        #expect(try tokens(of: gguf) == expected)
        return gguf
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
            let back = directory.appending("back.bin")
            try convert(gguf(of: model, in: directory), back, "llmc")
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
            let directory = model.directory
            let back = directory.appending("back")
            try FileSystem.createDirectory(back)
            let gguf = try self.gguf(of: model, in: directory)
            try convert(gguf, back.appending("model.bin"), "llama2c")
            #expect(try contents(back, "model.bin") == contents(directory, "model.bin"))
            #expect(try tokens(of: back.appending("model.bin")) == tokens(of: model))
        }
    }

    private func contents(_ directory: FilePath, _ name: String) throws -> [UInt8] {
        try MappedFile(directory.appending(name)).contents()
    }

    private func text(_ directory: FilePath, _ name: String) throws -> String {
        String(decoding: try contents(directory, name), as: UTF8.self)
    }

    // MARK: What is kept

    /// GGUF needs as many tokens as rows, so a smaller tokenizer is padded.
    @Test func aTokenizerSmallerThanTheModelRoundTrips() throws {
        try withTemporaryDirectory { directory in
            let first = directory.appending("first")
            try FileSystem.createDirectory(first)
            try writeModel(to: first.appending("model.bin"), vocabularySize: 320)
            try writeTokenizer(to: first.appending("tokenizer.bin"))
            let (gguf, face) = (directory.appending("model.gguf"), directory.appending("face"))
            try convert(first.appending("model.bin"), gguf, "gguf")
            try convert(gguf, face, "safetensors")
            #expect(try !text(face, "tokenizer.json").contains("[PAD"))
            for (name, source) in [("a", gguf), ("b", face)] {
                let back = directory.appending(name)
                try FileSystem.createDirectory(back)
                try convert(source, back.appending("model.bin"), "llmc")
                for file in ["model.bin", "tokenizer.bin"] {
                    #expect(try contents(back, file) == contents(first, file))
                }
            }
        }
    }

    @Test func generationSettingsAreKept() throws {
        try withTemporaryDirectory { directory in
            let model = try writeModel(to: directory.appending("model.bin"))
            try writeTokenizer(to: directory.appending("tokenizer.bin"))
            let (first, second) = (directory.appending("first"), directory.appending("second"))
            try convert(model, first, "safetensors")
            let name = "generation_config.json"
            let written = try text(first, name)
            #expect(written == "{\n  \"bos_token_id\": 256,\n  \"eos_token_id\": 256\n}\n")
            let settings = """
                {"temperature": 0.6, "eos_token_id": [7, 256], "do_sample": true,
                 "bad_words_ids": [[1, 2]], "note": "a\\"b", "bos_token_id": 3}
                """
            try writeBytes(Array(settings.utf8), to: first.appending(name))
            try convert(first, second, "safetensors")
            // 3 starts no text: the tokenizer says which token does.
            let expected = """
                {
                  "bad_words_ids": [[1, 2]],
                  "bos_token_id": 256,
                  "do_sample": true,
                  "eos_token_id": [7, 256],
                  "note": "a\\"b",
                  "temperature": 0.6
                }

                """
            #expect(try text(second, name) == expected)
            // Both ends are in a GGUF file, too.
            let (gguf, third) = (directory.appending("m.gguf"), directory.appending("third"))
            try convert(second, gguf, "gguf")
            try convert(gguf, third, "safetensors")
            #expect(try text(third, name).contains("\"eos_token_id\": [256, 7]"))
        }
    }

    // MARK: Directories of GGUF files

    @Test func aDirectoryWithOneGGUFFileIsThatModel() throws {
        try withTemporaryDirectory { directory in
            let model = try writeModel(to: directory.appending("model.bin"))
            try writeTokenizer(to: directory.appending("tokenizer.bin"))
            let folder = directory.appending("folder")
            try FileSystem.createDirectory(folder)
            try convert(model, folder.appending("a.gguf"), "gguf")
            let expected = try tokens(of: model)
            #expect(try tokens(of: folder) == expected)
            // As models are often published: with the description, but without the tensors.
            try writeBytes(
                Array("{\"model_type\": \"llama\"}".utf8),
                to: folder.appending("config.json")
            )
            #expect(try tokens(of: folder) == expected)
            #expect(try swiftlet("info", folder.string).output.contains("gguf"))
            try convert(model, folder.appending("b.GGUF"), "gguf")
            let several = try swiftlet("sample", "--model", folder.string)
            expectError(several, 64, "several models ('a.gguf', 'b.GGUF'); name the file of one")
            // Tensors next to the description are what it describes.
            try convert(model, folder, "safetensors", "--overwrite")
            #expect(try tokens(of: folder) == expected)
            #expect(FileSystem.exists(folder.appending("a.gguf")))
        }
    }

    @Test func aGGUFFileWithoutATokenizerOrATemplateUsesThoseBesideIt() throws {
        try withTemporaryDirectory { directory in
            let model = try writeModel(to: directory.appending("model.bin"))
            let folder = directory.appending("folder")
            try FileSystem.createDirectory(folder)
            try convert(model, folder.appending("a.gguf"), "gguf")
            expectError(
                try swiftlet("sample", "--model", folder.string),
                64,
                "there is no tokenizer next to"
            )
            try writeTokenizer(to: folder.appending("tokenizer.bin"))
            #expect(try swiftlet("sample", "--model", folder.string).status == 0)
            let gguf = directory.appending("b.gguf")
            try convert(folder, gguf, "gguf")
            let template = "{% for m in messages %}<|im_start|>{{ m['role'] }}{% endfor %}"
            try writeBytes(Array(template.utf8), to: directory.appending("chat_template.jinja"))
            try convert(gguf, directory.appending("face"), "safetensors")
            #expect(try text(directory, "face/tokenizer_config.json").contains("im_start"))
        }
    }

    // MARK: What is refused, and what then remains

    @Test func whatAFormatCannotHoldIsReportedBeforeAnythingIsWritten() throws {
        try withTemporaryDirectory { directory in
            let model = try writeModel(to: directory.appending("model.bin"))
            let output = directory.appending("out.bin")
            let arguments = ["convert", model.string, output.string, "--to"]
            let foreign = try swiftlet(arguments + ["llama2c"])
            expectError(foreign, 73, "llama2.c's files hold a llama2, and the model is a gpt2")
            let type = try swiftlet(arguments + ["llmc", "--dtype", "q8_0"])
            expectError(type, 73, "llm.c cannot store q8_0")
            #expect(!FileSystem.exists(output))
        }
    }

    @Test func anExistingOutputIsReplacedOnlyWhenAsked() throws {
        try withTemporaryDirectory { directory in
            let model = try writeModel(to: directory.appending("model.bin"))
            let output = try writeBytes([1, 2, 3], to: directory.appending("out.gguf"))
            let arguments = ["convert", model.string, output.string, "--to", "gguf"]
            expectError(try swiftlet(arguments), 73, "exists")
            #expect(try swiftlet(arguments + ["--overwrite"]).status == 0)
        }
    }

    @Test func noTokenizerIsWrittenNextToADevice() throws {
        try withTemporaryDirectory { directory in
            let model = try writeModel(to: directory.appending("model.bin"))
            try writeTokenizer(to: directory.appending("tokenizer.bin"))
            let outcome = try swiftlet("convert", model.string, "/dev/full", "--to", "llmc")
            expectError(outcome, 74, "cannot write '/dev/full'")
            #expect(!FileSystem.exists("/dev/tokenizer.bin"))
        }
    }

    @Test func aModelIsNotWrittenOverItsTokenizer() throws {
        try withTemporaryDirectory { directory in
            let model = try writeModel(to: directory.appending("model.bin"))
            let tokenizer = try writeTokenizer(to: directory.appending("tokenizer.bin"))
            let before = try MappedFile(tokenizer).contents()
            let outcome = try swiftlet([
                "convert", model.string, tokenizer.string, "--to", "llmc", "--overwrite",
            ])
            expectError(outcome, 73, "is where the model's tokenizer belongs")
            #expect(try MappedFile(tokenizer).contents() == before)
        }
    }

    @Test func aConversionThatFailsLeavesTheOldTokenizer() throws {
        try withTemporaryDirectory { directory in
            let first = directory.appending("first")
            try FileSystem.createDirectory(first)
            let model = try writeModel(to: first.appending("model.bin"))
            try writeTokenizer(to: first.appending("tokenizer.bin"))
            try writeBytes([1, 2, 3], to: directory.appending("tokenizer.bin"))
            let output = directory.appending("out")
            try FileSystem.createDirectory(output)
            let arguments = ["convert", model.string, output.string, "--to", "llmc", "--overwrite"]
            expectError(try swiftlet(arguments), 73, "is a directory")
            #expect(try contents(directory, "tokenizer.bin") == [1, 2, 3])
            #expect(
                try FileSystem.names(in: directory).map(\.string)
                    == ["first", "out", "tokenizer.bin"]
            )
        }
    }
}
