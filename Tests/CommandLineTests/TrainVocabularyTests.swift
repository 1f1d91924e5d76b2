// Where the vocabulary of a model that `train` makes comes from, and what does not fit together.

import FileIO
import Foundation
import LanguageModels
import TestSupport
import Testing

@Suite struct TrainVocabularyTests {
    private static let text = String(
        repeating: "to be, or not to be: that is the question\n",
        count: 90
    )

    /// Prepares a text with a tokenizer of bytes, and calls `body` with a function that trains on
    /// it.
    private func withShards(
        _ body: (FilePath, _ train: ([String]) throws -> Outcome) throws -> Void
    ) throws {
        try withTemporaryDirectory { directory in
            let input = directory.appending("input.txt")
            try writeBytes(Array(Self.text.utf8), to: input)
            let tokenizer = try writeTokenizer(to: directory.appending("bytes.bin"))
            let prepared = try swiftlet([
                "prepare", input.string, "--tokenizer", tokenizer.string, "--output",
                directory.appending("data").string, "--name", "small", "--validation-tokens", "500",
            ])
            #expect(prepared.status == 0, "\(prepared.errors)")
            try body(directory) { flags in
                let arguments = [
                    "train", "--train-data", directory.appending("data/small_train.bin").string,
                    "--val-data", directory.appending("data/*_val*.bin").string, "--steps", "1",
                    "--sequence-length", "8", "--output", directory.appending("run").string,
                ]
                let size = ["--init", "layers=1,heads=1,channels=8,context=8"]
                return try swiftlet(arguments + (flags.contains("--init") ? [] : size) + flags)
            }
        }
    }

    private func vocabularySize(_ directory: FilePath) throws -> Int {
        let model = directory.appending("run/model_00000001.bin")
        return try GPT2CheckpointHeader(path: model).configuration.vocabularySize
    }

    @Test func vocabularyAndTokenizerDefaultToThoseOfTheData() throws {
        try withShards { directory, train in
            let outcome = try train(["--sample-every", "1"])
            #expect(outcome.status == 0, "\(outcome.errors)")
            #expect(outcome.errors.contains("bytes.bin', which the data was made with"))
            #expect(try vocabularySize(directory) == 257)
            // The run keeps the tokenizer, and resumes with it when the other is gone.
            #expect(FileSystem.exists(directory.appending("run/tokenizer.bin")))
            try FileSystem.remove(directory.appending("bytes.bin"))
            #expect(try train(["--sample-every", "1"]).status == 0)
        }
    }

    @Test func theSizeIsKnownEvenIfTheTokenizerIsGone() throws {
        try withShards { directory, train in
            try FileSystem.remove(directory.appending("bytes.bin"))
            #expect(try train(["--sample-every", "1"]).status == 64)
            let outcome = try train([])
            #expect(outcome.status == 0, "\(outcome.errors)")
            #expect(outcome.errors.contains("vocabulary of 257 tokens, as '"))
            #expect(try vocabularySize(directory) == 257)
        }
    }

    @Test func withoutAManifestGPT2sVocabularyIsUsedAndReported() throws {
        try withShards { directory, train in
            try FileSystem.remove(directory.appending("data/small_manifest.json"))
            let outcome = try train([])
            #expect(outcome.status == 0, "\(outcome.errors)")
            #expect(outcome.errors.contains("vocabulary of 50,257 tokens, GPT-2's"))
            #expect(try vocabularySize(directory) == 50257)
        }
    }

    @Test func aGivenVocabularyIsUsed() throws {
        try withShards { directory, train in
            try FileSystem.remove(directory.appending("bytes.bin"))
            let outcome = try train([
                "--init", "layers=1,heads=1,channels=8,context=8,vocabulary=300",
            ])
            #expect(outcome.status == 0, "\(outcome.errors)")
            #expect(!outcome.errors.contains("vocabulary of"))
            #expect(try vocabularySize(directory) == 300)
        }
    }

    @Test func whatDoesNotFitTogetherIsRefusedBeforeTheFirstStep() throws {
        try withShards { directory, train in
            let other = try writeUnorderedTokenizer(in: directory)
            let small = try writeModel(to: directory.appending("small.bin"), vocabularySize: 256)
            let cases: [([String], String)] = [
                (
                    ["--tokenizer", other.string],
                    "is not the tokenizer that the data was made with"
                ),
                (["--init", small.string], "the model has a vocabulary of 256"),
                (["--init", "d6,vocabulary=100"], "the model has a vocabulary of 100"),
            ]
            for (flags, message) in cases {
                let outcome = try train(flags)
                #expect([64, 65].contains(outcome.status), "\(flags)")
                #expect(outcome.errors.contains(message), "\(outcome.errors)")
                #expect(!FileSystem.exists(directory.appending("run")))
            }
            // Without the tokenizer, only the manifest tells.
            try FileSystem.remove(directory.appending("bytes.bin"))
            let outcome = try train(["--init", small.string])
            #expect(outcome.status == 64)
            #expect(
                outcome.errors.contains(
                    "the model has a vocabulary of 256 tokens, but the data was made"
                )
            )
            let shard = directory.appending("data/small_train.bin")
            try FileSystem.remove(shard)
            try writeShard(to: shard)
            let stale = try train([])
            #expect(stale.status == 65)
            #expect(stale.errors.contains("small_manifest.json' says that"))
        }
    }
}
