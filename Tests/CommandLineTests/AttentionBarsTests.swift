// The layouts of `inspect attention`: the same patterns give the same lines.

import Swiftlet
import Testing

@testable import SwiftletCLI

private let words = ["The", "·cat", "·sat", "·and", "·it"]

private func bars(_ glyphs: DisplayGlyphs = .unicode, _ names: [String] = words) -> AttentionBars {
    AttentionBars(glyphs: glyphs) { names[Int($0)] }
}

private let tokens: [TokenID] = [0, 1, 2, 3, 4]

/// A head that attends to the cat, and one that rests on the first token.
private let heads = [
    AttentionBars.Head(layer: 5, head: 1, weights: [0.25, 0.5, 0.125, 0.0625, 0.0625]),
    AttentionBars.Head(layer: 11, head: 0, weights: [0.997, 0.003, 0, 0, 0]),
]

@Suite struct AttentionBarsTests {
    @Test func eachHeadShowsTheTokensItAttendsToMost() {
        let lines = bars().lines(heads, of: 144, from: 4, in: tokens, columns: 80).map(\.text)
        #expect(
            lines[..<5]
                == [
                    "  0 The  1 ·cat  2 ·sat  3 ·and  4 ·it",
                    "",
                    "  where 4 ·it looks: 2 of 144 heads, the strongest first",
                    "",
                    "  layer  head    token  share",
                ][...]
        )
        #expect(
            lines[5] == "      5     1  1 ·cat   0.500  " + String(repeating: "━", count: 24) + "╸"
        )
        #expect(lines[6].hasPrefix("               0 The    0.250  ━━"))
        #expect(lines[7].hasPrefix("               2 ·sat   0.125  ━━"))
        // Less than half a percent is not shown.
        #expect(lines[8].hasPrefix("     11     0  0 The    0.997  ━━"))
        #expect(lines.count == 9)
    }

    @Test func aSingleHeadShowsItsTokensInTheOrderOfTheText() {
        let lines = bars().lines([heads[0]], of: 1, from: 4, in: tokens, columns: 80).map(\.text)
        #expect(lines[2] == "  where 4 ·it looks: layer 5, head 1")
        #expect(lines[5].hasPrefix("      5     1  0 The    0.250  ━━"))
        for (position, word) in words.enumerated().dropFirst() {
            #expect(lines[5 + position].hasPrefix("               \(position) \(word) "))
        }
    }

    @Test(arguments: [1, 12, 40, 80, 200])
    func everyLineFitsIntoTheTerminal(columns: Int) {
        let long = words.map { $0 + String(repeating: "数学", count: 30) }
        for glyphs in [DisplayGlyphs.unicode, .ascii] {
            for names in [words, long] {
                let lines = bars(glyphs, names)
                    .lines(heads, of: 2, from: 4, in: tokens, columns: columns)
                #expect(lines.allSatisfy { $0.width <= columns })
                // A narrow terminal shows what matters most.
                if columns >= 40 { #expect(lines.contains { $0.text.contains("0.500") }) }
            }
        }
    }

    @Test func barsInASCIIUseOnlyASCII() {
        let names = ["The", "_cat", "_sat", "_and", "_it"]
        let lines = bars(.ascii, names).lines(heads, of: 2, from: 4, in: tokens, columns: 80)
        #expect(lines.allSatisfy { $0.text.utf8.allSatisfy { $0 < 0x80 } })
        #expect(lines.contains { $0.text.contains("0.500  ####") })
    }

    @Test func headsThatAttendToTheFirstTokenAreNotStrong() {
        // Two layers of one head, two tokens: the row of the second token is what counts.
        let patterns = AttentionPatterns(
            tokens: [7, 8],
            layers: [0, 3],
            headCount: 1,
            values: [1, 0, 0.9, 0.1, 1, 0, 0.25, 0.75]
        )
        let looks = patterns.looks(of: [0], from: 1)
        #expect(looks.map(\.layer) == [0, 3])
        #expect(looks.map(\.weights) == [[0.9, 0.1], [0.25, 0.75]])
        #expect(looks.map(\.strength) == [0.1, 0.75])
        #expect(looks.sorted(by: AttentionBars.Head.isStronger).map(\.layer) == [3, 0])
        // The first token can attend only to itself.
        #expect(patterns.looks(of: [0], from: 0).map(\.strength) == [1, 1])
    }
}

@Suite struct TokenStripTests {
    private func strip(_ count: Int, marking marked: Int, columns: Int = 40) -> [String] {
        TokenStrip(glyphs: .unicode) { "w\($0)" }
            .lines((0..<count).map(TokenID.init), marking: marked, columns: columns).map(\.text)
    }

    @Test func aLongTextIsShownAroundTheTokenThatMatters() {
        let lines = strip(1000, marking: 500)
        #expect(lines.count == 4)
        #expect(lines.joined().contains(" 500 w500"))
        #expect(strip(1000, marking: 0)[0].hasPrefix("  0 w0  1 w1"))
        #expect(strip(1000, marking: 999)[3].hasSuffix("999 w999"))
    }

    @Test func aShortTextIsShownWhole() {
        #expect(strip(3, marking: 1) == ["  0 w0  1 w1  2 w2"])
    }
}
