// The names of files and arguments, and the contents of files, never move the cursor of a
// terminal, change its colors or rename its window.

import Foundation
import Swiftlet
import TestSupport
import Testing

@testable import SwiftletCLI

@Suite(.serialized) struct ControlCharacterTests {
    private static let name = "a\u{1b}[31m\u{9b}2J\u{202e}\nb"
    private static let shown = "a\\u{1b}[31m\\u{9b}2J\\u{202e}\\nb"

    @Test func everyModuleEscapesPathsInItsErrors() {
        let path = FilePath(Self.name)
        let errors: [any Error] = [
            FileIOError.isDirectory(path: path),
            DownloadError.cannotWrite(path: path, reason: "x"),
            TextTokenizerError.wrongCount(path: path, expected: 1, found: 2),
            TokenDataError.empty(path: path),
            PreparationError.noTextFiles(directory: path, extensions: []),
            StoryGrammarError.notText(path: path),
            TensorFileError.wrongSize(path: path, expected: 1, found: 2),
            ModelError.impossibleSizes(path: path, reason: "x"),
            TrainingError.noCheckpoint(path: path),
            ReportError.malformedLine(path: path, line: 1, problem: "x"),
        ]
        for error in errors {
            #expect("\(error)".contains(Self.shown), "\(type(of: error))")
            #expect(!"\(error)".contains("\u{1b}"), "\(type(of: error))")
        }
    }

    @Test func commandsEscapePaths() throws {
        try withTemporaryDirectory { directory in
            let unexpected = directory.appending(Self.name + ".gguf")
            try writeBytes(Array("GGUF".utf8), to: unexpected)
            let wrongKind = try swiftlet("tokenizer", "info", unexpected.string)
            #expect(wrongKind.status == 65)
            #expect(wrongKind.errors.contains(Self.shown))
            #expect(!wrongKind.errors.contains("\u{1b}"))

            let missing = directory.appending(Self.name)
            let error = try swiftlet("info", missing.string)
            #expect(error.status == 66)
            #expect(error.errors.contains(Self.shown))
            #expect(error.errors.count { $0 == "\n" } == 1)

            let shard = try writeShard(to: directory.appending(Self.name))
            let text = try swiftlet("info", shard.string)
            #expect(text.status == 0)
            #expect(text.output.hasPrefix("\(directory)/\(Self.shown)\n"))

            // Standard JSON has no escape of a control character after the first 32 but \u.
            let json = try swiftlet("info", shard.string, "--json")
            #expect(try json.object()["path"] as? String == shard.string)
            #expect(json.output.contains(#"a\u001b[31m\u009b2J\u202e\nb"#))
        }
    }

    @Test func valuesOfArgumentsAreEscaped() throws {
        for arguments in [
            ["info", "x", "--\u{1b}[31m"], ["sample", "--model", "x", "--seed", "\u{9b}1m"],
        ] {
            let outcome = try swiftlet(arguments)
            #expect(outcome.status == 64)
            #expect(outcome.errors.contains("\\u{"))
            #expect(outcome.errors.unicodeScalars.allSatisfy { $0 == "\n" || $0.value >= 0x20 })
            #expect(!outcome.errors.contains("\u{9b}"))
        }
    }

    @Test func textOfFilesInErrorsIsEscaped() throws {
        try withTemporaryDirectory { directory in
            let rows = try writeBytes(
                Array("{\"\\u001b[31m\": 1}\n".utf8),
                to: directory.appending("rows.jsonl")
            )
            let tokenizer = try writeTokenizer(to: directory.appending("bytes.bin"))
            let outcome = try swiftlet([
                "prepare", rows.string, "--tokenizer", tokenizer.string, "--output",
                directory.appending("out").string,
            ])
            #expect(outcome.status == 65)
            #expect(outcome.errors.contains("\\u{1b}[31m"))
            #expect(!outcome.errors.contains("\u{1b}"))
        }
    }

    @Test func aCellOfATableStaysOnItsLine() {
        var table = Table(.left, .right)
        table.append("wte\n\u{1b}[31m", "1")
        table.append("b", "22")
        #expect(table.text == "  wte\\n\\u{1b}[31m   1\n  b                22")
    }
}
