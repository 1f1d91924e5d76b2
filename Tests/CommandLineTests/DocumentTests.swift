// What some documents name: files that exist, and commands that parse.

import FileIO
import Foundation
import Testing

@testable import SwiftletCLI

@Suite struct DocumentTests {
    private static let root = FilePath(#filePath).removingLastComponent().removingLastComponent()
        .removingLastComponent()

    private func text(_ name: String) throws -> String {
        try String(
            decoding: MappedFile(Self.root.appending("docs/\(name)")).contents(),
            as: UTF8.self
        )
    }

    @Test(
        arguments: [
            "how-it-works.md", "inspect.md", "server.md", "fine-tuning.md", "processes.md",
        ]
    )
    func everyFileThatIsNamedExists(document: String) throws {
        let links = try text(document).matches(of: /\]\(([^)#]+)\)/).map { String($0.output.1) }
        #expect(!links.isEmpty)
        for link in links where !link.hasPrefix("http") {
            let path = Self.root.appending("docs").appending(link).string
            #expect(FileManager.default.fileExists(atPath: path), "\(link)")
        }
    }

    @Test(arguments: ["how-it-works.md", "inspect.md"])
    func everyCommandParses(document: String) throws {
        let lines = try text(document).split(separator: "\n").filter { $0.hasPrefix("swiftlet ") }
        if document == "how-it-works.md" { #expect(!lines.isEmpty) }
        for line in lines {
            let words = try shell("swiftlet() { printf '%s\\n' \"$@\"; }; \(line)")
            #expect(words.status == 0, "\(line)")
            let arguments = words.output.split(separator: "\n").map { Array($0.utf8) }
            let texts = CommandLineArguments(arguments, of: SwiftletCommand.self)
            #expect(texts.unknownName == nil, "\(line)")
            #expect(throws: Never.self, "\(line)") {
                try SwiftletCommand.parseAsRoot(texts.texts)
            }
        }
    }
}
