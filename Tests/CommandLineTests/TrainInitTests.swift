// `train --init` with a model instead of a size: which tokenizer the run then has, which checkpoint
// of another run it begins with, and that fine-tuning ends where it began, in Hugging Face's files.

import FileIO
import Foundation
import TestSupport
import Testing
import Tokenization

/// A directory of Hugging Face's with a small model and its tokenizer, and a text.
private struct Workplace {
    let directory: FilePath

    init(_ directory: FilePath) throws {
        self.directory = directory
        let model = try writeModel(to: path("model.bin"))
        try writeTokenizer(to: path("bytes.bin"))
        let converted = try swiftlet([
            "convert", model.string, path("hf").string, "--to", "safetensors", "--tokenizer",
            path("bytes.bin").string,
        ])
        #expect(converted.status == 0, "\(converted.errors)")
        let text = String(repeating: "to be, or not to be: that is the question\n", count: 90)
        try writeBytes(Array(text.utf8), to: path("text.txt"))
    }

    func path(_ name: String) -> FilePath { directory.appending(name) }

    /// Trains one step on the text, unless `flags` say otherwise.
    func train(_ flags: String..., into run: String = "run", from model: String = "hf") throws
        -> Outcome
    {
        try swiftlet(
            [
                "train", "--init", path(model).string, "--output", path(run).string,
                "--sequence-length", "16", "--steps", "1", "--threads", "1", "--schedule",
                "constant",
            ] + (flags.contains("--train-data") ? [] : ["--text", path("text.txt").string]) + flags
        )
    }

    /// Gives the model's tokenizer a chat template and a token of its own.
    func makeItAChatModel() throws {
        var description = try BytePairTokenizer(contentsOf: path("hf")).description
        description.chatTemplate = "{{ messages }}"
        description.padding = 7
        try description.writeJSON(in: path("hf"))
    }

    /// Writes shards with a tokenizer of as many tokens in another order.
    func prepareWithAnotherTokenizer() throws -> FilePath {
        let other = path("other.bin")
        var bytes = try MappedFile(path("bytes.bin")).contents()
        bytes.swapAt(1025, 1027)
        try writeBytes(bytes, to: other)
        let prepared = try swiftlet([
            "prepare", path("text.txt").string, "--tokenizer", other.string, "--output",
            path("data").string, "--name", "other",
        ])
        #expect(prepared.status == 0, "\(prepared.errors)")
        return path("data/other_train.bin")
    }
}

@Suite(.serialized) struct TrainInitTests {
    private func withWorkplace(_ body: (Workplace) throws -> Void) throws {
        try withTemporaryDirectory { try body(Workplace($0)) }
    }

    @Test func aModelsOwnTokenizerIsUsedAndKept() throws {
        try withWorkplace { place in
            let outcome = try place.train("--sample-every", "1", "--sample-tokens", "3")
            #expect(outcome.status == 0, "\(outcome.errors)")
            #expect(outcome.errors.contains("hf/tokenizer.json', the model's own"))
            let own = try BytePairTokenizer(contentsOf: place.path("hf"))
            let kept = try BytePairTokenizer(contentsOf: place.path("run"))
            #expect(kept.digest == own.digest)
            // The run resumes with its copy when the model is gone.
            try FileManager.default.removeItem(atPath: place.path("hf").string)
            let resumed = try place.train("--sample-every", "1", "--steps", "2")
            #expect(resumed.status == 0, "\(resumed.errors)")
        }
    }

    @Test func chatSettingsOfATokenizerRoundTripToHuggingFace() throws {
        try withWorkplace { place in
            try place.makeItAChatModel()
            #expect(try place.train().status == 0)
            let converted = try swiftlet([
                "convert", place.path("run").string, place.path("back").string, "--to",
                "safetensors",
            ])
            #expect(converted.status == 0, "\(converted.errors)")
            let (then, now) = (
                try BytePairTokenizer(contentsOf: place.path("hf")).description,
                try BytePairTokenizer(contentsOf: place.path("back")).description
            )
            #expect(now.chatTemplate == "{{ messages }}")
            #expect(now.padding == 7)
            #expect(now.endsOfText == then.endsOfText && now.startOfText == then.startOfText)
            #expect(now.tokens == then.tokens && now.merges == then.merges)
        }
    }

    /// Which is in the model's directory, but not part of its description.
    @Test func aTokenizerBesideAModelIsShownAsOne() throws {
        try withWorkplace { place in
            let path = place.path("hf/tokenizer.json").string
            let shown = try swiftlet("info", path, "--json").object()
            #expect(shown["kind"] as? String == "tokenizer")
            #expect(shown["vocabulary"] as? Int == 257)
            expectError(try swiftlet("sample", "--model", path), 65, "is a JSON file, not an llm.c")
            let config = place.path("hf/tokenizer_config.json").string
            expectError(try swiftlet("info", config), 65, "is a JSON file, not an llm.c")
        }
    }

    @Test func dataMadeWithAnotherTokenizerIsRefused() throws {
        try withWorkplace { place in
            let shard = try place.prepareWithAnotherTokenizer().string
            let refused = try place.train("--train-data", shard)
            expectError(refused, 64, "the data was made with another tokenizer")
            #expect(!FileSystem.exists(place.path("run")))
            // It can be asked for explicitly.
            let named = try place.train(
                "--train-data",
                shard,
                "--tokenizer",
                place.path("other.bin").string
            )
            #expect(named.status == 0, "\(named.errors)")
        }
    }

    @Test func aTokenizerThatCannotBeUsedMattersOnlyWhereOneIsNeeded() throws {
        try withWorkplace { place in
            try writeBytes(Array("{\"model\": 1}".utf8), to: place.path("hf/tokenizer.json"))
            try writeShard(to: place.path("data.bin"))
            let data = place.path("data.bin").string
            let alone = try place.train("--train-data", data)
            #expect(alone.status == 0, "\(alone.errors)")
            #expect(alone.errors.contains("the run is saved without a tokenizer: '"))
            #expect(!FileSystem.exists(place.path("run/tokenizer.bin")))
            for flags in [["--train-data", data, "--sample-every", "1"], []] {
                let outcome = try swiftlet(
                    [
                        "train", "--init", place.path("hf").string, "--output",
                        place.path("new").string, "--sequence-length", "16", "--steps", "1",
                    ] + (flags.isEmpty ? ["--text", place.path("text.txt").string] : flags)
                )
                expectError(outcome, 65, "tokenizer.json'")
                #expect(!FileSystem.exists(place.path("new")))
            }
        }
    }

    @Test func theCheckpointOfAnotherRunIsChosen() throws {
        try withWorkplace { place in
            let flags = ["--steps", "3", "--checkpoint-every", "1", "--keep-last", "3"]
            let first = try swiftlet(
                [
                    "train", "--init", place.path("hf").string, "--output",
                    place.path("first").string, "--text", place.path("text.txt").string,
                    "--sequence-length", "16", "--learning-rate", "1e-2",
                ] + flags
            )
            #expect(first.status == 0, "\(first.errors)")
            /// The header and the embedding, which so small a learning rate leaves unchanged.
            func embedding(_ name: String) throws -> ArraySlice<UInt8> {
                try MappedFile(place.path(name)).contents().prefix(1024 + 257 * 16 * 4)
            }
            for (checkpoint, step) in [("2", 2), ("latest", 3), (nil, 3)] {
                let name = "from-\(checkpoint ?? "default")"
                let choice = checkpoint.map { ["--checkpoint", $0] } ?? []
                let outcome = try swiftlet(
                    [
                        "train", "--init", place.path("first").string, "--output",
                        place.path(name).string, "--text", place.path("text.txt").string,
                        "--sequence-length", "16", "--steps", "1", "--learning-rate", "1e-30",
                        "--weight-decay", "0",
                    ] + choice
                )
                #expect(outcome.status == 0, "\(outcome.errors)")
                let start = try embedding("first/model_0000000\(step).bin")
                #expect(try embedding("\(name)/model_00000001.bin") == start)
            }
            #expect(
                try embedding("first/model_00000002.bin")
                    != embedding("first/model_00000003.bin")
            )
            // What run.json says can be repeated, and another model has no use for the choice.
            let config = place.path("from-2/run.json").string
            let other = [
                "--init", "layers=1,heads=1,channels=8,context=16", "--tokenizer",
                place.path("bytes.bin").string,
            ]
            for flags in [[], other] {
                let again = try swiftlet(
                    [
                        "train", "--config", config, "--output",
                        place.path("again\(flags.count)").string, "--steps", "0",
                    ] + flags
                )
                #expect(again.status == 0, "\(again.errors)")
            }
        }
    }

    @Test func aCheckpointOfWhatIsNotARunIsRefused() throws {
        try withWorkplace { place in
            let outcome = try place.train("--checkpoint", "best")
            expectError(outcome, 64, "--checkpoint is for the directory of a run, but '")
            let size = try swiftlet([
                "train", "--init", "layers=1,heads=1,channels=8,context=16", "--output",
                place.path("run").string, "--text", place.path("text.txt").string, "--tokenizer",
                place.path("bytes.bin").string, "--checkpoint", "3",
            ])
            expectError(size, 64, "is a size; leave it out")
            #expect(try place.train("--steps", "1").status == 0)
            let missing = try place.train("--checkpoint", "7", into: "next", from: "run")
            expectError(missing, 66, "7")
            expectError(try place.train("--checkpoint", "-1", into: "next"), 64, "--checkpoint")
            #expect(!FileSystem.exists(place.path("next")))
        }
    }
}
