// Tokenizers wherever they are: in a model's file, next to it, in its directory, in a run.

import FileIO
import Foundation
import TestSupport
import Testing
import TokenData

@Suite(.serialized) struct TokenizerSourceTests {
    private static let text = "a b <|endoftext|> é\n"

    /// Calls `body` with places that have the same tokenizer, the first its own file.
    private func withPlaces(
        _ body: (_ directory: FilePath, _ places: [String]) throws -> Void
    ) throws {
        try withTemporaryDirectory { directory in
            let first = directory.appending("first")
            try FileSystem.createDirectory(first)
            let model = try writeModel(to: first.appending("model.bin"))
            let tokenizer = try writeTokenizer(to: first.appending("tokenizer.bin"))
            let (face, gguf) = (directory.appending("face"), directory.appending("model.gguf"))
            for (output, format) in [(face, "safetensors"), (gguf, "gguf")] {
                let outcome = try swiftlet("convert", model.string, output.string, "--to", format)
                #expect(outcome.status == 0, "\(outcome.errors)")
            }
            let run = directory.appending("run")
            let trained = try swiftlet([
                "train", "--init", model.string, "--train-data",
                writeShard(to: directory.appending("data.bin")).string, "--output", run.string,
                "--steps", "1", "--tokenizer", gguf.string,
            ])
            #expect(trained.status == 0, "\(trained.errors)")
            let places = [
                tokenizer, model, first, gguf, face, face.appending("tokenizer.json"),
                face.appending("model.safetensors"), run, run.appending("model_00000001.bin"),
            ]
            try body(directory, places.map(\.string))
        }
    }

    @Test func everySourceGivesTheSameIds() throws {
        try withPlaces { _, places in
            func tokenizer(_ place: String, _ arguments: String...) throws -> String {
                let outcome = try swiftlet(["tokenizer"] + arguments + ["--tokenizer", place])
                #expect(outcome.status == 0, "\(place): \(outcome.errors)")
                return outcome.output
            }
            let expected = Array(Self.text.utf8).map { "\($0)" }.joined(separator: " ")
            for place in places {
                try #expect(tokenizer(place, "encode", "--text", Self.text) == expected + "\n")
                try #expect(tokenizer(place, "decode", expected) == Self.text)
                let info = try swiftlet("tokenizer", "info", place, "--json").object()
                #expect(info["vocabulary"] as? Int == 257, "\(place)")
            }
        }
    }

    @Test func infoSaysWhereItWasFound() throws {
        try withPlaces { directory, places in
            func info(_ place: String) throws -> [String: String] {
                let object = try swiftlet("tokenizer", "info", place, "--json").object()
                return object.compactMapValues { $0 as? String }
            }
            let gguf = directory.appending("model.gguf").string
            #expect(try info(gguf)["format"] == "gguf")
            #expect(try info(gguf)["path"] == gguf)
            #expect(try info(places[1])["path"] == places[0])
            #expect(try info(places[1])["format"] == "llm.c")
            let text = try swiftlet("tokenizer", "info", gguf).output
            #expect(text.contains("format         tokenizer in a GGUF file\n"))
        }
    }

    @Test func aLlamasTokenizerIsFoundInEverySource() throws {
        try withLlama { model, tokenizer in
            let gguf = FilePath(model).directory.appending("model.gguf").string
            let outcome = try swiftlet("convert", model, gguf, "--to", "gguf")
            #expect(outcome.status == 0, "\(outcome.errors)")
            for (index, place) in [tokenizer, model, gguf].enumerated() {
                let output = FilePath(model).directory.appending("\(index)")
                let prepare = ["prepare", "-", "--name", "x", "--tokenizer", place, "--output"]
                let prepared = try swiftlet(prepare + [output.string], input: "Hi")
                #expect(prepared.status == 0, "\(prepared.errors)")
                let shard = try TokenShard(output.appending("x_train.bin"))
                try #expect(shard.tokens(in: 0..<6) == [1, 229, 153, 132, 75, 108])
                let encode = ["tokenizer", "encode", "--text", "Hi", "--tokenizer", place]
                try #expect(swiftlet(encode).output == "229 153 132 75 108\n")
                let decode = ["tokenizer", "decode", "35", "75", "--tokenizer", place]
                try #expect(swiftlet(decode).output == " H")
            }
            let info = try swiftlet("tokenizer", "info", gguf, "--json").object()
            #expect(info["format"] as? String == "gguf")
            #expect(info["start_of_text"] as? Int == 1)
        }
    }

    @Test func prepareTrainAndEvaluateAcceptEverySource() throws {
        try withPlaces { directory, places in
            let text = try writeBytes(
                Array(String(repeating: Self.text, count: 20).utf8),
                to: directory.appending("text.txt")
            ).string
            let model = directory.appending("first/model.bin").string
            var losses: Set<Double> = []
            for (index, place) in places.enumerated() {
                let output = directory.appending("\(index)")
                let prepared = try swiftlet([
                    "prepare", text, "--tokenizer", place, "--output", output.string, "--name", "x",
                ])
                #expect(prepared.status == 0, "\(place): \(prepared.errors)")
                let shard = try TokenShard(output.appending("x_train.bin"))
                try #expect(shard.tokens(in: 0..<4) == [256, 97, 32, 98])
                // It is found again where the manifest says.
                let trained = try swiftlet([
                    "train", "--init", "layers=1,heads=1,channels=8,context=8", "--train-data",
                    output.appending("x_train.bin").string, "--output",
                    output.appending("run").string, "--steps", "1", "--sample-every", "1",
                ])
                #expect(trained.status == 0, "\(place): \(trained.errors)")
                #expect(trained.errors.contains("which the data was made with"))
                let measured = try swiftlet([
                    "evaluate", "--model", model, "--text", text, "--tokenizer", place, "--json",
                ])
                try losses.insert(#require(measured.object()["loss"] as? Double))
            }
            #expect(losses.count == 1)
        }
    }

    @Test func aModelWithoutATokenizerIsNamed() throws {
        try withTemporaryDirectory { directory in
            let model = try writeModel(to: directory.appending("model.bin")).string
            let gguf = directory.appending("model.gguf").string
            #expect(try swiftlet("convert", model, gguf, "--to", "gguf").status == 0)
            for (place, status, words) in [
                (model, Int32(65), "is an llm.c model, not"), (gguf, 64, "no tokenizer"),
            ] {
                for arguments in [
                    ["tokenizer", "info", place],
                    ["tokenizer", "encode", "--text", "a", "--tokenizer", place],
                    ["prepare", "-", "--name", "x", "--tokenizer", place],
                ] {
                    expectError(try swiftlet(arguments), status, words)
                }
            }
        }
    }
}
