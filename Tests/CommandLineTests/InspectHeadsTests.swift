// `inspect heads` and `inspect ablate` as processes: what they print, what they read, and what they
// say when they fail.

import FileIO
import Foundation
import TestSupport
import Testing

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

extension EvaluationFiles {
    /// Runs a command on the model with these options.
    fileprivate func inspect(_ command: String, _ options: String...) throws -> Outcome {
        try swiftlet(["inspect", command, "--model", model, "--tokenizer", tokenizer] + options)
    }
}

@Suite(.serialized) struct InspectHeadsTests {
    @Test func eachHeadHasItsScores() throws {
        try withEvaluationFiles { files in
            let random = try files.inspect("heads", "--json", "--seed", "7").object()
            #expect(Set(random.keys) == ["heads"])
            let heads = try #require(random["heads"] as? [[String: Any]])
            #expect(heads.count == 2)
            #expect(
                Set(heads[0].keys) == [
                    "layer", "head", "previous_token", "first_token", "duplicate_token",
                    "induction", "distance", "entropy",
                ]
            )
            #expect(heads.map { $0["head"] as? Int } == [0, 1])
            // The same seed gives the same, and the text changes all but the scores of repetition.
            let again = try files.inspect("heads", "--json", "--seed", "7").output
            #expect(again == (try files.inspect("heads", "--json", "--seed", "7").output))
            let text = try files.inspect("heads", "--json", "--seed", "7", "--text", files.text)
                .object()
            let onText = try #require(text["heads"] as? [[String: Any]])
            for key in ["duplicate_token", "induction"] {
                #expect(onText[0][key] as? Double == heads[0][key] as? Double)
            }
            #expect(onText[0]["entropy"] as? Double != heads[0]["entropy"] as? Double)
            let chosen = try files.inspect("heads", "--json", "--heads", "1").object()
            #expect((chosen["heads"] as? [[String: Any]])?.map { $0["head"] as? Int } == [1])
        }
    }

    @Test func theScoresAreShownAsPanels() throws {
        try withLlama { model, _ in
            let outcome = try swiftlet("inspect", "heads", "--model", model)
            #expect(outcome.status == 0)
            for title in ["previous token", "first token", "duplicate token", "induction"] {
                #expect(outcome.output.contains(title))
            }
            #expect(!outcome.output.contains("\u{1b}"))
        }
    }

    @Test func withoutATokenizerOnlyTextIsRefused() throws {
        try withEvaluationFiles { files in
            let arguments = ["inspect", "heads", "--model", files.model]
            #expect(try swiftlet(arguments).status == 0)
            try FileSystem.remove(FilePath(files.tokenizer))
            let outcome = try swiftlet(arguments + ["--text", files.text])
            #expect(outcome.status == 64)
            #expect(outcome.errors.contains("tokenizer"))
        }
    }
}

@Suite(.serialized) struct InspectAblateTests {
    @Test func theLossWithoutEachHeadIsPrinted() throws {
        try withEvaluationFiles { files in
            let object = try files.inspect(
                "ablate",
                "--data",
                files.shard,
                "--sequence-length",
                "16",
                "--json"
            )
            .object()
            #expect(Set(object.keys) == ["loss", "heads"])
            let heads = try #require(object["heads"] as? [[String: Any]])
            #expect(heads.count == 2)
            #expect(Set(heads[0].keys) == ["layer", "head", "loss", "change"])
            let loss = try #require(object["loss"] as? Double)
            for head in heads {
                let (ablated, change) = (head["loss"] as? Double, head["change"] as? Double)
                #expect(abs(try #require(ablated) - loss - #require(change)) < 1e-12)
                #expect(change != 0)
            }
            // evaluate reads the same sequences.
            let evaluated = try swiftlet([
                "evaluate", "--model", files.model, "--data", files.shard, "--sequence-length",
                "16", "--batch-size", "1", "--json",
            ])
            .object()
            #expect(abs(try #require(evaluated["loss"] as? Double) - loss) < 1e-6)
        }
    }

    @Test func everyWholeSequenceCountsWhateverTheBatch() throws {
        try withEvaluationFiles { files in
            // 299 targets are 18 whole sequences of 16.
            for batchSize in ["1", "4", "100"] {
                let outcome = try files.inspect(
                    "ablate",
                    "--data",
                    files.shard,
                    "--sequence-length",
                    "16",
                    "--batch-size",
                    batchSize
                )
                #expect(outcome.output.contains(" on 288 tokens"))
            }
        }
    }

    @Test func aTextShorterThanASequenceIsOneSequence() throws {
        try withEvaluationFiles { files in
            // 50 tokens after the start are a whole sequence of 32 and a rest; 5 are one of 5.
            let outcome = try files.inspect("ablate", "--text", files.text)
            #expect(outcome.output.contains(" on 32 tokens"))
            let short = try writeBytes(Array("To be".utf8), to: files.directory.appending("s.txt"))
            let all = try files.inspect("ablate", "--text", short.string)
            #expect(all.output.contains(" on 5 tokens"))
        }
    }

    @Test func feedForwardNetworksAreLeftOutOnRequest() throws {
        try withEvaluationFiles { files in
            let object = try files.inspect("ablate", "--text", files.text, "--mlps", "--json")
                .object()
            let mlps = try #require(object["mlps"] as? [[String: Any]])
            #expect(mlps.count == 1)
            #expect(Set(mlps[0].keys) == ["layer", "loss", "change"])
            let table = try files.inspect("ablate", "--text", files.text, "--mlps", "--heads", "1")
            #expect(table.output.contains("MLP"))
            #expect(table.errors == "")
        }
    }

    @Test func unusableDataIsRefused() throws {
        try withEvaluationFiles { files in
            let directory = files.directory
            let empty = try writeBytes([], to: directory.appending("empty.txt")).string
            let cut = try writeBytes(
                Array(FileManager.default.contents(atPath: files.shard)!.prefix(1100)),
                to: directory.appending("cut.bin")
            )
            .string
            let cases: [(Int32, String, [String])] = [
                (64, "give the data to measure on", []),
                (64, "give the data to measure on", ["--data", files.shard, "--text", files.text]),
                (66, "missing", ["--data", "\(directory)/missing*.bin"]),
                (66, "missing", ["--text", "\(directory)/missing.txt"]),
                (65, "empty.txt", ["--text", empty]),
                (65, "cut.bin", ["--data", cut]),
                (65, "text.txt", ["--data", files.text]),
                (65, "shard.bin", ["--text", files.shard]),
                (
                    64, "does not fit into a context of 32",
                    [
                        "--text", files.text, "--sequence-length", "33",
                    ]
                ),
                (64, "--layers names layer 1", ["--text", files.text, "--layers", "1"]),
                // Before the text is looked for.
                (64, "--layers names layer 9", ["--text", "missing.txt", "--layers", "0-9"]),
                (64, "--heads names head 2", ["--text", files.text, "--heads", "2"]),
            ]
            for (status, sentence, options) in cases {
                let outcome = try swiftlet(
                    ["inspect", "ablate", "--model", files.model, "--tokenizer", files.tokenizer]
                        + options
                )
                #expect(outcome.status == status, "\(options): \(outcome.errors)")
                #expect(outcome.errors.contains(sentence), "\(options): \(outcome.errors)")
                #expect(outcome.output == "")
            }
        }
    }

    @Test func anInterruptionEndsIt() throws {
        try withEvaluationFiles { files in
            let long = try writeBytes(
                [UInt8](repeating: UInt8(ascii: "a"), count: 1 << 20),
                to: files.directory.appending("long.txt")
            )
            let outcome = try swiftlet([
                "inspect", "ablate", "--model", files.model, "--tokenizer", files.tokenizer,
                "--text", long.string, "--sequence-length", "8",
            ]) { program in
                usleep(500_000)
                program.interrupt()
            }
            #expect(outcome.status == 130)
            #expect(outcome.output == "")
        }
    }
}
