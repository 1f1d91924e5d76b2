import FileIO
import Foundation
import TestSupport
import Testing
import TokenData

/// A directory with a tokenizer of bytes, whose last token, 256, ends a text.
private struct Workplace {
    let directory: FilePath
    let tokenizer: String

    func path(_ name: String) -> String { directory.appending(name).string }

    @discardableResult
    func write(_ text: String, to name: String) throws -> String {
        try write(Array(text.utf8), to: name)
    }

    @discardableResult
    func write(_ bytes: [UInt8], to name: String) throws -> String {
        try FileSystem.createDirectory(directory.appending(name).removingLastComponent())
        return try writeBytes(bytes, to: directory.appending(name)).string
    }

    func prepare(_ arguments: String..., input: String = "") throws -> Outcome {
        try swiftlet(
            ["prepare"] + arguments + [
                "--tokenizer", tokenizer, "--output", path("out"), "--name", "x",
            ],
            input: input
        )
    }

    /// The tokens of a shard.
    func tokens(_ name: String = "x_train.bin") throws -> [Int32] {
        let shard = try TokenShard(directory.appending("out").appending(name))
        return try shard.tokens(in: 0..<shard.count)
    }

    var outputs: [String] {
        get throws { try FileSystem.names(in: directory.appending("out")).map(\.string) }
    }
}

private func withWorkplace(_ body: (Workplace) throws -> Void) throws {
    try withTemporaryDirectory { directory in
        let tokenizer = try writeTokenizer(to: directory.appending("bytes.bin"))
        try body(Workplace(directory: directory, tokenizer: tokenizer.string))
    }
}

/// The tokens of documents.
private func tokens(_ documents: String...) -> [Int32] {
    documents.flatMap { [256] + $0.utf8.map(Int32.init) }
}

@Suite(.serialized) struct PrepareTests {
    @Test func filesBecomeShardsAndStdoutNamesThem() throws {
        try withWorkplace { place in
            let input = try place.write("One.\n\nTwo.\n", to: "a b.txt")
            let outcome = try place.prepare(input, "--validation-tokens", "3")
            #expect(outcome.status == 0)
            let (val, train) = (place.path("out/x_val.bin"), place.path("out/x_train.bin"))
            #expect(outcome.output == "  \(val)    3 tokens\n  \(train)  9 tokens\n")
            #expect(outcome.errors.hasPrefix("swiftlet: 1 document, 11 bytes in "))
            #expect(outcome.errors.split(separator: "\n").count == 1)
            try #expect(place.tokens("x_val.bin") == [256, 79, 110])
            try #expect(
                place.tokens("x_val.bin") + place.tokens() == tokens("One.\n\nTwo.\n")
            )
        }
    }

    @Test(
        arguments: [
            ("none", tokens("a\n\nb<|endoftext|>\nc")),
            ("blank-lines", tokens("a\n\n", "b<|endoftext|>\nc")),
            ("marker", tokens("a\n\nb", "\nc")),
        ]
    )
    func textIsSplitAsAskedFor(split: String, expected: [Int32]) throws {
        try withWorkplace { place in
            let outcome = try place.prepare(
                "-",
                "--split",
                split,
                input: "a\n\nb<|endoftext|>\nc"
            )
            #expect(outcome.status == 0)
            try #expect(place.tokens() == expected)
        }
    }

    @Test func directoriesRowsAndFilesAreOneStream() throws {
        try withWorkplace { place in
            try place.write("{\"body\":\"row 1\"}\n{\"body\":\"row 2\"}\n", to: "in/b.jsonl")
            try place.write("a", to: "in/a/deep.md")
            let last = try place.write("{\"body\":\"row 3\"}", to: "rows")
            let outcome = try place.prepare(place.path("in"), "--text-field", "body")
            #expect(outcome.status == 0)
            try #expect(place.tokens() == tokens("a", "row 1", "row 2"))
            let rows = try place.prepare(last, "--jsonl", "--text-field", "body", "--overwrite")
            #expect(rows.status == 0)
            try #expect(place.tokens() == tokens("row 3"))
        }
    }

    @Test func shardsAreNumbered() throws {
        try withWorkplace { place in
            let outcome = try place.prepare(
                "-",
                "--shard-tokens",
                "4",
                "--validation-tokens",
                "2",
                "--json",
                input: "abcdefgh"
            )
            let object = try outcome.object()
            try #expect(
                place.outputs == [
                    "x_manifest.json", "x_train_000001.bin", "x_train_000002.bin",
                    "x_val_000000.bin",
                ]
            )
            let shards = try #require(object["shards"] as? [[String: Any]])
            #expect(shards.map { $0["tokens"] as? Int } == [2, 4, 3])
            #expect(shards.first?["path"] as? String == place.path("out/x_val_000000.bin"))
            #expect(object["tokens"] as? Int == 9)
            #expect(object["documents"] as? Int == 1)
            #expect(object["bytes"] as? Int == 8)
            #expect(object["seconds"] is Double)
        }
    }

    @Test func theNameDefaultsToThatOfTheInput() throws {
        try withWorkplace { place in
            try place.write("a", to: "my text.v1.txt")
            let outcome = try shell(
                "cd '\(place.directory)' && \"$SWIFTLET\" prepare 'my text.v1.txt'"
                    + " --tokenizer bytes.bin"
            )
            #expect(outcome.status == 0)
            #expect(FileSystem.exists(place.directory.appending("my text.v1_train.bin")))
        }
    }

    @Test func bytesThatAreNotTextAreKeptWithARemark() throws {
        try withWorkplace { place in
            let bytes: [UInt8] = [0, 0xFF, 0xC3, 0x28, 0x61, 0x80]
            let outcome = try place.prepare(place.write(bytes, to: "latin.txt"))
            #expect(outcome.status == 0)
            try #expect(place.tokens() == [256] + bytes.map(Int32.init))
            #expect(outcome.errors.contains("latin.txt': not UTF-8 text"))
        }
    }

    @Test func anEmptyFileAmongOthersGetsARemark() throws {
        try withWorkplace { place in
            try place.write("", to: "in/a.txt")
            try place.write("b", to: "in/b.txt")
            let outcome = try place.prepare(place.path("in"))
            #expect(outcome.status == 0)
            #expect(outcome.errors.contains("no text in '\(place.path("in/a.txt"))'\n"))
            try #expect(place.tokens() == tokens("b"))
        }
    }

    @Test func anInterruptionLeavesNothing() throws {
        try withWorkplace { place in
            let out = place.path("out")
            let outcome = try shell(
                """
                yes 'some text' | "$SWIFTLET" prepare - --tokenizer '\(place.tokenizer)' \
                    --output '\(out)' --name x & pid=$!
                until ls -A '\(out)' 2>/dev/null | grep -q x; do sleep 0.05; done
                kill -INT $pid; wait $pid
                """
            )
            #expect(outcome.status == 130)
            #expect(outcome.output == "")
            try #expect(place.outputs == [])
        }
    }

    @Test(
        .enabled(if: TestData.isAvailable, Comment(rawValue: TestData.skipReason)),
        arguments: ["gpt2_tokenizer.bin", "encoder.json"]
    )
    func tinyShakespeareMatchesLLMC(tokenizer: String) throws {
        try withTemporaryDirectory { directory in
            let outcome = try swiftlet([
                "prepare", TestData.path("tinyshakespeare/input.txt").string, "--tokenizer",
                TestData.path("gpt2/\(tokenizer)").string, "--output", directory.string, "--name",
                "tiny_shakespeare", "--split", "blank-lines", "--validation-tokens", "32768",
            ])
            #expect(outcome.status == 0)
            for name in ["tiny_shakespeare_train.bin", "tiny_shakespeare_val.bin"] {
                let original = try MappedFile(TestData.path("tinyshakespeare/\(name)"))
                let made = try MappedFile(directory.appending(name))
                #expect(try made.contents() == original.contents())
            }
        }
    }
}

@Suite(.serialized) struct PrepareErrorTests {
    @Test func inputsThatCannotBeReadAreNamed() throws {
        try withWorkplace { place in
            try place.write("x", to: "in/data.csv")
            let missing = place.path("missing.txt")
            expectError(try place.prepare(missing), 66, missing)
            expectError(try place.prepare(place.path("in")), 66, place.path("in"))
            let shard = try writeShard(to: place.directory.appending("shard.txt"))
            expectError(try place.prepare(shard.string), 65, "is a token shard, not")
            expectError(try place.prepare("-", "-"), 64, "standard input")
            expectError(try place.prepare(), 64, "inputs")
            #expect(!FileSystem.exists(place.directory.appending("out")))
        }
    }

    @Test func textThatIsEmptyIsNamed() throws {
        try withWorkplace { place in
            let empty = try place.write("", to: "empty.txt")
            expectError(try place.prepare(empty), 65, empty)
            expectError(try place.prepare("-"), 65, "standard input")
            let marker = try place.prepare("-", "--split", "marker", input: "<|endoftext|>")
            expectError(marker, 65, "standard input")
            try #expect(place.outputs == [])
        }
    }

    @Test func rowsThatAreNotJSONAreNamedByLine() throws {
        try withWorkplace { place in
            let rows = try place.write("{\"text\":\"a\"}\n{\"text\":1}\n", to: "rows.jsonl")
            expectError(try place.prepare(rows), 65, "\(rows):2: ")
            expectError(try place.prepare(rows, "--text-field", "b"), 65, "\(rows):1: ")
            let input = try place.prepare("-", "--jsonl", input: "once upon a time")
            expectError(input, 65, "standard input:1: ")
            try #expect(place.outputs == [])
        }
    }

    @Test func existingShardsAreKept() throws {
        try withWorkplace { place in
            try #expect(place.prepare("-", input: "a").status == 0)
            let train = place.path("out/x_train.bin")
            expectError(try place.prepare("-", input: "b"), 73, train)
            try #expect(place.tokens() == tokens("a"))
            try #expect(place.prepare("-", "--overwrite", input: "b").status == 0)
            try #expect(place.tokens() == tokens("b"))
        }
    }

    @Test func outputsThatCannotBeMadeAreNamed() throws {
        try withWorkplace { place in
            try place.write("a file", to: "out")
            expectError(try place.prepare("-", input: "a"), 73, place.path("out"))
        }
        try withWorkplace { place in
            let name = try swiftlet(
                ["prepare", "-", "--tokenizer", place.tokenizer, "--name", "a/b"],
                input: "a"
            )
            expectError(name, 64, "'a/b'")
        }
    }

    @Test func numbersOutOfRangeAreExplained() throws {
        try withWorkplace { place in
            let all = try place.prepare("-", "--validation-tokens", "4", input: "abc")
            expectError(all, 64, "4 tokens")
            for arguments in [
                ["--validation-tokens=-1"], ["--shard-tokens", "0"], ["--threads", "0"],
                ["--split", "lines"], ["--validation-tokens", "many"],
            ] {
                let outcome = try swiftlet(
                    ["prepare", "-", "--tokenizer", place.tokenizer] + arguments,
                    input: "abc"
                )
                expectError(outcome, 64, arguments[0].prefix { $0 != "=" }.description)
            }
        }
    }

    @Test(arguments: WrongFile.neverRight + [.model, .shard, .debugState])
    func wrongTokenizersAreNamed(file: WrongFile) throws {
        try file.withFile { path, directory in
            let outcome = try swiftlet(
                ["prepare", "-", "--tokenizer", path, "--output", directory.string],
                input: "a"
            )
            expectError(outcome, file.status, path)
        }
    }
}
