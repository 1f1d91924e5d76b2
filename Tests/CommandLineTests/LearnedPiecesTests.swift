// The vocabulary that scripts/learn_pieces learns is one of llama2.c's for every command.

import FileIO
import TestSupport
import Testing

private let hasPython = (try? shell("command -v python3").status) == 0

@Suite(.serialized, .enabled(if: hasPython, "there is no python3 here"))
struct LearnedPiecesTests {
    private let script = FilePath(#filePath).removingLastComponent().removingLastComponent()
        .removingLastComponent().appending("scripts/learn_pieces")

    private func learn(_ text: FilePath, _ pieces: Int, _ output: FilePath) throws -> Outcome {
        try shell("'\(script)' '\(text)' --pieces \(pieces) --output '\(output)'")
    }

    private func stories(in directory: FilePath) throws -> FilePath {
        let path = directory.appending("stories.txt")
        let told = try swiftlet("stories", "--bytes", "200000", "--output", path.string)
        try #require(told.status == 0)
        return path
    }

    @Test func aLearnedVocabularyEncodesEveryText() throws {
        try withTemporaryDirectory { directory in
            let (text, pieces) = (try stories(in: directory), directory.appending("pieces.bin"))
            #expect(try learn(text, 512, pieces).status == 0)
            let info = try swiftlet("tokenizer", "info", pieces.string, "--json").object()
            #expect(info["vocabulary"] as? Int == 512)
            let sentence = "Once upon a time, there was a girl."
            for text in [sentence, "Zoë paid 5 € — \t99%!\nNothing  else?", "x"] {
                let ids = try swiftlet([
                    "tokenizer", "encode", "--tokenizer", pieces.string, "--text", text,
                ]).output.split(whereSeparator: \.isWhitespace).map(String.init)
                let arguments = ["tokenizer", "decode", "--tokenizer", pieces.string] + ids
                let decoded = try swiftlet(arguments)
                #expect(decoded.output == text)
                // Common words are pieces.
                if text == sentence { #expect(ids.count < text.count / 2) }
            }
            // The same text gives the same pieces.
            let again = directory.appending("again.bin")
            #expect(try learn(text, 512, again).status == 0)
            #expect(try MappedFile(again).contents() == MappedFile(pieces).contents())
        }
    }

    @Test func textThatCannotBeLearnedFromIsRefused() throws {
        try withTemporaryDirectory { directory in
            let output = directory.appending("pieces.bin")
            func expectRefused(
                _ text: FilePath,
                _ pieces: Int,
                _ status: Int32,
                _ words: String
            ) throws {
                let outcome = try learn(text, pieces, output)
                #expect(outcome.status == status, "\(outcome.errors)")
                #expect(outcome.errors.contains(words), "\(outcome.errors)")
                #expect(!FileSystem.exists(output))
            }
            let text = try stories(in: directory)
            try expectRefused(directory.appending("none.txt"), 512, 66, "cannot be read")
            try expectRefused(text, 40_000, 65, "too few different words")
            try expectRefused(text, 100, 64, "or more for this text")
            let bytes = try writeBytes([0xFF, 0x20, 0xFF], to: directory.appending("bytes.txt"))
            try expectRefused(bytes, 512, 65, "not text in UTF-8")
            let word = try writeBytes(Array("word".utf8), to: directory.appending("word.txt"))
            try expectRefused(word, 512, 65, "fewer than two words")
            let nowhere = directory.appending("no/pieces.bin")
            #expect(try learn(text, 512, nowhere).status == 73)
        }
    }
}
