// Which shards of a text are found again, and which are made again.

import FileIO
import TestSupport
import Testing
import Tokenization

@testable import TokenData

@Suite struct PreparedTextTests {
    /// A tokenizer of the bytes, `ab` and `bc`, of which the merges say which comes first.
    private func tokenizer(_ merges: String, in directory: FilePath) throws -> BytePairTokenizer {
        // GPT-2's characters for bytes: those that print are themselves.
        let printing = [33...126, 161...172, 174...255].flatMap(Array.init)
        let characters = printing + (0..<256 - printing.count).map { 256 + $0 }
        let tokens = characters.compactMap(UnicodeScalar.init).map { String(Character($0)) }
        let entries = (tokens + ["ab", "bc", "<|endoftext|>"]).enumerated().map { index, token in
            let mark = token == "\"" || token == "\\" ? "\\" : ""
            return "\"\(mark)\(token)\": \(index)"
        }
        let vocabulary = directory.appending("vocab.json")
        try writeText(Array("{\(entries.joined(separator: ","))}".utf8), to: vocabulary)
        let mergesFile = directory.appending("merges.txt")
        try writeText(Array("#version: 0.2\n\(merges)".utf8), to: mergesFile)
        return try BytePairTokenizer(vocabularyFile: vocabulary, mergesFile: mergesFile)
    }

    @Test func shardsAreFoundAgainOnlyForTheSameTextFormatAndTokenizer() throws {
        try withTemporaryDirectory { directory in
            let text = directory.appending("text")
            try writeText(Array("{\"text\": \"abc abc\", \"title\": \"cab\"}\n".utf8), to: text)
            let tokenizers = try ["a b\nb c\n", "b c\na b\n"].map {
                try tokenizer($0, in: directory)
            }
            #expect(tokenizers[0].vocabulary == tokenizers[1].vocabulary)
            func path(
                _ format: TextInput.Format,
                field: String = "text",
                _ tokenizer: Int = 0
            ) throws -> FilePath {
                let input = TextInput(path: text, format: format)
                return try PreparedText(
                    TextDocuments([input], textField: field),
                    tokenizer: tokenizers[tokenizer],
                    directory: directory.appending("out"),
                    heldOutTokens: 0
                ).trainingPath
            }
            let paths = [
                try path(.text), try path(.jsonLines), try path(.jsonLines, field: "title"),
                try path(.text, 1),
            ]
            #expect(Set(paths).count == 4)
            #expect(try path(.text) == paths[0])
            let shards = try paths.map { try MappedFile($0).contents() }
            #expect(Set(shards).count == 4)
        }
    }

    @Test func readingTheTextReportsProgressAndCanBeStopped() throws {
        struct Stop: Error {}
        try withTemporaryDirectory { directory in
            let text = directory.appending("text")
            try writeText([UInt8](repeating: 97, count: 3_000_000), to: text)
            var seen: [Int] = []
            #expect(throws: Stop.self) {
                try PreparedText(
                    TextDocuments([TextInput(path: text, format: .text)]),
                    tokenizer: Prepared.tokenizer,
                    directory: directory.appending("out"),
                    heldOutTokens: 0,
                    readingProgress: { count, total in
                        #expect(total == 3_000_000)
                        seen.append(count)
                        if count == total { throw Stop() }
                    }
                )
            }
            #expect(seen == [1 << 20, 2 << 20, 3_000_000])
            #expect(!FileSystem.exists(directory.appending("out")))
        }
    }
}
