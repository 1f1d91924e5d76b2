// `train --text`: a text in place of token shards, divided and kept in the run.

import FileIO
import Foundation
import TestSupport
import Testing

@Suite struct TrainTextTests {
    private static let text = String(
        repeating: "to be, or not to be: that is the question\n",
        count: 90
    )

    private func train(_ flags: [String], in directory: FilePath) throws -> Outcome {
        let tokenizer = try writeTokenizer(to: directory.appending("tokenizer.bin"))
        let arguments = [
            "train", "--text", directory.appending("input.txt").string, "--tokenizer",
            tokenizer.string, "--steps", "4", "--sequence-length", "16", "--batch-size", "2",
            "--output", directory.appending("run").string,
        ]
        return try run(swiftletPath(), arguments + flags)
    }

    @Test func aCheckpointIsFineTunedOnATextInOneCommand() throws {
        try withTemporaryDirectory { directory in
            try writeBytes(Array(Self.text.utf8), to: directory.appending("input.txt"))
            let model = try writeModel(to: directory.appending("model.bin"))
            let flags = ["--init", model.string]
            #expect(try train(flags, in: directory).status == 0)
            let run = directory.appending("run")
            #expect(FileSystem.exists(run.appending("tokenizer.bin")))
            let shards = try FileSystem.names(in: run.appending("data")).map(\.string)
            #expect(shards.count == 2)
            // Going on finds the shards; another text is another run.
            let again = try train(flags, in: directory)
            #expect(again.status == 0)
            #expect(try FileSystem.names(in: run.appending("data")).map(\.string) == shards)
            try writeBytes(Array((Self.text + "!").utf8), to: directory.appending("input.txt"))
            let changed = try train(flags, in: directory)
            #expect(changed.status == 64)
            #expect(changed.errors.contains("data"))
            #expect(try swiftlet("sample", "--model", run.string, "--max-tokens", "3").status == 0)
        }
    }

    @Test func aShortTextIsNotDivided() throws {
        try withTemporaryDirectory { directory in
            try writeBytes(Array(Self.text.utf8.prefix(400)), to: directory.appending("input.txt"))
            let flags = ["--init", "layers=1,heads=1,channels=8,context=16"]
            let outcome = try train(flags, in: directory)
            #expect(outcome.status == 0)
            #expect(outcome.errors.contains("too short to hold any of it out"))
            #expect(
                try FileSystem.names(in: directory.appending("run/data")).map(\.string).count == 1
            )
        }
    }

    @Test(arguments: [
        (["--train-data", "x.bin"], "either --train-data or --text"),
        (["--sample-every", "1", "--sample-tokens", "0"], "--sample-tokens"),
        (["--hellaswag-every", "1"], "--hellaswag"),
    ])
    func flagsThatContradictAreOneSentence(flags: [String], fragment: String) throws {
        try withTemporaryDirectory { directory in
            expectError(try train(flags + ["--init", "d6"], in: directory), 64, fragment)
        }
    }

    @Test func aTextNeedsATokenizer() throws {
        try withTemporaryDirectory { directory in
            let path = try writeBytes(Array(Self.text.utf8), to: directory.appending("input.txt"))
            let output = directory.appending("run").string
            let outcome = try swiftlet(
                "train",
                "--init",
                "d6",
                "--text",
                path.string,
                "--output",
                output
            )
            expectError(outcome, 64, "--tokenizer")
            #expect(!FileSystem.exists(FilePath(output)))
        }
    }

    @Test func aTextThatIsNoneIsOneSentence() throws {
        try withTemporaryDirectory { directory in
            let flags = ["--init", "layers=1,heads=1,channels=8,context=16"]
            expectError(try train(flags, in: directory), 66, "input.txt")
            try writeBytes([], to: directory.appending("input.txt"))
            expectError(try train(flags, in: directory), 65, "input.txt")
            try writeModel(to: directory.appending("input.txt"))
            expectError(try train(flags, in: directory), 65, "an llm.c model")
        }
    }
}
