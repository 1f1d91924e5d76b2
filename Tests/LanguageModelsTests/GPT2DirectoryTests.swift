// Errors for Hugging Face's GPT-2 and nanoGPT's checkpoints that would be a different model here.

import Foundation
import Tensors
import TestSupport
import Testing

@testable import LanguageModels

@Suite struct GPT2DirectoryTests {
    private static let (L, C, T, V) = (1, 4, 3, 5)

    /// The tensors of a model of one layer by Hugging Face's names.
    private static var tensors: [(name: String, shape: [Int])] {
        let block = "h.0."
        return [
            ("wte.weight", [V, C]), ("wpe.weight", [T, C]),
            (block + "ln_1.weight", [C]), (block + "ln_1.bias", [C]),
            (block + "attn.c_attn.weight", [C, 3 * C]), (block + "attn.c_attn.bias", [3 * C]),
            (block + "attn.c_proj.weight", [C, C]), (block + "attn.c_proj.bias", [C]),
            (block + "ln_2.weight", [C]), (block + "ln_2.bias", [C]),
            (block + "mlp.c_fc.weight", [C, 4 * C]), (block + "mlp.c_fc.bias", [4 * C]),
            (block + "mlp.c_proj.weight", [4 * C, C]), (block + "mlp.c_proj.bias", [C]),
            ("ln_f.weight", [C]), ("ln_f.bias", [C]),
        ]
    }

    /// Opens a directory with this configuration and these tensors.
    private func open(
        _ settings: String = "",
        _ tensors: [(name: String, shape: [Int])] = tensors
    ) throws -> any ModelWeights<GPT2Configuration> {
        try withTemporaryDirectory { directory in
            let config = """
                {"model_type": "gpt2", "n_layer": 1, "n_head": 2, "n_embd": 4, "n_positions": 3,
                 "vocab_size": 5\(settings.isEmpty ? "" : ", " + settings)}
                """
            try writeFile(directory.appending("config.json"), bytes: Array(config.utf8))
            try writeFile(directory.appending("model.safetensors"), bytes: safetensors(tensors))
            return try openWeights(at: directory, as: GPT2Configuration.self)
        }
    }

    private func error(
        _ settings: String = "",
        _ tensors: [(name: String, shape: [Int])] = tensors
    ) -> String {
        do {
            _ = try open(settings, tensors)
            return "no error"
        } catch {
            return "\(error)"
        }
    }

    @Test func linearLayersAreTransposed() throws {
        let weights = try open()
        let fcw = try weights.tensor(weights.configuration.weight(.fcw)).floats()
        // Element (out, in) is the stored one of (in, out), and rows there are 16 long.
        #expect(fcw == (0..<16).flatMap { out in (0..<4).map { Float($0 * 16 + out) } })
        let wte = try weights.tensor(weights.configuration.weight(.wte))
        #expect(wte.floats() == (0..<20).map { Float($0) })
        #expect(wte.isMapped)
    }

    @Test(arguments: [
        (#""activation_function": "relu""#, "its activation_function is 'relu' instead of"),
        (#""activation_function": "quick_gelu""#, "its activation_function is 'quick_gelu'"),
        (#""n_inner": 8"#, "its n_inner is 8 instead of four times the 4"),
        (#""n_inner": 17"#, "its n_inner is 17"),
        (#""layer_norm_epsilon": 1e-6"#, "its layer_norm_epsilon is 1e-06 instead of 1e-05"),
        (#""scale_attn_weights": false"#, "its scale_attn_weights is false"),
        (#""scale_attn_by_inverse_layer_idx": true"#, "scale_attn_by_inverse_layer_idx is true"),
        (#""reorder_and_upcast_attn": true"#, "its reorder_and_upcast_attn is true"),
        (#""add_cross_attention": true"#, "its add_cross_attention is true"),
        (#""tie_word_embeddings": false"#, "has no tensor 'lm_head.weight'"),
    ])
    func whatCannotBeComputedIsRefusedByName(setting: String, words: String) {
        let message = error(setting)
        #expect(message.contains(words), "\(message)")
    }

    @Test(arguments: [
        #""activation_function": "gelu_pytorch_tanh""#, #""n_inner": 16"#, #""n_inner": null"#,
        #""layer_norm_epsilon": 1e-05"#, #""tie_word_embeddings": true"#,
    ])
    func equivalentSettingsAreAccepted(setting: String) { #expect(error(setting) == "no error") }

    @Test(arguments: [
        ("gelu_new", GPT2Configuration.Activation.tanh), ("gelu_fast", .tanh),
        ("gelu_accurate", .tanh), ("gelu", .exact), ("gelu_python", .exact),
    ])
    func theFormOfGELUIsKnownByItsNames(
        name: String,
        activation: GPT2Configuration.Activation
    ) throws {
        let weights = try open(#""activation_function": "\#(name)""#)
        #expect(weights.configuration.activation == activation)
        // Training has one form, and what it changes in the model says so.
        let model = try GPT2(weights, ops: Ops(threadCount: 1))
        #expect(model.configuration.activation == .tanh)
    }

    @Test func aSeparateHeadIsAcceptedOnlyIfItEqualsTheEmbedding() {
        let untied = #""tie_word_embeddings": false"#
        let same = Self.tensors + [("lm_head.weight", [5, 4])]
        #expect(error(untied, same) == "no error")
        // The tensors count up from 0, so a different shape has different numbers in it.
        #expect(error(untied, Self.tensors + [("lm_head.weight", [5, 3])]).contains("the shape"))
    }

    @Test func tensorsThatTheModelLacksAreNamed() {
        let buffers: [(name: String, shape: [Int])] = [
            ("h.0.attn.bias", [1, 1, 3, 3]), ("h.0.attn.masked_bias", []),
        ]
        #expect(error("", Self.tensors + buffers) == "no error")
        for name in ["h.1.ln_1.weight", "h.0.attn.c_attn.lora_A.weight", "lm_head.bias"] {
            let message = error("", Self.tensors + [(name, [4])])
            #expect(message.contains("it has a tensor '\(name)'"), "\(message)")
        }
    }

    @Test func missingTensorsAndWrongShapesAreNamed() {
        for index in Self.tensors.indices {
            var tensors = Self.tensors
            let name = tensors.remove(at: index).name
            #expect(error("", tensors).contains("has no tensor '\(name)'"))
            tensors = Self.tensors
            tensors[index].shape[0] += 1
            #expect(error("", tensors).contains("tensor '\(name)'"))
        }
    }

    @Test func aHeadWithAnotherWeightIsRefused() throws {
        try withTemporaryDirectory { directory in
            let config = """
                {"model_type": "gpt2", "n_layer": 1, "n_head": 2, "n_embd": 4, "n_positions": 3,
                 "vocab_size": 5, "tie_word_embeddings": false}
                """
            try writeFile(directory.appending("config.json"), bytes: Array(config.utf8))
            var bytes = safetensors(Self.tensors + [("lm_head.weight", [5, 4])])
            bytes[bytes.count - 1] ^= 1
            try writeFile(directory.appending("model.safetensors"), bytes: bytes)
            #expect {
                try openWeights(at: directory)
            } throws: { error in
                "\(error)".contains("its head 'lm_head.weight' differs")
            }
        }
    }

    @Test func aModelOfAnotherFamilyIsNamed() throws {
        try withTemporaryDirectory { directory in
            let path = directory.appending("model.bin")
            try smallModel().writeLLMCCheckpoint(to: path)
            #expect {
                try openWeights(at: path, as: Llama2Configuration.self)
            } throws: { error in
                "\(error)".contains("holds a gpt2, but a llama2 is needed")
            }
        }
    }
}
