// `inspect attention`, `lens` and `next` as processes: what they print, and what they say when they
// cannot. That the numbers are right is tested in InterpretabilityTests and ParityTests.

import FileIO
import Foundation
import TestSupport
import Testing

/// Sums over the last axis of nested arrays.
private func sums(_ rows: [[Double]]) -> [Double] { rows.map { $0.reduce(0, +) } }

@Suite(.serialized) struct InspectPromptTests {
    @Test func patternsOfAllLayersAndHeadsArePrinted() throws {
        try withLlama { model, _ in
            let object = try swiftlet([
                "inspect", "attention", "--model", model, "--prompt", "abc", "--json",
            ])
            .object()
            #expect(Set(object.keys) == ["patterns", "texts", "tokens"])
            // The start token precedes the text, as in sample.
            let tokens = try #require(object["tokens"] as? [Int])
            #expect(tokens.first == 1)
            #expect(tokens.suffix(3) == [100, 101, 102])
            let texts = try #require(object["texts"] as? [String])
            #expect(texts.count == tokens.count)
            #expect(texts.suffix(3) == ["a", "b", "c"])
            let patterns = try #require(object["patterns"] as? [[[[Double]]]])
            #expect(patterns.count == 2)
            #expect(patterns.allSatisfy { $0.count == 4 })
            for pattern in patterns.joined() {
                #expect(sums(pattern).allSatisfy { abs($0 - 1) < 1e-6 })
                #expect(pattern.count == tokens.count)
                for (row, values) in pattern.enumerated() {
                    #expect(values.count == tokens.count)
                    #expect(values[(row + 1)...].allSatisfy { $0 == 0 })
                }
            }

            let chosen = try swiftlet([
                "inspect", "attention", "--model", model, "--prompt", "abc", "--json", "--layers",
                "1", "--heads", "0,2-3",
            ])
            .object()
            #expect(chosen["layers"] as? [Int] == [1])
            #expect(chosen["heads"] as? [Int] == [0, 2, 3])
            let some = try #require(chosen["patterns"] as? [[[[Double]]]])
            #expect(some == [[patterns[1][0], patterns[1][2], patterns[1][3]]])
        }
    }

    @Test func whatEachLayerPredictsIsPrinted() throws {
        try withModel { model, tokenizer in
            let object = try swiftlet([
                "inspect", "lens", "--model", model, "--tokenizer", tokenizer, "--prompt", "abc",
                "--top", "3", "--json",
            ])
            .object()
            #expect(Set(object.keys) == ["layers", "tokens"])
            #expect(object["tokens"] as? [Int] == [97, 98, 99])
            let layers = try #require(object["layers"] as? [[String: Any]])
            #expect(layers.map { $0["layer"] as? Int } == [0, 1])
            for layer in layers {
                let positions = try #require(layer["positions"] as? [[String: Any]])
                #expect(positions.count == 3)
                for position in positions {
                    #expect(Set(position.keys) == ["top", "entropy", "kl"])
                    let top = try #require(position["top"] as? [[String: Any]])
                    #expect(top.count == 3)
                    #expect(Set(top[0].keys) == ["token", "text", "probability"])
                }
            }
            let last = try #require(layers[1]["positions"] as? [[String: Any]])
            #expect(last.allSatisfy { $0["kl"] as? Double == 0 })

            let one = try swiftlet([
                "inspect", "lens", "--model", model, "--tokenizer", tokenizer, "--prompt", "abc",
                "--layers", "1", "--json",
            ])
            .object()
            #expect((one["layers"] as? [[String: Any]])?.map { $0["layer"] as? Int } == [1])
        }
    }

    @Test func lossesAndTheNextTokensArePrinted() throws {
        try withModel { model, tokenizer in
            let arguments = [
                "inspect", "next", "--model", model, "--tokenizer", tokenizer, "--prompt", "abc",
            ]
            let object = try swiftlet(arguments + ["--top", "2", "--json"]).object()
            #expect(Set(object.keys) == ["losses", "next", "tokens"])
            let losses = try #require(object["losses"] as? [Any])
            #expect(losses.count == 3)
            #expect(losses[0] is NSNull)
            #expect(losses[2] is Double)
            let next = try #require(object["next"] as? [[String: Any]])
            #expect(next.count == 2)
            let probabilities = next.compactMap { $0["probability"] as? Double }
            #expect(probabilities[0] >= probabilities[1])

            // sample's log-probabilities of the first token after the prompt are the same.
            let sampled = try swiftlet([
                "sample", "--model", model, "--tokenizer", tokenizer, "--prompt", "abc", "--json",
                "--max-tokens", "1", "--temperature", "0", "--logprobs", "1",
            ])
            .object()
            let logprobs = try #require(sampled["logprobs"] as? [[String: Any]])
            let likeliest = try #require(logprobs[0]["logprob"] as? Double)
            #expect(abs(exp(likeliest) - probabilities[0]) < 1e-6)
        }
    }

    @Test func textHasNoColorsWhenPiped() throws {
        try withModel { model, tokenizer in
            let heads = ["attention": "share", "lens": "entropy", "next": "likeliest next tokens"]
            for (command, expected) in heads {
                let outcome = try swiftlet([
                    "inspect", command, "--model", model, "--tokenizer", tokenizer, "--prompt",
                    "a\u{1b}[31m \n\t\u{202e}b",
                ])
                #expect(outcome.status == 0)
                #expect(outcome.errors == "")
                #expect(outcome.output.contains(expected))
                #expect(!outcome.output.contains("\u{1b}"))
                #expect(!outcome.output.contains("\u{202e}"))
            }
        }
    }

    @Test func colorsAreOnlyForTerminals() throws {
        try withModel { model, tokenizer in
            for (color, isColored) in [("", true), ("1", false)] {
                let session = try TerminalSession(
                    [
                        swiftletPath(), "inspect", "lens", "--model", model,
                        "--tokenizer", tokenizer, "--prompt", "abc",
                    ],
                    environment: ["TERM": "xterm", "NO_COLOR": color]
                )
                #expect(try session.waitForExit() == 0)
                let written = String(decoding: session.written, as: UTF8.self)
                #expect(written.contains("\u{1b}[") == isColored)
                #expect(written.contains("green: the actual next token") == isColored)
            }
        }
    }

    @Test func thePromptMayBeAFileOrStandardInput() throws {
        try withModel { model, tokenizer in
            let file = FilePath(model).removingLastComponent().appending("prompt.txt")
            try writeBytes(Array("abc\n".utf8), to: file)
            func tokens(_ options: [String], input: String = "") throws -> [Int]? {
                let arguments = ["inspect", "next", "--model", model, "--tokenizer", tokenizer]
                return try swiftlet(arguments + ["--json"] + options, input: input)
                    .object()["tokens"] as? [Int]
            }
            #expect(try tokens(["--prompt-file", file.string]) == [97, 98, 99])
            #expect(try tokens(["--prompt", "-"], input: "abc\n") == [97, 98, 99])
            #expect(try tokens(["--prompt-file", "-"], input: "ab") == [97, 98])
            // Whatever bytes it contains.
            try writeBytes([0xFF, 0x00, 0xC3], to: file)
            #expect(try tokens(["--prompt-file", file.string]) == [255, 0, 195])
        }
    }

    @Test(arguments: ["attention", "lens", "next"])
    func unusablePromptsAreRefused(command: String) throws {
        try withModel { model, tokenizer in
            let directory = FilePath(model).removingLastComponent()
            let empty = try writeBytes([], to: directory.appending("empty.txt")).string
            func refused(
                _ status: Int32,
                _ sentence: String,
                _ options: [String],
                tokenizer: String = tokenizer
            ) throws {
                let outcome = try swiftlet(
                    ["inspect", command, "--model", model, "--tokenizer", tokenizer] + options
                )
                #expect(outcome.status == status, "\(options)")
                #expect(outcome.errors.contains(sentence), "\(options): \(outcome.errors)")
                #expect(outcome.errors.split(separator: "\n").count == 1)
                #expect(outcome.output == "")
            }
            try refused(64, "give the text to look at with either --prompt", [])
            try refused(64, "with either", ["--prompt", "a", "--prompt-file", empty])
            try refused(64, "the prompt is empty", ["--prompt", ""])
            try refused(65, "the prompt is empty", ["--prompt-file", empty])
            try refused(65, "the prompt is empty", ["--prompt", "-"])
            try refused(66, "missing.txt", ["--prompt-file", "\(directory)/missing.txt"])
            let long = String(repeating: "a", count: 33)
            try refused(64, "a text of 33 tokens is longer than the 32", ["--prompt", long])
            let other = try writeUnorderedTokenizer(in: directory).string
            try refused(
                65,
                "has 259 tokens, but the model knows only 257",
                ["--prompt", "a"],
                tokenizer: other
            )
        }
    }

    @Test func missingLayersHeadsAndTokensAreRefused() throws {
        try withModel { model, tokenizer in
            let cases = [
                ("attention", "--layers", "1", "the model has 1 layer, which is 0"),
                ("attention", "--heads", "0-2", "which are 0 to 1"),
                ("attention", "--token", "3", "which are at 0 to 2"),
                ("lens", "--layers", "2", "which are 0 to 1"),
                ("lens", "--token", "9", "--token names position 9, but the prompt has 3 tokens"),
                ("lens", "--token", "-1", "it must be a whole number, 0 or more"),
                ("next", "--top", "0", "it must be a whole number, 1 or more"),
            ]
            for (command, option, value, sentence) in cases {
                let outcome = try swiftlet([
                    "inspect", command, "--model", model, "--tokenizer", tokenizer, "--prompt",
                    "abc", option, value,
                ])
                #expect(outcome.status == 64, "\(command) \(option)")
                #expect(outcome.errors.contains(sentence), "\(outcome.errors)")
                #expect(outcome.output == "")
            }
        }
    }

    @Test func aModelWhoseWeightsAreNotNumbersIsRefused() throws {
        try withTemporaryDirectory { directory in
            let model = try writeModel(to: directory.appending("model.bin")) {
                $0["wpe"].withUnsafeMutableElements(as: Float.self) { $0[5] = .nan }
            }
            let tokenizer = try writeTokenizer(to: directory.appending("bytes.bin"))
            for command in ["attention", "lens", "next"] {
                let outcome = try swiftlet([
                    "inspect", command, "--model", model.string, "--tokenizer", tokenizer.string,
                    "--prompt", "abc", "--json",
                ])
                #expect(outcome.status == 65, "\(command)")
                #expect(outcome.errors.contains("its weights are damaged"))
                #expect(outcome.output == "")
            }
        }
    }

    @Test(arguments: ["attention", "lens", "next"])
    func aFullDiskIsReported(command: String) throws {
        try withModel { model, tokenizer in
            for options in ["", "--json"] {
                let outcome = try shell(
                    "$SWIFTLET inspect \(command) --model '\(model)' --tokenizer '\(tokenizer)' "
                        + "--prompt abc \(options) > /dev/full"
                )
                #expect(outcome.status == 74)
                #expect(outcome.errors.contains("standard output"))
            }
        }
    }
}
