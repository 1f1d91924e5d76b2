// Every flag of `train`, one test or one row each, that fails when the flag is ignored. The runs
// are as small as runs can be.

import FileIO
import Foundation
import TestSupport
import Testing

/// A directory with data of two kinds, and runs in it.
private struct Bench {
    let directory: FilePath
    let base: [String]

    init(_ directory: FilePath) throws {
        self.directory = directory
        let data = try writeShard(to: directory.appending("data.bin"), count: 2000)
        let held = try writeShard(to: directory.appending("held.bin"), count: 300)
        base = [
            "train", "--train-data", data.string, "--val-data", held.string, "--steps", "6",
            "--learning-rate", "0.01", "--init", "layers=1,heads=1,channels=8,context=8",
            "--threads", "1",
        ]
    }

    /// Trains with `flags` into the directory `name`.
    @discardableResult
    func train(_ flags: [String], into name: String) throws -> Outcome {
        let output = directory.appending(name).string
        return try swiftlet(base + flags + ["--output", output])
    }

    /// The log of a run with `flags`, which must succeed.
    func mainLog(_ flags: [String], into name: String) throws -> String {
        let outcome = try train(flags, into: name)
        try #require(outcome.status == 0, "\(flags): \(outcome.errors)")
        return try text("\(name)/main.log")
    }

    func text(_ name: String) throws -> String {
        String(decoding: try MappedFile(directory.appending(name)).contents(), as: UTF8.self)
    }

    /// The lines of a run's metrics that have `key`.
    func metrics(_ name: String, with key: String) throws -> [[String: Any]] {
        try Outcome(status: 0, output: text("\(name)/metrics.jsonl"), errors: "").objects()
            .filter { $0[key] != nil }
    }

    func rates(_ flags: [String], into name: String) throws -> [Double] {
        _ = try mainLog(flags, into: name)
        return try metrics(name, with: "learning_rate").map {
            try #require($0["learning_rate"] as? Double)
        }
    }

    func checkpoints(_ name: String) throws -> [String] {
        try FileSystem.names(in: directory.appending(name)).map(\.string).filter {
            $0.hasPrefix("DONE_")
        }
        .sorted()
    }
}

private func withBench(_ body: (Bench) throws -> Void) throws {
    try withTemporaryDirectory { try body(Bench($0)) }
}

@Suite struct TrainFlagTests {
    /// A run that is long enough to detect outliers, and whose loss goes up and down.
    private static let noisy = [
        "--steps", "150", "--learning-rate", "0.3", "--schedule", "constant",
    ]

    /// Flags that change what is learned, with those they are compared with.
    static let changes: [(flags: [String], than: [String])] = [
        (["--batch-size", "2"], []),
        (["--sequence-length", "4"], []),
        (["--total-batch-tokens", "64"], []),
        (["--init", "layers=2,heads=1,channels=8,context=8"], []),
        (["--learning-rate", "0.02"], []),
        (["--weight-decay", "9"], []),
        (["--dropout", "0.1"], []),
        (["--optimizer", "muon"], []),
        (["--beta1", "0.5"], []),
        (["--beta2", "0.5"], []),
        (["--epsilon", "1"], []),
        (["--epsilon", "0.1", "--grad-clip", "0.01"], ["--epsilon", "0.1"]),
        (["--no-shuffle"], []),
        (["--overfit-single-batch"], []),
        (["--seed", "7"], []),
        (["--val-batches", "1"], []),
        (noisy + ["--skip-loss-zscore", "0.1"], noisy),
        (noisy + ["--skip-norm-zscore", "0.1"], noisy),
    ]

    @Test(arguments: changes)
    func flagsThatAffectLearningChangeWhatIsLearned(flags: [String], than others: [String]) throws {
        try withBench { bench in
            let log = try bench.mainLog(flags, into: "with")
            let other = try bench.mainLog(others, into: "without")
            #expect(log != other)
            let again = try bench.mainLog(flags, into: "again")
            #expect(log == again)
        }
    }

    @Test func tokensOfAStepAreThoseOfItsBatches() throws {
        try withBench { bench in
            for (name, flags, tokens) in [
                ("plain", [], 32),
                ("wide", ["--batch-size", "3"], 24),
                ("short", ["--sequence-length", "4"], 16),
                ("accumulated", ["--total-batch-tokens", "96"], 96),
            ] {
                _ = try bench.mainLog(flags, into: name)
                let step = try #require(try bench.metrics(name, with: "milliseconds").last)
                let speed = try #require(step["tokens_per_second"] as? Double)
                let milliseconds = try #require(step["milliseconds"] as? Double)
                #expect(abs(speed * milliseconds / 1000 - Double(tokens)) < 1e-6)
            }
        }
    }

    @Test func theNumberOfStepsDefaultsToOneEpoch() throws {
        try withBench { bench in
            let data = try writeShard(to: bench.directory.appending("epoch.bin"), count: 161)
            _ = try bench.mainLog(["--steps", "4"], into: "four")
            #expect(try bench.metrics("four", with: "train_loss").count == 4)
            let output = bench.directory.appending("all").string
            // Five samples of 4 x 8 tokens and one more target.
            let outcome = try swiftlet([
                "train", "--init", "layers=1,heads=1,channels=8,context=8", "--train-data",
                data.string, "--output", output,
            ])
            #expect(outcome.status == 0)
            #expect(try bench.metrics("all", with: "train_loss").count == 5)
        }
    }

    @Test func ratesFollowTheSchedule() throws {
        try withBench { bench in
            let peak = ["--learning-rate", "1", "--steps", "5"]
            func expect(_ flags: [String], _ name: String, _ expected: [Double]) throws {
                let rates = try bench.rates(peak + flags, into: name)
                #expect(zip(rates, expected).allSatisfy { abs($0 - $1) < 1e-6 }, "\(rates)")
                #expect(rates.count == expected.count)
            }
            try expect(["--schedule", "constant"], "constant", [1, 1, 1, 1, 1])
            try expect(["--schedule", "linear"], "linear", [1, 0.8, 0.6, 0.4, 0.2])
            try expect(
                ["--schedule", "linear", "--final-learning-rate-fraction", "0.5"],
                "half",
                [1, 0.9, 0.8, 0.7, 0.6]
            )
            try expect(
                ["--schedule", "constant", "--warmup-steps", "4"],
                "warm",
                [0.25, 0.5, 0.75, 1, 1]
            )
            let cosine = (0..<5).map { 0.5 * (1 + cos(.pi * Double($0) / 5)) }
            try expect([], "cosine", cosine)
            try expect(["--schedule", "wsd"], "wsd", [1, 1, 1, 1, 1])
            let long = try bench.rates(
                ["--learning-rate", "1", "--schedule", "wsd", "--steps", "10"],
                into: "long"
            )
            let last = try #require(long.last)
            #expect(abs(last - (1 - 0.5.squareRoot())) < 1e-6)
        }
    }

    @Test func measurementsComeAsOftenAsRequested() throws {
        try withBench { bench in
            let tokenizer = try writeTokenizer(to: bench.directory.appending("tokenizer.bin"))
            let question = #"{"ctx":"a","endings":["b","c"],"label":0}"# + "\n"
            let questions = try writeBytes(
                Array(question.utf8),
                to: bench.directory.appending("questions.jsonl")
            )
            func expect(
                _ flags: [String],
                _ name: String,
                _ key: String,
                _ expected: [Int]
            ) throws {
                _ = try bench.mainLog(
                    flags + ["--init", "layers=1,heads=1,channels=8,context=32"]
                        + ["--tokenizer", tokenizer.string],
                    into: name
                )
                let steps = try bench.metrics(name, with: key).compactMap { $0["step"] as? Int }
                #expect(steps == expected)
            }
            try expect(["--val-every", "4"], "val", "val_loss", [0, 4, 6])
            try expect(["--val-every", "0"], "no-val", "val_loss", [])
            try expect(["--sample-every", "2"], "sample", "sample", [2, 4, 6])
            try expect([], "no-sample", "sample", [])
            let asked = ["--hellaswag", questions.string, "--hellaswag-every", "3"]
            try expect(asked, "swag", "hellaswag_accuracy", [3, 6])
        }
    }

    @Test func samplesContinueTheirPromptForAsManyTokensAsRequested() throws {
        try withBench { bench in
            let tokenizer = try writeTokenizer(to: bench.directory.appending("tokenizer.bin"))
            func sample(_ flags: [String], _ name: String) throws -> String {
                _ = try bench.mainLog(
                    ["--sample-every", "6", "--tokenizer", tokenizer.string]
                        + ["--init", "layers=1,heads=1,channels=8,context=64"] + flags,
                    into: name
                )
                let line = try #require(try bench.metrics(name, with: "sample").first)
                return try #require(line["sample"] as? String)
            }
            let short = try sample(["--sample-tokens", "2", "--sample-prompt", "To be"], "short")
            let long = try sample(["--sample-tokens", "40", "--sample-prompt", "To be"], "long")
            #expect(short.hasPrefix("To be") && long.hasPrefix("To be"))
            #expect(short.utf8.count < long.utf8.count)
            // As the command generates it from the same weights.
            let command = try swiftlet([
                "sample", "--model", bench.directory.appending("long").string, "--prompt", "To be",
                "--max-tokens", "40", "--seed", "42",
            ])
            #expect(command.output == long + "\n")
        }
    }

    @Test func checkpointsAreKeptAsRequested() throws {
        try withBench { bench in
            func expect(_ flags: [String], _ name: String, _ expected: [Int]) throws {
                _ = try bench.mainLog(flags + ["--val-every", "0"], into: name)
                let steps = try bench.checkpoints(name).compactMap { Int($0.dropFirst(5)) }
                #expect(steps == expected)
            }
            try expect([], "end", [6])
            try expect(["--checkpoint-every", "0"], "never", [])
            try expect(["--checkpoint-every", "2"], "two", [4, 6])
            let one = ["--checkpoint-every", "1", "--keep-last", "1"]
            try expect(one, "one", [6])
            try expect(one + ["--keep-every", "2"], "every", [2, 4, 6])
        }
    }

    @Test func recomputationTakesLessMemory() throws {
        try withBench { bench in
            func byteCount(_ recomputation: String) throws -> Int {
                let outcome = try bench.train(
                    [
                        "--recompute", recomputation, "--verbose", "--steps", "1", "--batch-size",
                        "8",
                    ]
                        + ["--init", "layers=4,heads=1,channels=64,context=16"],
                    into: recomputation
                )
                let line = try #require(
                    outcome.errors.split(separator: "\n")
                        .first { $0.contains("bytes for activations") }
                )
                return try #require(Int(line.filter(\.isNumber)))
            }
            let (none, gelu) = (try byteCount("none"), try byteCount("gelu"))
            let block = try byteCount("block")
            #expect(none > gelu)
            #expect(gelu > block)
        }
    }

    @Test func threadsAreUsed() throws {
        try withBench { bench in
            let outcome = try bench.train(["--threads", "2", "--verbose"], into: "run")
            #expect(outcome.errors.contains("2 threads") || outcome.errors.contains("no OpenMP"))
        }
    }

    @Test func aRunAtBFloat16KeepsRoundedModelsAndResumesExactly() throws {
        try withBench { bench in
            let flags = ["--schedule", "constant", "--val-every", "0"]
            let rounded = flags + ["--precision", "bfloat16"]
            let whole = try bench.mainLog(rounded, into: "whole")
            #expect(try bench.mainLog(flags + ["--precision", "float32"], into: "exact") != whole)
            _ = try bench.mainLog(rounded + ["--steps", "3"], into: "parts")
            #expect(try bench.mainLog(rounded, into: "parts") == whole)
            // llm.c's number for models of bfloat16, at the second place of the header.
            func version(_ name: String) throws -> UInt8 {
                let model = bench.directory.appending("\(name)/model_00000006.bin")
                return try MappedFile(model).contents()[4]
            }
            #expect(try version("whole") == 5)
            #expect(try version("exact") == 3)
            expectError(
                try bench.train(flags + ["--steps", "7"], into: "parts"),
                64,
                "the precision was bfloat16 and is now float32"
            )
        }
    }

    @Test func aRunResumesUnlessForbidden() throws {
        try withBench { bench in
            let flags = ["--schedule", "constant"]
            let whole = try bench.mainLog(flags, into: "whole")
            _ = try bench.mainLog(flags + ["--steps", "3"], into: "parts")
            expectError(try bench.train(flags + ["--resume", "never"], into: "parts"), 73, "parts")
            let parts = try bench.mainLog(flags, into: "parts")
            // The validation at the end of the first part is all that the whole run has not.
            #expect(
                parts.split(separator: "\n").filter { !$0.hasPrefix("s:3 tel") }
                    == whole.split(separator: "\n")
            )
            expectError(
                try bench.train(flags + ["--learning-rate", "0.5"], into: "parts"),
                64,
                "the learning rate was 0.01 and is now 0.5"
            )
            let changed = ["--learning-rate", "0.5", "--allow-changes", "--steps", "7"]
            #expect(try bench.rates(flags + changed, into: "parts").last == 0.5)
            let anew = try bench.mainLog(flags + ["--overwrite"], into: "parts")
            #expect(anew == whole)
        }
    }

    @Test func flagsComeFromARunUnlessTheCommandLineSetsThem() throws {
        try withBench { bench in
            let flags = ["--beta1", "0.7", "--no-shuffle", "--schedule", "linear", "--seed", "3"]
            let first = try bench.mainLog(flags, into: "first")
            let config = bench.directory.appending("first/run.json").string
            func repeated(_ flags: String...) throws -> String {
                let output = bench.directory.appending("second").string
                let arguments = ["train", "--config", config, "--output", output, "--overwrite"]
                let outcome = try swiftlet(arguments + flags)
                try #require(outcome.status == 0, "\(outcome.errors)")
                return try bench.text("second/main.log")
            }
            #expect(try repeated() == first)
            #expect(try repeated("--shuffle") != first)
            #expect(try repeated("--beta1=0.9") != first)
            expectError(try swiftlet("train", "--config", "/no/run.json"), 66, "run.json")
        }
    }

    @Test func everyFlagIsKeptInRunJSON() throws {
        try withBench { bench in
            _ = try bench.mainLog([], into: "run")
            let json = try JSONSerialization.jsonObject(with: Data(bench.text("run/run.json").utf8))
            let flags = try #require((json as? [String: Any])?["flags"] as? [String: Any])
            let help = try swiftlet("train", "--help").output
            let named = help.matches(of: /--([a-z][a-z0-9-]*)/).map { String($0.output.1) }
            let left = [
                "no-shuffle", "allow-changes", "overwrite", "config", "verbose", "json", "help",
            ]
            #expect(Set(named).subtracting(left).subtracting(["version"]) == Set(flags.keys))
        }
    }
}
