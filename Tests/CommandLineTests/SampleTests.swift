import FileIO
import Foundation
import Tensors
import TestSupport
import Testing

@Suite(.serialized) struct SampleTests {
    @Test func textGoesToStdoutAndSpeedToStderr() throws {
        try withModel { model, tokenizer in
            let outcome = try swiftlet([
                "sample", "--model", model, "--tokenizer", tokenizer, "--max-tokens", "12",
                "--seed", "4", "--ignore-eos",
            ])
            #expect(outcome.status == 0)
            #expect(outcome.output.count > 1)
            #expect(outcome.output.last == "\n")
            let lines = outcome.errors.split(separator: "\n")
            #expect(lines.count == 1)
            #expect(lines.first?.hasPrefix("swiftlet: 12 tokens in ") == true)
            #expect(lines.first?.contains("tokens/s") == true)
        }
    }

    @Test func jsonHoldsTheTextItsTokensAndWhyItEnded() throws {
        try withModel { model, tokenizer in
            let arguments = [
                "sample", "--model", model, "--tokenizer", tokenizer, "--max-tokens", "20",
                "--seed", "4", "--ignore-eos",
            ]
            let object = try swiftlet(arguments + ["--json"]).object()
            #expect(
                Set(object.keys) == [
                    "prompt_index", "text", "tokens", "prompt_tokens", "generated_tokens",
                    "prompt_seconds",
                    "generation_seconds", "stop_reason", "seed",
                ]
            )
            let tokens = try #require(object["tokens"] as? [Int])
            #expect(tokens.count == 20)
            #expect(object["generated_tokens"] as? Int == 20)
            #expect(object["prompt_tokens"] as? Int == 1)
            #expect(object["prompt_index"] as? Int == 0)
            #expect(object["stop_reason"] as? String == "length")
            let text = try #require(object["text"] as? String)
            #expect(text == (try byteVocabulary.decode(tokens.map { Int32($0) })))
            // What is streamed is the same text.
            #expect(try swiftlet(arguments).output == text + "\n")
        }
    }

    @Test func everyTextHasASeedOfItsOwn() throws {
        try withModel { model, tokenizer in
            func texts(_ count: Int, seed: Int) throws -> [[String: Any]] {
                try swiftlet([
                    "sample", "--model", model, "--tokenizer", tokenizer, "--max-tokens", "8",
                    "--json", "--num-samples", "\(count)", "--seed", "\(seed)",
                ]).objects()
            }
            let three = try texts(3, seed: 10).map { $0["tokens"] as? [Int] }
            #expect(three.count == 3)
            #expect(Set(three).count == 3)
            #expect(try texts(1, seed: 12).first?["tokens"] as? [Int] == three[2])
        }
    }

    @Test func temperatureZeroNeedsNoSeed() throws {
        try withModel { model, tokenizer in
            let tokens = try (0..<2).map { _ in
                try swiftlet([
                    "sample", "--model", model, "--tokenizer", tokenizer, "--temperature", "0",
                    "--max-tokens", "10", "--ignore-eos", "--json",
                ]).object()["tokens"] as? [Int]
            }
            #expect(tokens[0]?.count == 10)
            #expect(tokens[0] == tokens[1])
        }
    }

    @Test func aFullContextEndsTheText() throws {
        try withModel { model, tokenizer in
            let object = try swiftlet([
                "sample", "--model", model, "--tokenizer", tokenizer, "--max-tokens", "1000",
                "--ignore-eos", "--json", "--seed", "1",
            ]).object()
            #expect(object["stop_reason"] as? String == "context")
            // Contexts of 1 ... 32 tokens, each giving one more.
            #expect(object["generated_tokens"] as? Int == 32)
        }
    }

    @Test func theEndOfTextEndsTheText() throws {
        try withTemporaryDirectory { directory in
            // A final layernorm that points along the embedding of the last token.
            let model = try writeModel(to: directory.appending("model.bin")) { parameters in
                parameters["lnfw"].zero()
                let row = parameters["wte"][256].floats().map { $0 * 1000 }
                parameters["lnfb"].withUnsafeMutableElements(as: Float.self) {
                    _ = $0.update(fromContentsOf: row)
                }
            }
            let tokenizer = try writeTokenizer(to: directory.appending("bytes.bin"))
            let object = try swiftlet([
                "sample", "--model", model.string, "--tokenizer", tokenizer.string, "--json",
                "--temperature", "0",
            ]).object()
            #expect(object["stop_reason"] as? String == "end_of_text")
            #expect(object["text"] as? String == "")
            #expect(object["tokens"] as? [Int] == [])
        }
    }

    @Test func promptsComeFromArgumentsFilesAndStdin() throws {
        try withModel { model, tokenizer in
            try withTemporaryDirectory { directory in
                let file = try writeBytes(Array("Hi é\n".utf8), to: directory.appending("prompt"))
                let common = [
                    "sample", "--model", model, "--tokenizer", tokenizer, "--temperature", "0",
                    "--max-tokens", "6", "--json",
                ]
                let outcomes = [
                    try swiftlet(common + ["--prompt", "Hi é"]),
                    try swiftlet(common + ["--prompt-file", file.string]),
                    try swiftlet(common + ["--prompt", "-"], input: "Hi é\n"),
                    try shell(
                        "cat '\(file)' | \"$SWIFTLET\" \(common.joined(separator: " ")) "
                            + "--prompt-file /dev/stdin"
                    ),
                ]
                let objects = try outcomes.map { try $0.object() }
                let tokens = try #require(objects[0]["tokens"] as? [Int])
                for object in objects {
                    #expect(object["prompt_tokens"] as? Int == 5)
                    #expect(object["tokens"] as? [Int] == tokens)
                }
                let two = try swiftlet(common + ["--prompt", "Hi é", "--prompt", "B"])
                #expect(try two.objects().map { $0["prompt_tokens"] as? Int } == [5, 1])
            }
        }
    }

    @Test func textStartsWithItsPromptAndJSONLeavesItOut() throws {
        try withModel { model, tokenizer in
            let common = [
                "sample", "--model", model, "--tokenizer", tokenizer, "--temperature", "0",
                "--max-tokens", "6", "--prompt", "Hi é",
            ]
            let text = try swiftlet(common)
            let object = try swiftlet(common + ["--json"]).object()
            let generated = try #require(object["text"] as? String)
            #expect(text.output == "Hi é" + generated + "\n")
        }
    }

    @Test func aPromptLongerThanTheContextIsAnError() throws {
        try withModel { model, tokenizer in
            let outcome = try swiftlet([
                "sample", "--model", model, "--tokenizer", tokenizer, "--prompt",
                String(repeating: "x", count: 33),
            ])
            expectError(outcome, 64, "33 tokens")
        }
    }

    @Test func aRunIsSampledFromItsLatestCompleteCheckpoint() throws {
        try withTemporaryDirectory { directory in
            for (step, isDone) in [(3, true), (7, true), (9, false)] {
                let name = "0000000\(step)"
                try writeModel(
                    to: directory.appending("model_\(name).bin"),
                    seed: UInt64(step)
                )
                if isDone { try writeBytes([], to: directory.appending("DONE_\(name)")) }
            }
            try writeTokenizer(to: directory.appending("tokenizer.bin"))
            func tokens(_ arguments: String...) throws -> [Int]? {
                try swiftlet(
                    ["sample", "--temperature", "0", "--json", "--ignore-eos"] + arguments
                ).object()["tokens"] as? [Int]
            }
            let runPath = directory.string
            let latest = try #require(try tokens("--model", runPath))
            #expect(try tokens("--model", runPath, "--checkpoint", "latest") == latest)
            #expect(try tokens("--model", runPath, "--checkpoint", "7") == latest)
            #expect(try tokens("--model", runPath + "/model_00000007.bin") == latest)
            #expect(try tokens("--model", runPath, "--checkpoint", "3") != latest)

            let missing = try swiftlet("sample", "--model", runPath, "--checkpoint", "9")
            expectError(missing, 66, "no checkpoint of step 9; it has 3, 7")
            let wrong = try swiftlet("sample", "--model", runPath, "--checkpoint", "first")
            expectError(wrong, 64, "first")
        }
    }

    @Test func bfloat16ModelsAreRead() throws {
        try withTemporaryDirectory { directory in
            let model = try writeModel(to: directory.appending("model.bin"), elementType: .bfloat16)
            try writeTokenizer(to: directory.appending("tokenizer.bin"))
            let outcome = try swiftlet("sample", "--model", model.string, "--max-tokens", "4")
            #expect(outcome.status == 0)
        }
    }

    @Test func withoutATokenizerItSaysHowToNameOne() throws {
        try withModel { model, _ in
            expectError(try swiftlet("sample", "--model", model), 64, "--tokenizer")
        }
    }

    @Test func aTokenizerWithMoreTokensThanTheModelIsRefused() throws {
        try withTemporaryDirectory { directory in
            let model = try writeModel(
                to: directory.appending("model.bin"),
                vocabularySize: 256
            )
            try writeTokenizer(to: directory.appending("tokenizer.bin"))
            let outcome = try swiftlet("sample", "--model", model.string)
            expectError(outcome, 65, "257 tokens, but the model knows only 256")
        }
    }

    @Test func aModelWhoseWeightsAreNotNumbersIsRefused() throws {
        try withTemporaryDirectory { directory in
            let model = try writeModel(to: directory.appending("model.bin")) { parameters in
                parameters["lnfw"].withUnsafeMutableElements(as: Float.self) {
                    $0.update(repeating: .nan)
                }
            }
            try writeTokenizer(to: directory.appending("tokenizer.bin"))
            for temperature in ["0", "1"] {
                let outcome = try swiftlet([
                    "sample", "--model", model.string, "--temperature", temperature,
                ])
                expectError(outcome, 65, "nan")
            }
        }
    }

    @Test(arguments: [
        ["--temperature", "-1"], ["--temperature", "nan"], ["--temperature", "warm"],
        ["--top-k", "-1"], ["--top-p", "0"], ["--top-p", "1.1"], ["--max-tokens", "0"],
        ["--num-samples", "0"], ["--threads", "0"], ["--seed", "-1"], ["--no-such-flag"],
        ["--checkpoint", "3"], ["--prompt", "-", "--prompt", "-"],
    ])
    func aWrongOptionIsReportedInOneSentence(options: [String]) throws {
        try withModel { model, tokenizer in
            let arguments = ["sample", "--model", model, "--tokenizer", tokenizer] + options
            expectError(try swiftlet(arguments), 64)
        }
    }

    @Test func ctrlCEndsTheTextCleanly() throws {
        try withModel(contextLength: 4096) { model, tokenizer in
            let outcome = try swiftlet([
                "sample", "--model", model, "--tokenizer", tokenizer, "--ignore-eos",
                "--max-tokens", "4096", "--num-samples", "1000",
            ]) { program in
                // There is text, so the program is catching the signal by now.
                program.wait { !program.output.isEmpty }
                program.interrupt()
            }
            #expect(outcome.status == 130)
            // As a byte: after a carriage return the two would be one character.
            #expect(outcome.output.utf8.last == UInt8(ascii: "\n"))
            #expect(outcome.errors.contains("interrupted"))
        }
    }

    @Test func aReaderThatLeavesEarlyIsNotAnError() throws {
        try withModel { model, tokenizer in
            let outcome = try shell(
                """
                "$SWIFTLET" sample --model '\(model)' --tokenizer '\(tokenizer)' --ignore-eos \
                --num-samples 1000 | head -c 1 > /dev/null
                """
            )
            #expect(!outcome.errors.contains("error"))
            let endless = try shell(
                """
                "$SWIFTLET" sample --model '\(model)' --tokenizer '\(tokenizer)' --max-tokens 1 \
                --num-samples \(Int.max) | head -n 3 | wc -l
                """
            )
            #expect(endless.output == "3\n")
            let info = try shell("\"$SWIFTLET\" info '\(model)' | head -1")
            #expect(info.errors == "")
            #expect(info.output == model + "\n")
        }
    }

    @Test(
        .enabled(
            if: FileManager.default.fileExists(atPath: "/dev/full"),
            "this system has no /dev/full"
        )
    )
    func aFullDiskIsAnError() throws {
        try withModel { model, tokenizer in
            let outcome = try shell("\"$SWIFTLET\" info '\(model)' > /dev/full")
            expectError(outcome, 74, "standard output")
        }
    }
}
