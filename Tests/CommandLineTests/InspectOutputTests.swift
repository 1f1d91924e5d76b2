// `inspect ... --output`: the pages, which parts each has, and what is printed beside them.

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
        let outcome = try run(
            swiftletPath(),
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

    @Test(arguments: ["neurons", "weights", "neighbours"])
    func aPageHasItsOwnPart(name: String) throws {
        try look { looked in
            let page = try looked.page(name)
            #expect(parts(page) == [name])
        }
    }

    @Test func theObjectIsPrintedBesideThePage() throws {
        try look { looked in
            let path = looked.directory.appending("page.html").string
            for name in ["neighbours", "weights"] {
                let outcome = try run(
                    swiftletPath(),
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
            let outcome = try run(
                swiftletPath(),
                looked.arguments("neighbours", ["--output", "-"])
            )
            #expect(outcome.status == 0 && outcome.errors == "")
            #expect(outcome.output.hasPrefix("<!DOCTYPE html>"))
        }
    }

    @Test func aPageThatExistsStays() throws {
        try look { looked in
            let path = try writeBytes([1], to: looked.directory.appending("page.html"))
            for name in ["neurons", "weights"] {
                let outcome = try run(
                    swiftletPath(),
                    looked.arguments(name, ["--output", path.string])
                )
                #expect(outcome.status == 73)
                #expect(outcome.errors.contains("--overwrite"))
            }
            #expect(FileManager.default.contents(atPath: path.string) == Data([1]))
        }
    }

    @Test func aPageThatCannotBeWrittenIsSaidSo() throws {
        try look { looked in
            let outcome = try run(
                swiftletPath(),
                looked.arguments("neurons", ["--output", "/nowhere/page.html"])
            )
            #expect(outcome.status == 73)
            #expect(outcome.output == "")
            #expect(outcome.errors.contains("/nowhere"))
        }
    }
}
