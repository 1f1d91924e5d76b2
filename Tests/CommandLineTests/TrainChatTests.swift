// `train --chat`, and the orders and boundaries of documents: what is learned, what resumes
// exactly, and what is refused.

import FileIO
import Foundation
import TestSupport
import Testing

/// Conversations, tokens and a tokenizer, and runs on them.
private struct Bench {
    let directory: FilePath

    init(_ directory: FilePath) throws {
        self.directory = directory
        try writeTokenizer(to: directory.appending("bytes.bin"))
        try writeShard(to: directory.appending("data.bin"), count: 2000)
        try write(Self.conversations, to: "chat.jsonl")
    }

    static let conversations = [
        row(["Ping", "Pong"]), row(["Who?", "Me.", "Ping", "Pong"]), "", row(["Why?", "So."]),
    ]

    /// A line of the file.
    static func row(_ texts: [String]) -> String {
        let messages = texts.enumerated().map { index, text in
            #"{"role":"\#(index % 2 == 0 ? "user" : "assistant")","content":"\#(text)"}"#
        }
        return #"{"messages":[\#(messages.joined(separator: ","))]}"#
    }

    func write(_ lines: [String], to name: String) throws {
        try writeBytes(Array(lines.joined(separator: "\n").utf8), to: directory.appending(name))
    }

    func path(_ name: String) -> String { directory.appending(name).string }

    var chat: [String] {
        [
            "--chat", path("chat.jsonl"), "--tokenizer", path("bytes.bin"), "--sequence-length",
            "96",
        ]
    }

    var tokens: [String] { ["--train-data", path("data.bin"), "--sequence-length", "8"] }

    func train(_ flags: [String], into name: String = "run") throws -> Outcome {
        try swiftlet(
            [
                "train", "--init", "layers=1,heads=1,channels=16,context=96,vocabulary=259",
                "--batch-size", "2", "--learning-rate", "0.01", "--schedule", "constant",
                "--threads", "1", "--output", path(name),
            ] + flags
        )
    }

    /// The contents of a file of a run.
    func contents(_ name: String) throws -> [UInt8] {
        try MappedFile(directory.appending(name)).contents()
    }
}

@Suite(.serialized) struct TrainChatTests {
    private func withBench(_ body: (Bench) throws -> Void) throws {
        try withTemporaryDirectory { try body(Bench($0)) }
    }

    @Test func aModelLearnsToReplyAndChatKnowsHow() throws {
        try withBench { bench in
            let trained = try bench.train(
                bench.chat + [
                    "--steps", "150", "--val-chat", bench.path("chat.jsonl"), "--val-every", "150",
                    "--sample-every", "150", "--sample-prompt", "Ping",
                ]
            )
            #expect(trained.status == 0, "\(trained.errors)")
            #expect(trained.errors.contains("in 3 conversations"))
            #expect(trained.errors.contains("so conversations take the plain one"))
            #expect(trained.errors.contains("swiftlet chat --model"))
            // The end of a reply was learned, and nothing of the questions.
            #expect(trained.errors.contains("Ping\nPong\n"))
            let chat = [
                "chat", "--model", bench.path("run"), "--temperature", "0", "--max-tokens", "20",
            ]
            let outcome = try swiftlet(chat, input: "Ping\nWhy?\n")
            #expect(outcome.output.contains("Pong"), "\(outcome.output) \(outcome.errors)")
            // Tokens of questions are as unlikely as they were.
            let text = try writeBytes(Array("User:\nPing".utf8), to: bench.directory.appending("t"))
            let evaluated = try swiftlet([
                "evaluate", "--model", bench.path("run"), "--text", text.string, "--json",
            ]).object()
            #expect(try #require(evaluated["loss"] as? Double) > 3)
        }
    }

    @Test(
        arguments: [
            ["chat"], ["chat", "--no-shuffle"], ["chat", "--total-batch-tokens", "384"],
            ["tokens", "--order", "random"], ["tokens", "--documents", "separate"],
            ["tokens", "--order", "random", "--documents", "separate"],
        ]
    )
    func runsResumeExactly(flags: [String]) throws {
        try withBench { bench in
            let data =
                flags[0] == "chat"
                ? bench.chat : bench.tokens + ["--tokenizer", bench.path("bytes.bin")]
            let all = data + flags.dropFirst() + ["--checkpoint-every", "3"]
            for (name, steps) in [("whole", "6"), ("parts", "3"), ("parts", "6")] {
                let outcome = try bench.train(all + ["--steps", steps], into: name)
                #expect(outcome.status == 0, "\(outcome.errors)")
            }
            for file in ["model_00000006.bin", "state_00000006_00000.bin"] {
                #expect(try bench.contents("whole/" + file) == bench.contents("parts/" + file))
            }
            let model = try bench.contents("parts/model_00000006.bin")
            #expect(try bench.contents("parts/model_00000003.bin") != model)
        }
    }

    /// Its tokenizer and its chat template are next to the directories.
    @Test func aRunWhoseCheckpointsAreDirectoriesResumesAndCanBeChattedWith() throws {
        try withBench { bench in
            let size = "llama2:layers=1,heads=1,channels=16,hidden=16,context=96,vocabulary=259"
            let made = try bench.train(bench.chat + ["--init", size, "--steps", "0"], into: "made")
            try #require(made.status == 0, "\(made.errors)")
            let start = bench.path("start")
            let arguments = ["convert", bench.path("made"), start, "--to", "safetensors"]
            try #require(swiftlet(arguments).status == 0)
            // llama2.c's files cannot hold another epsilon.
            let changed = try shell(
                "sed -i.old 's/\"rms_norm_eps\": [^,]*/\"rms_norm_eps\": 1e-06/' "
                    + "'\(start)/config.json' && ! cmp '\(start)/config.json'*"
            )
            try #require(changed.status == 0)

            let flags = bench.chat + ["--init", start, "--template", "chatml", "--steps"]
            for steps in ["2", "3"] {
                let outcome = try bench.train(flags + [steps])
                #expect(outcome.status == 0, "\(outcome.errors)")
            }
            #expect(
                try FileSystem.names(in: bench.directory.appending("run")).contains {
                    $0.string == "model_00000003"
                }
            )
            let chat = ["chat", "--model", bench.path("run"), "--max-tokens", "4"]
            let outcome = try swiftlet(chat, input: "Ping\n")
            #expect(outcome.status == 0, "\(outcome.errors)")
        }
    }

    @Test func otherDataOrAnotherOrderIsRefused() throws {
        try withBench { bench in
            func expect(_ sentence: String, _ flags: [String], into name: String) throws {
                let outcome = try bench.train(flags + ["--steps", "2"], into: name)
                expectError(outcome, 64, sentence)
            }
            #expect(try bench.train(bench.chat + ["--steps", "1"], into: "chat").status == 0)
            try expect(
                "the order was shuffled, and is now that of the file",
                bench.chat + ["--no-shuffle"],
                into: "chat"
            )
            try expect(
                "training data was",
                bench.chat + ["--template", "llama2"],
                into: "chat"
            )
            try bench.write(
                [Bench.row(["Ping", "Pung"])] + Bench.conversations.dropFirst(),
                to: "chat.jsonl"
            )
            try expect("the training data holds different tokens now", bench.chat, into: "chat")
            #expect(try bench.train(bench.tokens + ["--steps", "1"], into: "tokens").status == 0)
            try expect(
                "the order of the data was llm.c's and is now random",
                bench.tokens + ["--order", "random"],
                into: "tokens"
            )
            try expect(
                "documents saw each other, and no longer do",
                bench.tokens + ["--documents", "separate", "--tokenizer", bench.path("bytes.bin")],
                into: "tokens"
            )
        }
    }

    @Test func whatIsWrongWithConversationsIsNamed() throws {
        try withBench { bench in
            func expect(_ lines: [String], _ status: Int32, _ words: String) throws {
                try bench.write(lines, to: "chat.jsonl")
                let outcome = try bench.train(bench.chat + ["--template", "plain", "--steps", "1"])
                expectError(outcome, status, words)
                #expect(!FileSystem.exists(bench.directory.appending("run")))
            }
            try expect(
                [Bench.row(["a", "b"]), "nonsense"],
                65,
                "chat.jsonl:2: the line is not JSON"
            )
            try expect(["", Bench.row(["a"])], 65, "chat.jsonl:2: the conversation ends with")
            try expect([""], 65, "holds no conversations; give one per line")
            let long = String(repeating: "x", count: 110)
            try expect([Bench.row([long, "b"])], 64, "has a reply in its first 96 tokens")
            try bench.write(
                [Bench.row(["a", long]), Bench.row([long, "b"]), Bench.row(["a", "b"])],
                to: "chat.jsonl"
            )
            let cut = try bench.train(bench.chat + ["--template", "plain", "--steps", "1"])
            #expect(cut.status == 0)
            #expect(cut.errors.contains("1 conversation cut after 97 tokens"))
            #expect(cut.errors.contains("1 conversation left out"))
            #expect(cut.errors.contains("in 2 conversations"))
        }
    }

    @Test func flagsThatDoNotGoTogetherAreRefused() throws {
        try withBench { bench in
            let chat = bench.path("chat.jsonl")
            for (flags, words) in [
                (bench.chat + ["--train-data", "x"], "one of --train-data, --text and --chat"),
                (["--chat", "-"], "--chat needs a file"),
                (bench.tokens + ["--val-chat", chat], "--val-chat is for --chat"),
                (bench.tokens + ["--template", "plain"], "--template is for --chat"),
                (bench.chat + ["--val-chat", chat, "--val-data", "x"], "either --val-data or"),
                (bench.chat + ["--order", "random"], "--order random cannot be used with --chat"),
                (bench.tokens + ["--order", "random", "--no-shuffle"], "--no-shuffle is for"),
                (["--chat", chat], "--chat needs --tokenizer"),
                (bench.tokens + ["--documents", "separate"], "the token that begins documents"),
                (bench.chat + ["--template", "gpt"], "--template"),
            ] {
                let outcome = try bench.train(flags + ["--steps", "1"])
                expectError(outcome, 64, words)
            }
        }
    }

    @Test func everyFlagChangesWhatIsLearned() throws {
        try withBench { bench in
            let tokenizer = ["--tokenizer", bench.path("bytes.bin")]
            // Long enough that documents begin in every step.
            let tokens = ["--train-data", bench.path("data.bin"), "--sequence-length", "96"]
            let runs = [
                tokens, tokens + ["--order", "random"],
                tokens + ["--order", "random", "--seed", "7"],
                tokens + ["--documents", "separate"] + tokenizer,
                bench.chat, bench.chat + ["--no-shuffle"], bench.chat + ["--template", "chatml"],
            ]
            var models: Set<[UInt8]> = []
            for (index, flags) in runs.enumerated() {
                let outcome = try bench.train(flags + ["--steps", "3"], into: "\(index)")
                #expect(outcome.status == 0, "\(outcome.errors)")
                models.insert(try bench.contents("\(index)/model_00000003.bin"))
            }
            #expect(models.count == runs.count)
        }
    }

    @Test func runJSONRepeatsARun() throws {
        try withBench { bench in
            #expect(
                try bench.train(
                    bench.chat + ["--steps", "2", "--template", "zephyr"],
                    into: "first"
                ).status == 0
            )
            let again = try swiftlet([
                "train", "--config", bench.path("first/run.json"), "--output", bench.path("again"),
            ])
            #expect(again.status == 0, "\(again.errors)")
            #expect(
                try bench.contents("first/model_00000002.bin")
                    == bench.contents("again/model_00000002.bin")
            )
            // Other data replaces the conversations, and their template goes with them.
            let tokens = try swiftlet([
                "train", "--config", bench.path("first/run.json"), "--train-data",
                bench.path("data.bin"), "--order", "random", "--output", bench.path("tokens"),
            ])
            #expect(tokens.status == 0, "\(tokens.errors)")
        }
    }

    @Test func aRunCanUseAnyTokenizer() throws {
        try withBench { bench in
            let tokenizer = try writeByteTokenizer(to: bench.directory.appending("llama.bin"))
            let text = String(repeating: "one day a dog ran. ", count: 80)
            try bench.write([text], to: "text.txt")
            for (name, data) in [
                ("text", ["--text", bench.path("text.txt"), "--sequence-length", "16"]),
                ("chat", ["--chat", bench.path("chat.jsonl"), "--template", "llama2"]),
            ] {
                let trained = try bench.train(
                    data + [
                        "--tokenizer", tokenizer.string, "--steps", "2", "--sample-every", "2",
                    ],
                    into: name
                )
                #expect(trained.status == 0, "\(trained.errors)")
                #expect(
                    try bench.contents(name + "/tokenizer.bin") == MappedFile(tokenizer).contents()
                )
                let sampled = try swiftlet([
                    "sample", "--model", bench.path(name), "--max-tokens", "3",
                ])
                #expect(sampled.status == 0, "\(sampled.errors)")
            }
        }
    }
}
