// Lines with colors, their width, and the bytes that rewrite them in place.

import Testing

@testable import SwiftletCLI

@Suite struct LiveRegionTests {
    private let clear = "\u{1b}[J"
    private let endOfLine = "\u{1b}[K\n"
    private let wrapOff = "\u{1b}[?7l"
    private let wrapOn = "\u{1b}[?7h"

    @Test func aFrameBeginsWhereTheLastOneBegan() {
        var region = LiveRegion(inColor: false)
        let lines = [StyledLine("one"), StyledLine("two")]
        let frame = "\(wrapOff)one\(endOfLine)two\(endOfLine)\(wrapOn)\(clear)"
        #expect(region.replace(with: lines, columns: 80) == "\r\(clear)" + frame)
        #expect(region.replace(with: lines, columns: 80) == "\r\u{1b}[2A" + frame)
        region.release()
        #expect(region.replace(with: lines, columns: 80) == "\r" + frame)
    }

    @Test func aLineThatStaysTakesThePlaceOfTheRegion() {
        var region = LiveRegion(inColor: false)
        _ = region.replace(with: [StyledLine("one")], columns: 80)
        #expect(
            region.replace(with: [StyledLine("two")], above: StyledLine("kept"), columns: 80)
                == "\r\u{1b}[1A\(clear)kept\n\(wrapOff)two\(endOfLine)\(wrapOn)\(clear)"
        )
    }

    @Test func linesWrappedByANarrowerTerminalAreFullyReplaced() {
        var region = LiveRegion(inColor: false)
        _ = region.replace(with: [StyledLine("0123456789"), StyledLine()], columns: 80)
        #expect(region.replace(with: [], columns: 4).hasPrefix("\r\u{1b}[4A\(clear)"))
        #expect(region.replace(with: [], columns: 4).hasPrefix("\r\(wrapOff)"))
    }

    @Test func colorsAreWrittenOnlyIfEnabled() {
        var line = StyledLine("a")
        line.append("b", .warning)
        #expect(line.rendered(inColor: true) == "a\u{1b}[33mb\u{1b}[0m")
        #expect(line.rendered(inColor: false) == "ab")
        #expect(line.cut(to: 1) == StyledLine("a"))
    }

    @Test(arguments: [
        ("abc", 3), ("é", 1), ("e\u{301}", 1), ("数学", 4), ("한", 2), ("🙂", 2), ("👩‍👩‍👧", 2),
        ("❤️", 2), ("", 0),
    ])
    func wideCharactersTakeTwoColumns(text: String, columns: Int) {
        #expect(text.columnCount == columns)
    }

    @Test func textIsBrokenBetweenWords() {
        func wrapped(_ text: String, _ columns: Int, _ limit: Int = 9) -> [String] {
            text.wrapped(columns: columns, limit: limit, more: "…")
        }
        #expect(wrapped("to be or not to be", 8) == ["to be or", "not to", "be"])
        #expect(wrapped("one\n\n two", 8) == ["one", "two"])
        #expect(wrapped("abcdefgh ij", 3) == ["abc", "def", "gh", "ij"])
        #expect(wrapped("to be or not to be", 8, 2) == ["to be or", "not to…"])
        #expect(wrapped("to be or not to be", 8, 1) == ["to be o…"])
        #expect(wrapped("数学", 1) == ["", ""])
        #expect(wrapped("数学と詩", 5) == ["数学", "と詩"])
        #expect(wrapped("", 5) == [])
    }
}
