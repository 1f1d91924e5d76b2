// `evaluate` as a process: what it prints, and what it says when it fails. That the numbers are
// right is tested in ParityTests.

import FileIO
import Foundation
import TestSupport
import Testing

/// Runs `evaluate` on a model with these options, whose placeholders such as TEXT name files.
private func evaluate(_ options: [String], in files: EvaluationFiles) throws -> Outcome {
    let names = [
        "TEXT": files.text, "SHARD": files.shard, "TOKENIZER": files.tokenizer,
        "QUESTIONS": files.questions,
    ]
    let arguments = ["evaluate", "--model", files.model] + options.map { names[$0] ?? $0 }
    return try swiftlet(arguments)
}

@Suite(.serialized) struct EvaluateTests {
    @Test func aLlamaIsMeasuredOnTextShardsAndQuestions() throws {
        try withLlama { model, tokenizer in
            let directory = FilePath(model).removingLastComponent().appending("files")
            try FileSystem.createDirectory(directory)
            let files = try EvaluationFiles(directory)
            func object(_ options: String...) throws -> [String: Any] {
                try swiftlet(["evaluate", "--model", model, "--json"] + options).object()
            }
            // The tokenizer next to the model is found. A byte is a token, a space is three, and
            // one more comes first.
            let text = try object("--text", files.text, "--hellaswag", files.questions)
            #expect(text["tokens"] as? Int == 73)
            #expect(text["hellaswag_examples"] as? Int == 3)
            let loss = try #require(text["loss"] as? Double)
            let bits = try #require(text["bits_per_byte"] as? Double)
            #expect(abs(bits - loss * 73 / 50 / log(2)) < 1e-9)
            let shards = try object("--data", files.shard, "--sequence-length", "32")
            #expect(shards["bits_per_byte"] is Double)
            let other = try object("--text", files.text, "--precision", "q8_0")
            #expect(try #require(other["loss"] as? Double) != loss)
            try FileManager.default.removeItem(atPath: tokenizer)
            let bare = try object("--data", files.shard, "--sequence-length", "32")
            #expect(bare["bits_per_byte"] is NSNull)
            #expect(bare["loss"] as? Double == shards["loss"] as? Double)
            let outcome = try swiftlet("evaluate", "--model", model, "--text", files.text)
            #expect(outcome.status == 64)
            #expect(outcome.errors.contains("--tokenizer"))
        }
    }

    @Test func theObjectForTextHasExactlyTheDocumentedKeys() throws {
        try withEvaluationFiles { files in
            let outcome = try evaluate(
                ["--text", "TEXT", "--tokenizer", "TOKENIZER", "--json"],
                in: files
            )
            #expect(outcome.status == 0)
            #expect(outcome.errors == "")
            let object = try outcome.object()
            #expect(object.keys.sorted() == ["bits_per_byte", "loss", "perplexity", "tokens"])
            let loss = try #require(object["loss"] as? Double)
            // In this vocabulary a token is a byte, and all of them are scored.
            #expect(object["tokens"] as? Int == 50)
            let bits = try #require(object["bits_per_byte"] as? Double)
            #expect(abs(bits - loss / log(2)) < 1e-9)
            let perplexity = try #require(object["perplexity"] as? Double)
            #expect(abs(perplexity - exp(loss)) < 1e-6)
        }
    }

    @Test func shardsGiveBitsPerByteOnlyWithATokenizer() throws {
        try withEvaluationFiles { files in
            let options = ["--data", "SHARD", "--batch-size", "2", "--json"]
            let without = try evaluate(options, in: files).object()
            #expect(without["bits_per_byte"] is NSNull)
            // Batches of 64 tokens out of 300.
            #expect(without["tokens"] as? Int == 256)
            let with = try evaluate(options + ["--tokenizer", "TOKENIZER"], in: files).object()
            #expect(with["loss"] as? Double == without["loss"] as? Double)
            // All of the tokens 1...256 but the last, which ends a text, are a byte.
            let loss = try #require(with["loss"] as? Double)
            let bits = try #require(with["bits_per_byte"] as? Double)
            #expect(abs(bits - loss / log(2) * 256 / 255) < 1e-9)
        }
    }

    @Test func hellaSwagAddsItsKeysAndMaxExamplesLimitsIt() throws {
        try withEvaluationFiles { files in
            let options = ["--hellaswag", "QUESTIONS", "--tokenizer", "TOKENIZER", "--json"]
            let alone = try evaluate(options, in: files).object()
            #expect(alone.keys.sorted() == ["hellaswag_accuracy", "hellaswag_examples"])
            #expect(alone["hellaswag_examples"] as? Int == 3)
            let accuracy = try #require(alone["hellaswag_accuracy"] as? Double)
            #expect(accuracy == 0 || accuracy == 1)
            let both = try evaluate(
                options + ["--data", "SHARD", "--max-examples", "2"],
                in: files
            )
            .object()
            #expect(both.count == 6)
            #expect(both["hellaswag_examples"] as? Int == 2)
        }
    }

    @Test func withoutJSONTheFiguresAreATable() throws {
        try withEvaluationFiles { files in
            let outcome = try evaluate(
                ["--text", "TEXT", "--hellaswag", "QUESTIONS", "--tokenizer", "TOKENIZER"],
                in: files
            )
            #expect(outcome.status == 0)
            let names = outcome.output.split(separator: "\n").map {
                $0.split(separator: " ").dropLast().joined(separator: " ")
            }
            #expect(
                names == [
                    "loss", "perplexity", "bits per byte", "tokens", "HellaSwag accuracy",
                    "HellaSwag examples",
                ]
            )
        }
    }

    @Test(arguments: [["--stride", "1"], ["--sequence-length", "4"]])
    func windowOptionsChangeTheLoss(options: [String]) throws {
        try withEvaluationFiles { files in
            let usual = ["--text", "TEXT", "--tokenizer", "TOKENIZER", "--json"]
            let loss = try evaluate(usual, in: files).object()["loss"] as? Double
            let other = try evaluate(usual + options, in: files).object()["loss"] as? Double
            #expect(loss != nil && other != nil && loss != other)
        }
    }

    @Test func weightsAndCacheOfFewerBitsChangeTheLossALittle() throws {
        try withEvaluationFiles { files in
            func loss(_ options: String...) throws -> Double {
                let found = try evaluate(["--data", "SHARD", "--json"] + options, in: files)
                return try #require(found.object()["loss"] as? Double)
            }
            let exact = try loss()
            #expect(try loss("--precision", "float32", "--cache-precision", "float32") == exact)
            for options in [
                ["--precision", "bfloat16"], ["--precision", "q8_0"], ["--precision", "q4_0"],
                ["--cache-precision", "bfloat16"],
            ] {
                let other = try loss(options[0], options[1])
                #expect(other != exact, "\(options)")
                #expect(abs(other - exact) < 0.05, "\(options)")
            }
        }
    }

    @Test func tokenizerBesideTheModelIsFoundAndRunDirectoriesAreModels() throws {
        try withEvaluationFiles { files in
            let directory = files.directory.appending("run")
            try FileSystem.createDirectory(directory)
            try writeModel(to: directory.appending("model_00000005.bin"), seed: 1)
            try writeModel(to: directory.appending("model_00000007.bin"), seed: 2)
            for step in [5, 7] {
                try writeBytes([], to: directory.appending("DONE_0000000\(step)"))
            }
            try writeTokenizer(to: directory.appending("tokenizer.bin"))
            func loss(_ options: String...) throws -> Double? {
                let arguments = ["evaluate", "--model", directory.string, "--text", files.text]
                return try swiftlet(arguments + ["--json"] + options)
                    .object()["loss"] as? Double
            }
            let usual =
                try evaluate(
                    ["--text", "TEXT", "--tokenizer", "TOKENIZER", "--json"],
                    in: files
                )
                .object()["loss"] as? Double
            #expect(usual != nil)
            #expect(try loss("--checkpoint", "5") == usual)
            #expect(try loss() != usual)
        }
    }

    @Test(arguments: [
        ([], "what to evaluate on"),
        (["--data", "SHARD", "--text", "TEXT"], "not both"),
        (["--data", "SHARD", "--stride", "4"], "--stride is for --text"),
        (["--data", "SHARD", "--max-examples", "4"], "--max-examples is for --hellaswag"),
        (["--data", "SHARD", "--batch-size", "0"], "--batch-size"),
        (["--data", "SHARD", "--batch-size", "\(Int.max)"], "batch"),
        (["--data", "SHARD", "--batch-size", "500"], "reduce the batch size"),
        (["--data", "SHARD", "--sequence-length", "33"], "a context of 32"),
        (["--text", "TEXT"], "--tokenizer"),
        (["--hellaswag", "QUESTIONS"], "--tokenizer"),
        (["--text", "TEXT", "--tokenizer", "TOKENIZER", "--stride", "33"], "the stride"),
        (["--hellaswag", "QUESTIONS", "--max-examples", "0"], "--max-examples"),
    ])
    func wrongUsageIsReportedInOneSentence(options: [String], fragment: String) throws {
        try withEvaluationFiles { expectError(try evaluate(options, in: $0), 64, fragment) }
    }

    @Test(arguments: [
        WrongFile.missing, .directory, .empty, .text, .noise, .tiny, .truncatedHeader, .model,
        .tokenizer, .shard,
    ])
    func wrongQuestionsAreReportedInOneSentence(file: WrongFile) throws {
        try withEvaluationFiles { files in
            try file.withFile { path, _ in
                let outcome = try evaluate(
                    ["--hellaswag", path, "--tokenizer", "TOKENIZER", "--data", "SHARD"],
                    in: files
                )
                expectError(outcome, file.status, path)
            }
        }
    }

    @Test(arguments: [
        (EvaluationFiles.row.replacing("0}", with: "2}"), "line 1: the label is 2"),
        (
            EvaluationFiles.row.replacing(#","label":0"#, with: ""),
            "line 1: the row has no field 'label'"
        ),
        (EvaluationFiles.row + "\n{", "line 2: the row is not one JSON object"),
    ])
    func badRowsOfQuestionsAreReportedInOneSentence(rows: String, fragment: String) throws {
        try withEvaluationFiles { files in
            let path = try writeBytes(Array(rows.utf8), to: files.directory.appending("bad.jsonl"))
            let outcome = try evaluate(
                ["--hellaswag", path.string, "--tokenizer", "TOKENIZER"],
                in: files
            )
            expectError(outcome, 65, fragment)
        }
    }

    @Test func badShardOfQuestionsIsReportedInOneSentence() throws {
        try withEvaluationFiles { files in
            let path = files.directory.appending("bad.bin")
            try writeHeader([20_240_522, 1, 5, 100], body: [255, 255, 9], to: path)
            expectError(
                try evaluate(["--hellaswag", path.string], in: files),
                65,
                "ends too early"
            )
            try writeHeader([20_240_522, 3, 5, 100], to: path)
            expectError(try evaluate(["--hellaswag", path.string], in: files), 65, "version is 3")
        }
    }

    @Test(arguments: [WrongFile.missing, .directory, .empty, .model, .tokenizer, .shard])
    func wrongTextIsReportedInOneSentence(file: WrongFile) throws {
        try withEvaluationFiles { files in
            try file.withFile { path, _ in
                let options = ["--text", path, "--tokenizer", "TOKENIZER"]
                expectError(try evaluate(options, in: files), file.status, path)
            }
        }
    }

    @Test(arguments: [WrongFile.missing, .directory, .empty, .text, .noise, .tiny, .model])
    func wrongShardIsReportedInOneSentence(file: WrongFile) throws {
        try withEvaluationFiles { files in
            try file.withFile { path, _ in
                expectError(try evaluate(["--data", path], in: files), file.status, path)
            }
        }
    }

    @Test func tokenizerOfAnotherModelIsReportedInOneSentence() throws {
        try withEvaluationFiles { files in
            let other = try writeModel(
                to: files.directory.appending("other.bin"),
                vocabularySize: 250
            )
            let outcome = try swiftlet([
                "evaluate", "--model", other.string, "--text", files.text, "--tokenizer",
                files.tokenizer,
            ])
            expectError(outcome, 65, "but the model knows only 250")
        }
    }

    @Test func aModelWithoutAFiniteLossIsReportedInOneSentence() throws {
        try withEvaluationFiles { files in
            let path = files.directory.appending("nan.bin")
            try writeModel(to: path) { parameters in
                parameters["wpe"].withUnsafeMutableElements(as: Float.self) {
                    $0.update(repeating: .nan)
                }
            }
            let outcome = try swiftlet([
                "evaluate", "--model", path.string, "--data", files.shard, "--batch-size", "1",
            ])
            expectError(outcome, 65, "nan")
        }
    }

    @Test(.enabled(if: TestData.isAvailable, Comment(rawValue: TestData.skipReason)))
    func realHellaSwagRunsFromBothOfItsForms() throws {
        try withTemporaryDirectory { directory in
            let model = try writeModel(
                to: directory.appending("model.bin"),
                contextLength: 128,
                vocabularySize: 50257
            )
            let rows = try TestData.path("hellaswag/hellaswag_val_sample.jsonl")
            let tokenizer = try TestData.path("gpt2/gpt2_tokenizer.bin")
            let shard = directory.appending("hellaswag.bin")
            try writeEvaluationShard(rows: rows, tokenizer: tokenizer, to: shard)
            func accuracy(_ file: FilePath) throws -> Double {
                let object = try swiftlet([
                    "evaluate", "--model", model.string, "--tokenizer", tokenizer.string,
                    "--hellaswag", file.string, "--max-examples", "250", "--json",
                ])
                .object()
                #expect(object["hellaswag_examples"] as? Int == 250)
                return try #require(object["hellaswag_accuracy"] as? Double)
            }
            let fromRows = try accuracy(rows)
            #expect(try accuracy(shard) == fromRows)
            // Six standard deviations of guessing.
            #expect(abs(fromRows - 0.25) < 0.165)
        }
    }
}
