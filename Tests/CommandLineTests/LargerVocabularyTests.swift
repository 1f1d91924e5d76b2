// Models with more ids than their tokenizer, as rounding a vocabulary up makes them: every command
// that pairs the two takes them, and never shows an id that the tokenizer lacks.

import FileIO
import Foundation
import LanguageModels
import RandomNumbers
import Tensors
import TestSupport
import Testing

@Suite(.serialized) struct LargerVocabularyTests {
    /// Calls `body` with a model of 320 ids, nearly all of whose probability is on those past 256,
    /// and a tokenizer of 257 next to it.
    private func withPaddedModel(
        _ body: (_ model: String, _ directory: FilePath) throws -> Void
    ) throws {
        try withTemporaryDirectory { directory in
            let path = directory.appending("model.bin")
            try writeModel(to: path, vocabularySize: 320) { parameters in
                for tensor in ["lnfw", "lnfb"] {
                    parameters[tensor].withUnsafeMutableElements(as: Float.self) {
                        $0.update(repeating: 1)
                    }
                }
                parameters["wte"].withUnsafeMutableElements(as: Float.self) {
                    for index in 257 * 16..<320 * 16 { $0[index] = 2 }
                }
            }
            try writeTokenizer(to: directory.appending("tokenizer.bin"))
            try body(path.string, directory)
        }
    }

    @Test(arguments: [["--temperature", "0"], [], ["--temperature", "1", "--top-p", "1"]])
    func sampleDrawsNoIdThatTheTokenizerLacks(options: [String]) throws {
        try withPaddedModel { model, _ in
            let arguments = ["--json", "--ignore-eos", "--num-samples", "3", "--max-tokens", "20"]
            let outcome = try swiftlet(
                ["sample", "--model", model, "--prompt", "a", "--prompt", "bc"] + arguments + [
                    "--repetition-penalty", "1.1", "--seed", "1",
                ] + options
            )
            let texts = try outcome.objects()
            #expect(texts.count == 6)
            for text in texts {
                let tokens = try #require(text["tokens"] as? [Int])
                #expect(tokens.count == 20 && tokens.allSatisfy { $0 < 257 })
            }
        }
    }

    @Test func aBiasOnAnIdThatTheTokenizerLacksIsRefused() throws {
        try withPaddedModel { model, _ in
            let outcome = try swiftlet("sample", "--model", model, "--logit-bias", "257=1")
            expectError(outcome, 64, "no token 257 to give a logit bias; the ids run from 0 to 256")
        }
    }

    @Test func itIsEvaluatedOverAllItsIds() throws {
        try withPaddedModel { model, directory in
            let text = try writeBytes(Array("abcdefgh".utf8), to: directory.appending("t.txt"))
            let report = try swiftlet("evaluate", "--model", model, "--text", text.string, "--json")
                .object()
            let loss = try #require(report["loss"] as? Double)
            // Over only the tokenizer's ids it would be about log(257).
            #expect(loss > 8)
            #expect(try #require(report["bits_per_byte"] as? Double) > 8)
        }
    }

    @Test func itIsTrainedAndSampledDuringTraining() throws {
        try withPaddedModel { model, directory in
            let shard = try writeShard(to: directory.appending("data.bin"))
            let output = directory.appending("run")
            let outcome = try swiftlet([
                "train", "--init", model, "--train-data", shard.string, "--tokenizer",
                directory.appending("tokenizer.bin").string, "--steps", "2", "--sample-every", "1",
                "--sample-tokens", "8", "--sequence-length", "16", "--output", output.string,
            ])
            #expect(outcome.status == 0, "\(outcome.errors)")
            let metrics = try MappedFile(output.appending("metrics.jsonl")).contents()
            let lines = String(decoding: metrics, as: UTF8.self).split(separator: "\n")
            #expect(lines.count { $0.contains("\"sample\"") } == 2)
            let sampled = try swiftlet("sample", "--model", output.string, "--max-tokens", "4")
            #expect(sampled.status == 0, "\(sampled.errors)")
        }
    }

    @Test func aLlamaTakesATokenizerOfFewerPieces() throws {
        try withTemporaryDirectory { directory in
            try writeByteTokenizer(to: directory.appending("tokenizer.bin"))
            var generator = MersenneTwister(seed: 5)
            let padded = directory.appending("padded.bin")
            try MemoryWeights(
                randomWeights: Llama2Configuration(
                    contextLength: 64,
                    vocabularySize: 320,
                    layerCount: 1,
                    headCount: 2,
                    keyValueHeadCount: 2,
                    channels: 16,
                    hiddenChannels: 16,
                    hasSeparateClassifier: false
                ),
                using: &generator
            ).writeLlama2C(to: padded, version: .float32, ops: Ops(threadCount: 1))
            let options = ["--json", "--ignore-eos", "--max-tokens", "30"]
            for (command, count) in [(["sample", "--num-samples", "9"], 9), (["chat"], 1)] {
                let arguments = command + ["--model", padded.string] + options
                let texts = try swiftlet(arguments, input: "Hi\n").objects()
                #expect(texts.count == count)
                for text in texts {
                    let tokens = try #require(text["tokens"] as? [Int])
                    #expect(tokens.count == 30 && tokens.allSatisfy { $0 < 259 })
                }
            }
        }
    }

    @Test func aTokenizerThatIsProbablyNotTheModelsGetsARemark() throws {
        try withTemporaryDirectory { directory in
            let tokenizer = try writeTokenizer(to: directory.appending("tokenizer.bin"))
            for (size, isRemarkedOn) in [(257 + 127, false), (257 + 128, true)] {
                let model = try writeModel(
                    to: directory.appending("model.bin"),
                    vocabularySize: size
                )
                let outcome = try swiftlet("sample", "--model", model.string, "--max-tokens", "1")
                #expect(outcome.status == 0)
                let remark = "'\(tokenizer)' has 257 tokens, but the model has \(size): is it"
                #expect(outcome.errors.contains(remark) == isRemarkedOn)
            }
        }
    }
}
