// `inspect ... --output`: the pages, the parts that each has, and what is printed with them.

import FileIO
import Foundation
import TestSupport
import Testing

/// A small model, its tokenizer and a text.
private struct Looked {
    let directory: FilePath
    private let model: FilePath
    private let tokenizer: FilePath
    let text: FilePath

    init(_ directory: FilePath) throws {
        self.directory = directory
        model = try writeModel(to: directory.appending("m.bin"), contextLength: 32)
        tokenizer = try writeTokenizer(to: directory.appending("t.bin"))
        text = try writeBytes(Array("A quick brown fox".utf8), to: directory.appending("a.txt"))
    }

    /// The arguments of a question.
    func arguments(_ name: String, _ more: [String] = []) -> [String] {
        let questions = [
            "attention": ["--prompt", "A fox"], "lens": ["--prompt", "A fox"],
            "next": ["--prompt", "A fox"], "heads": [],
            "ablate": ["--text", text.string, "--mlps", "--sequence-length", "8"],
            "neurons": ["--layer", "0", "--text", text.string],
            "weights": ["--tensor", "wte"], "neighbours": ["--id", "65"],
        ]
        return [
            "inspect", name, "--model", model.string, "--tokenizer", tokenizer.string,
        ] + (questions[name] ?? []) + more
    }

    /// The page of a question.
    func page(_ name: String, _ more: [String] = []) throws -> String {
        let path = directory.appending("page.html")
        let outcome = try swiftlet(
            arguments(name, more + ["--output", path.string, "--overwrite"])
        )
        #expect(outcome.status == 0, "\(outcome.errors)")
        #expect(outcome.output == "\(path)\n")
        return try String(contentsOfFile: path.string, encoding: .utf8)
    }
}

/// The parts of a page, in their order.
private func parts(_ page: String) -> [String] {
    page.components(separatedBy: "data-part=\"").dropFirst()
        .map { String($0.prefix { $0 != "\"" }) }
}

@Suite(.serialized) struct InspectOutputTests {
    private func look(_ body: (Looked) throws -> Void) throws {
        try withTemporaryDirectory { try body(Looked($0)) }
    }

    @Test func aPromptsPageHasAllPartsAndTheRequestedOneFirst() throws {
        try look { looked in
            let names = ["attention", "lens", "next"]
            for name in names {
                let page = try looked.page(name)
                #expect(parts(page) == [name] + names.filter { $0 != name } + ["heads"])
                #expect(page.contains("<li>float32</li>"))
                #expect(page.contains("A fox</blockquote>"))
            }
        }
    }

    @Test(arguments: ["attention", "lens", "next"])
    func aPromptsPageHasTheLossWithoutEachHeadIfThereIsData(name: String) throws {
        try look { looked in
            let data = try writeShard(to: looked.directory.appending("val.bin")).string
            let page = try looked.page(name, ["--data", data])
            #expect(parts(page).suffix(2) == ["heads", "ablate"])
            let outcome = try swiftlet(looked.arguments(name, ["--data", data]))
            #expect(outcome.status == 64)
            #expect(outcome.errors.contains("--data is for the page of --output"))
        }
    }

    @Test(arguments: ["heads", "ablate", "neurons", "weights", "neighbours"])
    func everyOtherPageHasItsOwnPart(name: String) throws {
        try look { looked in
            let page = try looked.page(name)
            #expect(parts(page) == [name])
        }
    }

    @Test func thePageShowsTheChosenLayersHeadsAndTokens() throws {
        try look { looked in
            let page = try looked.page("attention", ["--heads", "1", "--token", "2"])
            #expect(page.contains("\"heads\":[1],\"layers\":[0"))
            #expect(page.contains("\"chosen\":2"))
            let lens = try looked.page("lens", ["--layers", "0", "--top", "2"])
            #expect(lens.components(separatedBy: "\"positions\"").count == 2)
        }
    }

    @Test func theObjectIsPrintedAlongWithThePage() throws {
        try look { looked in
            let path = looked.directory.appending("page.html").string
            for name in ["next", "weights"] {
                let outcome = try swiftlet(
                    looked.arguments(name, ["--json", "--output", path, "--overwrite"])
                )
                #expect(outcome.status == 0)
                let object = try outcome.object()
                #expect(!object.isEmpty)
                #expect(FileManager.default.fileExists(atPath: path))
            }
        }
    }

    @Test func thePageItselfGoesToStandardOutput() throws {
        try look { looked in
            let outcome = try swiftlet(looked.arguments("neighbours", ["--output", "-"]))
            #expect(outcome.status == 0 && outcome.errors == "")
            #expect(outcome.output.hasPrefix("<!DOCTYPE html>"))
        }
    }

    @Test func anExistingPageIsKept() throws {
        try look { looked in
            let path = try writeBytes([1], to: looked.directory.appending("page.html"))
            for name in ["attention", "weights"] {
                let outcome = try swiftlet(looked.arguments(name, ["--output", path.string]))
                #expect(outcome.status == 73)
                #expect(outcome.errors.contains("--overwrite"))
            }
            #expect(FileManager.default.contents(atPath: path.string) == Data([1]))
        }
    }

    @Test(
        arguments: [
            "attention", "lens", "next", "heads", "ablate", "neurons", "weights", "neighbours",
        ]
    )
    func noLineIsWiderThanTheTerminal(name: String) throws {
        try look { looked in
            let command = try ([swiftletPath()] + looked.arguments(name)).map { "'\($0)'" }
            let session = try TerminalSession(
                ["/bin/sh", "-c", command.joined(separator: " ") + " 2> /dev/null"],
                columns: 36,
                environment: ["TERM": "xterm", "NO_COLOR": "1", "LC_ALL": "C.UTF-8"]
            )
            #expect(try session.waitForExit() == 0)
            let written = String(decoding: session.written, as: UTF8.self)
            let lines = written.components(separatedBy: "\r\n")
            #expect(lines.count > 3)
            #expect(lines.allSatisfy { $0.count <= 36 }, "\(written)")
        }
    }

    @Test func aTokenCanBeChosenForAPageAlongWithTheObject() throws {
        try look { looked in
            for name in ["attention", "lens"] {
                let outcome = try swiftlet(
                    looked.arguments(
                        name,
                        ["--json", "--token", "2", "--output", "\(looked.directory)/\(name).html"]
                    )
                )
                #expect(outcome.status == 0, "\(outcome.errors)")
                #expect(!(try outcome.object()).isEmpty)
                // Without a page it would choose nothing.
                let alone = try swiftlet(looked.arguments(name, ["--json", "--token", "2"]))
                #expect(alone.status == 64)
                #expect(alone.errors.contains("--token cannot be used with --json"))
            }
        }
    }

    @Test func topIsForTextOnly() throws {
        try look { looked in
            for form in [["--json"], ["--output", "\(looked.directory)/page.html"]] {
                let outcome = try swiftlet(looked.arguments("attention", ["--top", "3"] + form))
                #expect(outcome.status == 64)
                #expect(outcome.errors.contains("--top is for text"))
            }
        }
    }

    @Test func anUnwritablePageIsReportedBeforeAnythingIsRead() throws {
        try look { looked in
            let page = looked.directory.appending("page.html").string
            let (missing, there) = ("\(looked.directory)/no/page.html", looked.directory.string)
            for (path, sentence, status) in [
                (missing, "there is no directory", 73), (there, "is a directory", 73),
                (page, "missing.bin", 66),
            ] {
                let outcome = try swiftlet([
                    "inspect", "heads", "--model", "\(looked.directory)/missing.bin", "--output",
                    path,
                ])
                #expect(outcome.status == Int32(status))
                #expect(outcome.errors.contains(sentence), "\(outcome.errors)")
            }
            // Nor does checking leave anything behind.
            let names = try FileManager.default.contentsOfDirectory(atPath: there)
            #expect(!names.contains { $0.contains("page.html") })
        }
    }

    @Test func anUnwritablePageIsReported() throws {
        try look { looked in
            let outcome = try swiftlet(
                looked.arguments("next", ["--output", "/nowhere/page.html"])
            )
            #expect(outcome.status == 73)
            #expect(outcome.output == "")
            #expect(outcome.errors.contains("/nowhere"))
        }
    }
}
