// Files whose first bytes are also those of another kind, and how the command recognizes them.

import FileIO
import Foundation
import TestSupport
import Testing

@Suite(.serialized) struct RecognitionTests {
    /// The sentence that `sample` ends in with a file of these bytes for a model.
    private func sentence(_ bytes: [UInt8]) throws -> String {
        try withTemporaryDirectory { directory in
            let path = try writeBytes(bytes, to: directory.appending("file"))
            let outcome = try swiftlet("sample", "--model", path.string, "--prompt", "x")
            #expect(outcome.status != 0)
            return outcome.errors
        }
    }

    /// Text that begins like an array, like llama2.c's and llama.cpp's files, or like a piece.
    @Test(arguments: [
        "[Intro]\nOnce upon a time", "{name} had a hat", "24karat gold", "GGUF is a format",
        "\n\n\nthe end", "PKzip", "what was lost: \u{FFFD}", String(repeating: "é", count: 300),
        "x" + String(repeating: "é", count: 300),
    ])
    func proseIsText(text: String) throws {
        #expect(try sentence(Array(text.utf8)).contains("is a text file, not"))
    }

    @Test(arguments: ["[1, 2]", "[\"a\"]", "{\"a\": 1}", "\u{FEFF} {\"a\": NaN}", "[NaN]"])
    func documentsOfJSONAreJSON(text: String) throws {
        #expect(try sentence(Array(text.utf8)).contains("is a JSON file, not"))
    }

    /// The lengths begin like a pickle, like the magic number of llm.c's models, and like a piece.
    @Test(arguments: [640, 66_176, 20_240_326, 0x0A0A])
    func aSafetensorsFileIsRecognizedWhateverItsLengthSpells(byteCount: Int) throws {
        let header = Array("{}".utf8) + [UInt8](repeating: 0x20, count: byteCount - 2)
        let length = withUnsafeBytes(of: UInt64(byteCount).littleEndian) { Array($0) }
        #expect(try sentence(length + header).contains("is a safetensors file of tensors, but"))
    }

    @Test func modelsWithMagicNumbersAreRecognizedByMoreThanThose() throws {
        #expect(try sentence(Array("GGUF".utf8) + [3, 0, 0, 0]).contains("ends too early"))
        // llama2.c's, in a future version.
        #expect(try sentence(Array("24ka".utf8) + [9, 0, 0, 0]).contains("version 9"))
    }

    /// Lengths that spell a pickle in the files of a whole model.
    @Test func aModelWithSuchAHeaderGenerates() throws {
        try withTemporaryDirectory { directory in
            try writeHuggingFaceLlama(in: directory)
            let arguments = [
                "sample", "--model", directory.string, "--prompt", "Hi", "--max-tokens", "8",
                "--temperature", "0", "--ignore-eos", "--json",
            ]
            let before = try swiftlet(arguments).object()["tokens"] as? [Int]
            let path = directory.appending("model-00002-of-00002.safetensors")
            let bytes = try MappedFile(path).contents()
            let headerEnd = 8 + Int(bytes[0]) + Int(bytes[1]) << 8
            let blanks = [UInt8](repeating: 0x20, count: 66_176 - (headerEnd - 8))
            let length = withUnsafeBytes(of: UInt64(66_176).littleEndian) { Array($0) }
            try writeBytes(length + bytes[8..<headerEnd] + blanks + bytes[headerEnd...], to: path)
            let after = try swiftlet(arguments).object()["tokens"] as? [Int]
            #expect(before?.count == 8)
            #expect(after == before)
        }
    }

    @Test func pythonsJSONIsPrepared() throws {
        try withTemporaryDirectory { directory in
            let rows = directory.appending("rows.jsonl")
            let tokenizer = try writeTokenizer(to: directory.appending("bytes.bin")).string
            try writeBytes(
                Array("{\"text\":\"a\\ud83d\",\"score\":NaN}\r\n".utf8),
                to: rows
            )
            let outcome = try swiftlet([
                "prepare", rows.string, "--tokenizer", tokenizer, "--output",
                directory.appending("out").string, "--name", "rows",
            ])
            #expect(outcome.status == 0, "\(outcome.errors)")
            let shard = try MappedFile(directory.appending("out/rows_train.bin")).contents()
            // The end of text, "a" and U+FFFD, in two bytes each.
            let expected: [UInt8] = [0, 1, 0x61, 0, 0xEF, 0, 0xBF, 0, 0xBD, 0]
            #expect(shard.dropFirst(1024).elementsEqual(expected))
        }
    }
}
