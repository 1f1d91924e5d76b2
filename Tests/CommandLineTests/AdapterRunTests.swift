// The directory of a run that trained an adapter, as a model of its own: what every command does
// with it, and what is reported when the model below it is missing.

import FileIO
import TestSupport
import Testing

/// A small Llama, and a run that trained an adapter for it.
private struct AdapterRun {
    let model: FilePath
    let path: FilePath
    private let text: FilePath

    init(_ directory: FilePath) throws {
        model = directory.appending("model")
        path = directory.appending("run")
        text = directory.appending("text.txt")
        try FileSystem.createDirectory(model)
        try writeHuggingFaceLlama(in: model)
        let words = String(repeating: "the quick brown fox jumps over the lazy dog. ", count: 20)
        try writeBytes(Array(words.utf8), to: text)
        let outcome = try train(
            from: model,
            to: path,
            "--lora-rank",
            "2",
            "--steps",
            "3",
            "--checkpoint-every",
            "1",
            "--learning-rate",
            "0.05"
        )
        #expect(outcome.status == 0, "\(outcome.errors)")
    }

    var adapter: FilePath { path.appending("adapter") }

    func train(from model: FilePath, to output: FilePath, _ flags: String...) throws -> Outcome {
        try swiftlet(
            [
                "train", "--init", model.string, "--output", output.string, "--text", text.string,
                "--batch-size", "2", "--sequence-length", "16",
            ] + flags
        )
    }

    /// The loss of the text, in digits.
    func loss(_ model: FilePath, _ flags: String...) throws -> String {
        let arguments = ["evaluate", "--model", model.string, "--text", text.string, "--json"]
        let outcome = try swiftlet(arguments + flags)
        #expect(outcome.status == 0, "\(outcome.errors)")
        return "\(try #require(outcome.object()["loss"]))"
    }
}

@Suite(.serialized) struct AdapterRunTests {
    private func withRun(_ body: (AdapterRun, FilePath) throws -> Void) throws {
        try withTemporaryDirectory { try body(AdapterRun($0), $0) }
    }

    @Test func aRunIsTheModelWithItsNewestAdapter() throws {
        try withRun { place, directory in
            let adapted = try place.loss(place.model, "--adapter", place.adapter.string)
            #expect(try place.loss(place.path) == adapted)
            #expect(try place.loss(place.model) != adapted)
            #expect(try place.loss(place.path, "--checkpoint", "2") != adapted)
            let merged = directory.appending("merged")
            let conversion = try swiftlet([
                "convert", place.path.string, merged.string, "--to", "safetensors",
            ])
            #expect(conversion.status == 0, "\(conversion.errors)")
            #expect(try place.loss(merged) == adapted)
            for command in [
                ["sample", "--max-tokens", "3"], ["chat", "--template", "llama2"],
                ["inspect", "next", "--prompt", "the"], ["inspect", "weights", "--tensor", "wq.0"],
                ["bench", "generate", "--tokens", "1", "--prompt-tokens", "1"],
            ] {
                let outcome = try swiftlet(command + ["--model", place.path.string])
                #expect(outcome.status == 0, "\(command): \(outcome.errors)")
            }
        }
    }

    @Test func theModelsTokenizerIsUsedIfTheRunHasNone() throws {
        try withRun { place, _ in
            for name in try FileSystem.names(in: place.path) where "\(name)".contains("tokenizer") {
                try FileSystem.remove(place.path.appending(name))
            }
            let outcome = try swiftlet("sample", "--model", place.path.string, "--max-tokens", "3")
            #expect(outcome.status == 0, "\(outcome.errors)")
        }
    }

    @Test func theWholeModelIsTrainedFromTheMergedWeights() throws {
        try withRun { place, directory in
            let whole = directory.appending("whole")
            let outcome = try place.train(from: place.path, to: whole, "--steps", "0")
            #expect(outcome.status == 0, "\(outcome.errors)")
            #expect(try place.loss(whole) == place.loss(place.path))
            let more = try place.train(
                from: place.path,
                to: directory.appending("more"),
                "--lora-rank",
                "2"
            )
            #expect(more.status == 64)
            #expect(more.errors.contains("name its base model with --init"))
        }
    }

    /// The memory of the passes is released for a sample.
    @Test func samplesDoNotChangeWhatIsLearned() throws {
        try withRun { place, directory in
            let sampled = directory.appending("sampled")
            let outcome = try place.train(
                from: place.model,
                to: sampled,
                "--lora-rank",
                "2",
                "--steps",
                "3",
                "--learning-rate",
                "0.05",
                "--sample-every",
                "1",
                "--sample-tokens",
                "4"
            )
            #expect(outcome.status == 0, "\(outcome.errors)")
            let file = "adapter/adapter_model.safetensors"
            let bytes = try [sampled, place.path].map {
                try MappedFile($0.appending(file)).contents()
            }
            #expect(bytes[0] == bytes[1])
        }
    }

    @Test func aSecondAdapterIsRefused() throws {
        try withRun { place, _ in
            for command in [["sample"], ["inspect", "weights", "--tensor", "wq.0"]] {
                let outcome = try swiftlet(
                    command + ["--model", place.path.string, "--adapter", place.adapter.string]
                )
                expectError(outcome, 64, "is already an adapter (LoRA)")
            }
        }
    }

    @Test func infoNamesTheAdapterAndItsModel() throws {
        try withRun { place, _ in
            let info = try swiftlet("info", place.path.string)
            #expect(info.output.contains("LoRA of rank 2 in 4 linear layers, 256 parameters"))
            let object = try swiftlet("info", place.path.string, "--json").object()
            let adapter = try #require(object["adapter"] as? [String: Any])
            #expect(adapter["parameters"] as? Int == 256)
            #expect(adapter["base"] as? String == place.model.string)
            #expect(object["path"] as? String == place.model.string)
            #expect(object["model"] as? String == "llama2")
        }
    }

    @Test func aMissingModelIsNamedInOneSentence() throws {
        try withRun { place, directory in
            try FileSystem.move(place.model, to: directory.appending("elsewhere"))
            for command in ["sample", "chat"] {
                expectError(
                    try swiftlet(command, "--model", place.path.string),
                    66,
                    "of '\(place.model)', and no model is there; name the model it was trained on"
                )
            }
            let info = try swiftlet("info", place.path.string)
            #expect(info.status == 0 && info.output.contains("and no model is there"))
        }
    }

    /// Files that name each other would lead in circles.
    @Test func aRunThatNamesARunIsRefused() throws {
        try withRun { place, _ in
            let path = place.path.appending("model_00000003").appending("adapter_config.json")
            let text = try String(decoding: MappedFile(path).contents(), as: UTF8.self)
            try writeBytes(
                Array(text.replacing(place.model.string, with: place.path.string).utf8),
                to: path
            )
            let outcome = try swiftlet("sample", "--model", place.path.string)
            expectError(outcome, 66, "and no model is there")
        }
    }
}
