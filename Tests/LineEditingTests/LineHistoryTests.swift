// What was typed before, in memory and in its file.

import FileIO
import TestSupport
import Testing

@testable import LineEditing

#if canImport(Glibc)
    @preconcurrency import Glibc
#elseif canImport(Musl)
    @preconcurrency import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

@Suite struct LineHistoryTests {
    @Test func theUnfinishedLineIsKept() {
        var history = LineHistory(["one", "two"])
        #expect(history.previous("unfin") == "two")
        #expect(history.previous("two") == "one")
        #expect(history.previous("one") == nil)
        #expect(history.next() == "two")
        #expect(history.next() == "unfin")
        #expect(history.next() == nil)
        #expect(history.previous("other") == "two")
        #expect(history.next() == "other")
    }

    @Test func blankLinesAndRepetitionsAreNotAdded() {
        var history = LineHistory()
        #expect(history.add("one") == true)
        #expect(history.add("one") == false)
        #expect(history.add(" \n\t") == false)
        #expect(history.add("two") == true)
        #expect(history.add("one") == true)
        #expect(history.entries == ["one", "two", "one"])
        #expect(history.previous("") == "one")
    }

    @Test func theOldestAreForgotten() {
        var history = LineHistory()
        for number in 0..<1100 { history.add("\(number)") }
        #expect(history.entries.count == 1000)
        #expect(history.entries.first == "100")
    }

    @Test func aSearchGoesBack() {
        let history = LineHistory(["a cat", "a dog", "the cat", "none"])
        var search = HistorySearch(draft: "draft")
        #expect(search.text(in: history) == "draft")
        search.extend(by: "c", in: history)
        search.extend(by: "a", in: history)
        #expect(search.text(in: history) == "the cat")
        search.findOlder(in: history)
        #expect(search.text(in: history) == "a cat")
        search.findOlder(in: history)
        #expect(search.text(in: history) == "a cat")
        search.extend(by: "x", in: history)
        #expect(search.words == "cax")
        #expect(search.text(in: history) == "a cat")
        search.shorten(in: history)
        #expect(search.text(in: history) == "the cat")
    }

    // MARK: The file

    @Test func addedLinesAreReadBack() throws {
        try withTemporaryDirectory { directory in
            let path = directory.appending("state").appending("history")
            let texts = ["one", "two\nlines", "a\\nb", "tab\t数\u{1b}[31m", "\\"]
            let file = HistoryFile(path)
            #expect(try file.read() == [])
            for text in texts { try file.append(text) }
            #expect(try file.read() == texts)
            #expect(try permissions(of: path) == 0o600)
            #expect(try permissions(of: path.removingLastComponent()) == 0o700)
        }
    }

    @Test func aLongFileIsCutToItsEnd() throws {
        try withTemporaryDirectory { directory in
            let path = directory.appending("history")
            let lines = (0..<2500).map { "line \($0)\n" }.joined()
            try writeBytes(Array(lines.utf8), to: path)
            #expect(try HistoryFile(path).read().count == 1000)
            let (first, size) = (try HistoryFile(path).read().first, try byteCount(of: path))
            #expect(first == "line 1500")
            #expect(size < lines.utf8.count / 2)

            // Longer than what is ever read.
            let huge = String(repeating: String(repeating: "x", count: 99) + "\n", count: 40_000)
            try writeBytes(Array(huge.utf8), to: path)
            let texts = try HistoryFile(path).read()
            #expect(texts.count == 1000)
            #expect(texts.allSatisfy { $0.count == 99 })
            #expect(try byteCount(of: path) == 100_000)
        }
    }

    @Test func pastedTextIsNotKept() throws {
        try withTemporaryDirectory { directory in
            let file = HistoryFile(directory.appending("history"))
            try file.append(String(repeating: "x", count: 100_000))
            // A file with a null byte is not ours.
            try file.append("a\0b")
            #expect(try file.read() == [])
        }
    }

    @Test func aFileOfAnotherKindIsLeftAlone() throws {
        try withTemporaryDirectory { directory in
            let path = directory.appending("history")
            for bytes: [UInt8] in [[0xff, 0xfe, 0x0a], [0x61, 0x00, 0x62]] {
                try writeBytes(bytes, to: path)
                #expect(throws: FileIOError.self) { try HistoryFile(path).read() }
                #expect(try MappedFile(path).contents() == bytes)
            }
            // Longer than what is read, and without a line end.
            let zeros = [UInt8](repeating: 0, count: 1_100_000)
            try writeBytes(zeros, to: path)
            #expect(throws: FileIOError.self) { try HistoryFile(path).read() }
            #expect(try byteCount(of: path) == zeros.count)
            #expect(throws: FileIOError.self) { try HistoryFile(directory).read() }
            #expect(throws: FileIOError.self) { try HistoryFile("/dev/null").read() }
        }
    }

    @Test func theFileIsWhereTheStandardSays() {
        func path(_ variables: [String: String]) -> FilePath? {
            HistoryFile(named: "history") { variables[$0] }?.path
        }
        #expect(path(["HOME": "/home/a"]) == "/home/a/.local/state/swiftlet/history")
        #expect(path(["XDG_STATE_HOME": "/s", "HOME": "/home/a"]) == "/s/swiftlet/history")
        #expect(
            path(["XDG_STATE_HOME": "s", "HOME": "/h"]) == "/h/.local/state/swiftlet/history"
        )
        #expect(path([:]) == nil)
        #expect(path(["HOME": ""]) == nil)
    }

    private func writeBytes(_ bytes: [UInt8], to path: FilePath) throws {
        let file = try AtomicFile(path)
        try file.write(bytes)
        try file.commit()
    }

    private func byteCount(of path: FilePath) throws -> Int { try MappedFile(path).count }

    private func permissions(of path: FilePath) throws -> mode_t {
        var status = stat()
        try #require(path.withPlatformString { stat($0, &status) } == 0)
        return status.st_mode & 0o777
    }
}
