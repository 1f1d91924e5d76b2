// `train --text`: a text instead of token shards, split and kept in the run.

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
        return try swiftlet(arguments + flags)
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
            // For training, for validation, and the manifest.
            #expect(shards.count == 3)
            // Resuming finds the shards; another text is another run.
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

    @Test func aShortTextIsNotSplit() throws {
        try withTemporaryDirectory { directory in
            try writeBytes(Array(Self.text.utf8.prefix(400)), to: directory.appending("input.txt"))
            let flags = ["--init", "layers=1,heads=1,channels=8,context=16"]
            let outcome = try train(flags, in: directory)
            #expect(outcome.status == 0)
            #expect(outcome.errors.contains("too short to hold any of it out"))
            #expect(try FileSystem.names(in: directory.appending("run/data")).count == 2)
        }
    }

    @Test func aTextTooShortForABatchSaysBothNumbersAndLeavesNothing() throws {
        try withTemporaryDirectory { directory in
            try writeBytes(Array(Self.text.utf8.prefix(20)), to: directory.appending("input.txt"))
            let outcome = try train(["--init", "layers=1,heads=1,channels=8"], in: directory)
            #expect(outcome.status == 64)
            #expect(outcome.errors.contains("makes 21 tokens, but a batch takes 33"))
            #expect(!FileSystem.exists(directory.appending("run")))
        }
    }

    @Test func aModelThatDoesNotFitInMemoryIsRefusedInReadableUnits() throws {
        try withTemporaryDirectory { directory in
            try writeBytes(Array(Self.text.utf8), to: directory.appending("input.txt"))
            for size in [
                "layers=4000,heads=16,channels=65536", "layers=4096,heads=1,channels=131072",
            ] {
                let outcome = try train(["--init", size], in: directory)
                #expect(outcome.status == 64)
                #expect(outcome.errors.contains("training this model takes "))
                #expect(outcome.errors.contains("GiB is available; choose a smaller model"))
                #expect(!FileSystem.exists(directory.appending("run")))
            }
        }
    }

    @Test(arguments: [
        ("gpt3", "'gpt3' is not a model size: no file has this name either; use one of d6, d12"),
        ("llama2", "'llama2' is not a model size: no file has this name either; use one of d6"),
        ("layers=2,channels=64", "it does not say how many heads"),
        ("llama2:layers=2", "it does not say how many heads and channels; the size of a Llama 2"),
    ])
    func anInvalidSizeSaysWhatIsMissing(size: String, message: String) throws {
        try withTemporaryDirectory { directory in
            let outcome = try train(["--init", size], in: directory)
            #expect(outcome.status == 64)
            #expect(outcome.errors.contains(message), "\(outcome.errors)")
            let hint = outcome.errors.split(separator: ";").last ?? ""
            #expect(hint.contains("llama2") == size.contains("llama2"))
        }
    }

    @Test func countsOfOneAreSingular() throws {
        try withTemporaryDirectory { directory in
            try writeBytes(Array(Self.text.utf8), to: directory.appending("input.txt"))
            let outcome = try train(
                ["--init", "layers=1,heads=1,channels=8,context=16", "--checkpoint-every", "0"],
                in: directory
            )
            #expect(outcome.errors.contains("parameters: 1 layer, 1 head, 8 channels"))
            #expect(outcome.errors.contains("in 1 shard\n"))
            // Nobody should think that the best is kept.
            #expect(outcome.errors.contains("no checkpoints are written, not even of the best"))
        }
    }

    @Test(arguments: [
        (["--train-data", "x.bin"], "one of --train-data, --text and --chat"),
        (["--sample-every", "1", "--sample-tokens", "0"], "--sample-tokens"),
        (["--hellaswag-every", "1"], "--hellaswag"),
    ])
    func flagsThatContradictAreReportedInOneSentence(flags: [String], fragment: String) throws {
        try withTemporaryDirectory { directory in
            expectError(try train(flags + ["--init", "d6"], in: directory), 64, fragment)
        }
    }

    @Test func aTextNeedsATokenizer() throws {
        try withTemporaryDirectory { directory in
            let path = try writeBytes(Array(Self.text.utf8), to: directory.appending("input.txt"))
            let output = directory.appending("run").string
            let outcome = try swiftlet([
                "train", "--init", "d6", "--text", path.string, "--output", output,
            ])
            expectError(outcome, 64, "--tokenizer")
            #expect(!FileSystem.exists(FilePath(output)))
        }
    }

    @Test func anUnusableTextIsReportedInOneSentence() throws {
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
