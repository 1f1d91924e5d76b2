// The tokenizer of `train`: that it belongs to the model and to the run, and which copy a run
// keeps.

import FileIO
import Foundation
import TestSupport
import Testing

/// Files that runs are made from, and their directory.
private struct Workplace {
    let directory: FilePath

    init(_ directory: FilePath) throws {
        self.directory = directory
        try writeShard(to: path("data.bin"))
        try writeTokenizer(to: path("bytes.bin"))
        let pair = path("pair")
        try FileSystem.createDirectory(pair)
        try writeUnorderedTokenizer(in: pair)
    }

    func path(_ name: String) -> FilePath { directory.appending(name) }

    /// Trains into `run`, two steps of three unless `flags` say otherwise.
    func train(_ flags: String...) throws -> Outcome {
        try swiftlet(
            [
                "train", "--init", "layers=1,heads=1,channels=8,context=8", "--train-data",
                path("data.bin").string, "--output", path("run").string, "--schedule", "constant",
                "--threads", "1",
            ] + flags
        )
    }

    /// The files of the run's tokenizer.
    var copies: [String] {
        get throws {
            try FileSystem.names(in: path("run")).map(\.string)
                .filter { ["tokenizer.bin", "vocab.json", "merges.txt"].contains($0) }
        }
    }
}

@Suite(.serialized) struct TrainTokenizerTests {
    private func withWorkplace(_ body: (Workplace) throws -> Void) throws {
        try withTemporaryDirectory { try body(Workplace($0)) }
    }

    @Test func aTokenizerOfMoreTokensThanTheModelIsRefusedBeforeAnythingIsMade() throws {
        try withWorkplace { place in
            let model = try writeModel(to: place.path("model.bin"), vocabularySize: 250)
            let outcome = try place.train(
                "--init",
                model.string,
                "--tokenizer",
                place.path("bytes.bin").string,
                "--steps",
                "1"
            )
            expectError(outcome, 65, "but the model knows only 250")
            #expect(!FileSystem.exists(place.path("run")))
        }
    }

    @Test func aResumedRunTakesOnlyItsOwnTokenizer() throws {
        try withWorkplace { place in
            // As many tokens, but with the first two bytes swapped.
            let other = try MappedFile(place.path("bytes.bin")).contents()
            var swapped = other
            (swapped[1025], swapped[1027]) = (other[1027], other[1025])
            let path = try writeBytes(swapped, to: place.path("swapped.bin")).string
            let own = place.path("bytes.bin").string
            #expect(try place.train("--tokenizer", own, "--steps", "1").status == 0)
            #expect(try place.train("--tokenizer", own, "--steps", "2").status == 0)
            expectError(
                try place.train("--tokenizer", path, "--steps", "3"),
                64,
                "the tokenizer holds different tokens now"
            )
            #expect(try MappedFile(place.path("run/tokenizer.bin")).contents() == other)
            let allowed = try place.train("--tokenizer", path, "--steps", "3", "--allow-changes")
            #expect(allowed.status == 0)
            #expect(try MappedFile(place.path("run/tokenizer.bin")).contents() == swapped)
        }
    }

    @Test func aTokenizerOfTwoFilesIsFoundAgain() throws {
        try withWorkplace { place in
            let pair = place.path("pair").string
            #expect(try place.train("--tokenizer", pair, "--steps", "1").status == 0)
            #expect(try place.copies == ["merges.txt", "vocab.json"])
            let resumed = try place.train("--sample-every", "1", "--steps", "2")
            #expect(resumed.status == 0, "\(resumed.errors)")
            let sampled = try swiftlet("sample", "--model", place.path("run").string)
            #expect(sampled.status == 0, "\(sampled.errors)")
        }
    }

    @Test func overwritingARunReplacesItsTokenizer() throws {
        try withWorkplace { place in
            let (bytes, pair) = (place.path("bytes.bin").string, place.path("pair").string)
            #expect(try place.train("--tokenizer", bytes, "--steps", "1").status == 0)
            #expect(try place.copies == ["tokenizer.bin"])
            let again = try place.train("--tokenizer", pair, "--steps", "1", "--overwrite")
            #expect(again.status == 0, "\(again.errors)")
            #expect(try place.copies == ["merges.txt", "vocab.json"])
            #expect(try place.train("--steps", "1", "--overwrite").status == 0)
            #expect(try place.copies == [])
        }
    }
}
