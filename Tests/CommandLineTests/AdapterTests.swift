// `--adapter` in the commands that take it: what it changes, and what is reported for one that does
// not fit. ParityTests compares whole models with adapters with PEFT.

import FileIO
import Foundation
import TestSupport
import Testing

/// A small Llama and an adapter for its queries, in Hugging Face's and PEFT's files.
private struct Workplace {
    let model: FilePath
    let adapter: FilePath

    init(_ directory: FilePath, layer: String = "self_attn.q_proj", rows: Int = 16) throws {
        model = directory.appending("model")
        adapter = directory.appending("adapter")
        try FileSystem.createDirectory(model)
        try FileSystem.createDirectory(adapter)
        try writeHuggingFaceLlama(in: model)
        let config = #"{"peft_type": "LORA", "lora_alpha": 32, "r": 2}"#
        try writeBytes(Array(config.utf8), to: adapter.appending("adapter_config.json"))
        let name = "base_model.model.model.layers.0.\(layer).lora_"
        try writeSafetensors(
            [(name + "A.weight", [2, 16]), (name + "B.weight", [rows, 2])],
            to: adapter.appending("adapter_model.safetensors")
        )
    }

    /// The loss of a text, in digits.
    func loss(_ model: FilePath, _ flags: String...) throws -> String {
        let text = model.directory.appending("text.txt")
        try writeBytes(Array("the quick brown fox".utf8), to: text)
        let outcome = try swiftlet(
            ["evaluate", "--model", model.string, "--text", text.string, "--json"] + flags
        )
        #expect(outcome.status == 0, "\(outcome.errors)")
        return "\(try #require(outcome.object()["loss"]))"
    }
}

@Suite(.serialized) struct AdapterTests {
    @Test func anAdapterIsMergedWhereverAModelIsRead() throws {
        try withTemporaryDirectory { directory in
            let place = try Workplace(directory)
            let (plain, adapted) = try (
                place.loss(place.model), place.loss(place.model, "--adapter", place.adapter.string)
            )
            #expect(plain != adapted)
            let merged = directory.appending("merged")
            let converted = try swiftlet([
                "convert", place.model.string, merged.string, "--to", "safetensors", "--adapter",
                place.adapter.string,
            ])
            #expect(converted.status == 0, "\(converted.errors)")
            #expect(try place.loss(merged) == adapted)
            for command in [["sample", "--max-tokens", "3"], ["chat", "--template", "llama2"]] {
                let outcome = try swiftlet(
                    command + ["--model", place.model.string, "--adapter", place.adapter.string]
                )
                #expect(outcome.status == 0, "\(outcome.errors)")
            }
        }
    }

    @Test func inspectSeesTheMergedWeights() throws {
        try withTemporaryDirectory { directory in
            let place = try Workplace(directory)
            let merged = directory.appending("merged").string
            let adapter = ["--adapter", place.adapter.string]
            let conversion = ["convert", place.model.string, merged, "--to", "safetensors"]
            #expect(try swiftlet(conversion + adapter).status == 0)
            func values(
                _ model: String,
                _ tensor: String,
                _ more: [String] = []
            ) throws -> [Double] {
                let base = ["inspect", "weights", "--model", model, "--tensor", tensor, "--json"]
                let outcome = try swiftlet(base + more)
                #expect(outcome.status == 0, "\(outcome.errors)")
                return try #require(outcome.object()["singular_values"] as? [Double])
            }
            let plain = place.model.string
            let found = try values(plain, "wq.0", adapter)
            #expect(found == (try values(merged, "wq.0")))
            #expect(found != (try values(plain, "wq.0")))
            #expect(try values(plain, "wk.0", adapter) == values(plain, "wk.0"))
            // The file's own tensors are not what is shown.
            let own = "model.layers.0.self_attn.q_proj.weight"
            let arguments = ["inspect", "weights", "--model", plain, "--tensor", own]
            let refused = try swiftlet(arguments + adapter)
            expectError(refused, 64, "no tensor '\(own)'; with an adapter, use one of the names in")
        }
    }

    @Test func anAdapterThatDoesNotFitIsRefusedInOneSentence() throws {
        try withTemporaryDirectory { directory in
            for (index, (layer, rows, words)) in [
                ("self_attn.c_attn", 16, "which is not a linear layer of the model"),
                ("self_attn.q_proj", 12, "needs [16, 2]"),
            ].enumerated() {
                let here = directory.appending("\(index)")
                try FileSystem.createDirectory(here)
                let place = try Workplace(here, layer: layer, rows: rows)
                for command in [
                    ["sample", "--model", place.model.string],
                    [
                        "convert", place.model.string, here.appending("out").string, "--to",
                        "gguf",
                    ],
                ] {
                    let outcome = try swiftlet(command + ["--adapter", place.adapter.string])
                    expectError(outcome, 65, words)
                }
                #expect(!FileSystem.exists(here.appending("out")))
                expectError(
                    try swiftlet([
                        "sample", "--model", place.model.string, "--adapter", place.model.string,
                    ]),
                    66,
                    "adapter_config.json, adapter_model.safetensors"
                )
            }
        }
    }
}
