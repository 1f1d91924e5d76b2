import FileIO
import Foundation
import TestSupport
import Testing
import TokenData
import Tokenization

/// A directory with a text and a tokenizer trained on it by the program.
private func withTrained(
    _ body: (_ directory: FilePath, _ text: String, _ tokenizer: String) throws -> Void
) throws {
    try withTemporaryDirectory { directory in
        let text = String(repeating: "the cat and the dog and the other end\n", count: 20)
        let path = try writeBytes(Array(text.utf8), to: directory.appending("text.txt")).string
        let tokenizer = directory.appending("tokenizer.bin").string
        let outcome = try swiftlet([
            "tokenizer", "train", path, "--vocabulary-size", "270", "--output", tokenizer,
            "--huggingface", directory.appending("hf").string,
        ])
        #expect(outcome.status == 0)
        #expect(outcome.output.contains("\(tokenizer)"))
        #expect(outcome.output.contains("270 tokens"))
        try body(directory, path, tokenizer)
    }
}

@Suite(.serialized) struct TokenizerTrainTests {
    @Test func everyFormatHoldsTheSameTokenizer() throws {
        try withTrained { directory, text, tokenizer in
            let ids = try swiftlet("tokenizer", "encode", text, "--tokenizer", tokenizer)
            #expect(ids.status == 0)
            #expect(ids.output.split(separator: " ").count < 500)
            for name in ["hf", "hf/vocab.json", "hf/merges.txt"] {
                let path = directory.appending(name).string
                let other = try swiftlet("tokenizer", "encode", text, "--tokenizer", path)
                #expect(other.output == ids.output)
            }
        }
    }

    @Test func theSameTextGivesTheSameFile() throws {
        try withTrained { directory, text, tokenizer in
            let again = directory.appending("again.bin")
            let outcome = try shell(
                "cat '\(text)' | \"$SWIFTLET\" tokenizer train - --vocabulary-size 270"
                    + " --threads 1 --output '\(again)'"
            )
            #expect(outcome.status == 0)
            try #expect(
                MappedFile(again).contents() == MappedFile(FilePath(tokenizer)).contents()
            )
        }
    }

    @Test func documentsAreSplitAsInPrepare() throws {
        try withTemporaryDirectory { directory in
            func train(_ split: String) throws -> [UInt8] {
                let output = directory.appending("\(split).bin")
                let outcome = try swiftlet(
                    [
                        "tokenizer", "train", "-", "--split", split, "--vocabulary-size", "260",
                        "--output", output.string,
                    ],
                    input: String(repeating: "end<|endoftext|>", count: 9) + "thethe"
                )
                #expect(outcome.status == 0, "\(outcome.errors)")
                return try MappedFile(output).contents()
            }
            try #expect(train("none") != train("marker"))
        }
    }

    @Test func mistakesAreReportedInOneSentence() throws {
        try withTrained { directory, text, tokenizer in
            func train(_ input: String, _ size: String, _ output: String) throws -> Outcome {
                try swiftlet([
                    "tokenizer", "train", input, "--vocabulary-size", size, "--output", output,
                ])
            }
            let new = directory.appending("new.bin").string
            expectError(try train(text, "256", new), 64, "256")
            expectError(try train(text, "60000", new), 65, "too small for 60000 tokens")
            expectError(try train(text, "300", tokenizer), 73, tokenizer)
            let unmade = directory.appending("no/such/t.bin").string
            expectError(try train(text, "300", unmade), 73, unmade)
            let missing = directory.appending("missing.txt").string
            expectError(try train(missing, "300", new), 66, missing)
            let empty = try writeBytes([], to: directory.appending("empty.txt")).string
            expectError(try train(empty, "300", new), 65, empty)
            expectError(try train(tokenizer, "300", new), 65, "(byte-level BPE) tokenizer, not")
            #expect(!FileSystem.exists(FilePath(new)))
        }
    }
}

@Suite(.serialized) struct TokenizerEncodeTests {
    @Test func anyBytesRoundTrip() throws {
        try withTrained { directory, _, tokenizer in
            let bytes = (0..<300_000).map { _ in UInt8.random(in: 0...255) }
            let input = try writeBytes(bytes, to: directory.appending("noise"))
            let output = directory.appending("back")
            let outcome = try shell(
                """
                "$SWIFTLET" tokenizer encode --tokenizer '\(tokenizer)' '\(input)' \
                    | "$SWIFTLET" tokenizer decode --tokenizer '\(tokenizer)' > '\(output)'
                """
            )
            #expect(outcome.status == 0)
            try #expect(MappedFile(output).contents() == bytes)
        }
    }

    @Test func everyTextIsEncodedToALine() throws {
        try withTemporaryDirectory { directory in
            let tokenizer = try writeTokenizer(to: directory.appending("bytes.bin")).string
            let command = ["tokenizer", "encode", "--tokenizer", tokenizer]
            func encode(_ arguments: String..., input: String = "") throws -> Outcome {
                try swiftlet(command + arguments, input: input)
            }
            try #expect(
                encode("--text", "ab", "--text", "", "--text", "c").output == "97 98\n\n99\n"
            )
            try #expect(encode(input: "a\n").output == "97 10\n")
            try #expect(encode("-", input: "").output == "\n")
            let marker = "a<|endoftext|>b"
            try #expect(encode("--special", "--text", marker).output == "97 256 98\n")
            try #expect(encode("--text", marker).output.split(separator: " ").count == 15)
            let json = try encode("--json", "--text", "ab", "--text", "").output
            #expect(json == "{\"tokens\":[97,98],\"count\":2}\n{\"tokens\":[],\"count\":0}\n")
            expectError(try encode("--text", "a", "file"), 64, "--text")
            let missing = directory.appending("missing").string
            expectError(try encode(tokenizer, missing), 66, missing)
            expectError(try encode(directory.string), 66, directory.string)
        }
    }

    @Test func tokenizerJSONIsAcceptedLikeAnyOther() throws {
        try withTemporaryDirectory { directory in
            let bytes = try BytePairTokenizer(
                contentsOf: writeTokenizer(to: directory.appending("bytes.bin"))
            )
            var description = bytes.description
            description.splitting = .llama3
            let folder = directory.appending("model")
            try FileSystem.createDirectory(folder)
            let file = try description.writeJSON(in: folder)[0].string
            for path in [folder.string, file] {
                func tokenizer(_ arguments: String...) throws -> Outcome {
                    try swiftlet(["tokenizer"] + arguments + ["--tokenizer", path])
                }
                let text = "a<|endoftext|>b"
                let special = try tokenizer("encode", "--special", "--text", text)
                #expect(special.output == "97 256 98\n")
                try #expect(tokenizer("decode", "97", "98").output == "ab")
                let info = try swiftlet("tokenizer", "info", path, "--json").object()
                #expect(info["words"] as? String == "llama3")
                #expect(info["vocabulary"] as? Int == 257)
                #expect(info["added_tokens"] as? Int == 1)
            }
            try writeBytes(Array("one text".utf8), to: directory.appending("text.txt"))
            let outcome = try swiftlet([
                "prepare", directory.appending("text.txt").string, "--tokenizer", folder.string,
                "--output", directory.string, "--name", "x", "--validation-tokens", "0",
            ])
            #expect(outcome.status == 0, "\(outcome.errors)")
            let shard = try TokenShard(directory.appending("x_train.bin"))
            try #expect(shard.tokens(in: 0..<shard.count) == [256] + bytes.encode("one text"))
        }
    }

    @Test func idsInAnyUsualFormAreDecoded() throws {
        try withTemporaryDirectory { directory in
            let tokenizer = try writeTokenizer(to: directory.appending("bytes.bin")).string
            let command = ["tokenizer", "decode", "--tokenizer", tokenizer]
            func decode(_ arguments: String..., input: String = "") throws -> Outcome {
                try swiftlet(command + arguments, input: input)
            }
            try #expect(decode("72", "105").output == "Hi")
            try #expect(decode("[72,105]").output == "Hi")
            try #expect(decode(input: "[72, 105,\n10]\n").output == "Hi\n")
            try #expect(decode(input: "256").output == "<|endoftext|>")
            try #expect(decode(input: "").output == "")
            for (word, fragment) in [
                ("257", "no token 257"), ("x", "'x'"), ("1.5", "'1.5'"), ("1e3", "'1e3'"),
                ("-1", "'-1'"), ("99999999999", "'99999999999'"),
                (String(repeating: "9", count: 1000), "is not a token id"),
            ] {
                expectError(try decode(input: word), 65, fragment)
            }
        }
    }

    @Test func aTokenizerIsDescribed() throws {
        try withTrained { directory, _, tokenizer in
            let text = try swiftlet("tokenizer", "info", tokenizer)
            #expect(text.status == 0)
            #expect(text.output.contains("vocabulary     270\n"))
            for (path, format) in [
                (tokenizer, "llm.c"), (directory.appending("hf/merges.txt").string, "bpe"),
                (directory.appending("hf").string, "directory"),
            ] {
                let object = try swiftlet("tokenizer", "info", path, "--json").object()
                #expect(object["format"] as? String == format)
                #expect(object["vocabulary"] as? Int == 270)
                #expect(object["end_of_text"] as? Int == 269)
            }
        }
    }

    @Test(arguments: WrongFile.neverRight + [.model, .shard, .debugState])
    func wrongTokenizersAreNamed(file: WrongFile) throws {
        try file.withFile { path, _ in
            for arguments in [
                ["encode", "--text", "a", "--tokenizer", path],
                ["decode", "1", "--tokenizer", path],
                ["info", path],
            ] {
                let outcome = try swiftlet(["tokenizer"] + arguments)
                expectError(outcome, file.status, path)
            }
        }
    }

    @Test(.enabled(if: TestData.isAvailable, Comment(rawValue: TestData.skipReason)))
    func gpt2IdsMatchOpenAI() throws {
        let tokenizer = try TestData.path("gpt2/vocab.bpe").string
        let outcome = try swiftlet([
            "tokenizer", "encode", "--tokenizer", tokenizer, "--text", "Hello world",
        ])
        #expect(outcome.output == "15496 995\n")
    }
}
