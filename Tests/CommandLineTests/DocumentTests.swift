// What the documents name: files and headings that exist, and commands that parse.

import FileIO
import Foundation
import Testing

@testable import SwiftletCLI

@Suite struct DocumentTests {
    private static let root = FilePath(#filePath).removingLastComponent().removingLastComponent()
        .removingLastComponent()

    /// The pages, by their paths from the root.
    private static let pages =
        ["README.md", "CONTRIBUTING.md", "CHANGELOG.md", "data/README.md", "checkpoints/README.md"]
        + ((try? FileManager.default.contentsOfDirectory(atPath: root.appending("docs").string))
        ?? []).filter { $0.hasSuffix(".md") }.sorted().map { "docs/\($0)" }

    private static func text(_ path: FilePath) throws -> String {
        try String(decoding: MappedFile(path).contents(), as: UTF8.self)
    }

    /// The names by which a page's headings are linked to: in small letters, blanks as dashes.
    private static func anchors(of text: String) -> Set<String> {
        let headings = text.matches(of: /(?m)^#+ (.+)$/).map { $0.output.1.lowercased() }
        return Set(
            headings.map { heading in
                String(
                    heading.filter { $0.isLetter || $0.isNumber || "-_ ".contains($0) }
                        .map { $0 == " " ? "-" : $0 }
                )
            }
        )
    }

    @Test func theDocumentsAreFound() {
        #expect(Self.pages.count > 15)
    }

    @Test(arguments: pages)
    func everyFileAndHeadingThatIsLinkedToExists(page: String) throws {
        let path = Self.root.pushing(FilePath(page))
        let text = try Self.text(path)
        for match in text.matches(of: /\]\(([^)#]*)(?:#([^)]*))?\)/) {
            let (link, anchor) = (String(match.output.1), match.output.2.map { String($0) })
            if link.hasPrefix("http") { continue }
            let target = link.isEmpty ? path : path.removingLastComponent().pushing(FilePath(link))
            #expect(FileManager.default.fileExists(atPath: target.string), "\(link)")
            if let anchor {
                #expect(
                    Self.anchors(of: try Self.text(target)).contains(anchor),
                    "\(link)#\(anchor)"
                )
            }
        }
    }

    @Test(arguments: pages)
    func everyPathInTheRepositoryThatIsNamedExists(page: String) throws {
        let text = try Self.text(Self.root.pushing(FilePath(page)))
        for match in text.matches(of: /`((?:Sources|Tests|scripts|docs)\/[\w+.\/-]+)`/) {
            let path = Self.root.pushing(FilePath(String(match.output.1))).string
            #expect(FileManager.default.fileExists(atPath: path), "\(match.output.1)")
        }
    }

    @Test(arguments: pages)
    func everyCommandParses(page: String) throws {
        let lines = try Self.text(Self.root.pushing(FilePath(page))).split(separator: "\n")
            .filter { $0.hasPrefix("swiftlet ") }
        if page == "docs/how-it-works.md" { #expect(!lines.isEmpty) }
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
