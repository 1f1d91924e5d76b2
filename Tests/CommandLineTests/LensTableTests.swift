// The layouts of `inspect lens`: the same predictions give the same lines.

import Swiftlet
import Testing

@testable import SwiftletCLI

private let words = ["One", "·day", ",", "·a", "·girl"]

/// A lens whose layer `l` predicts token `l`, and whose last layer predicts correctly.
private func lens(layerCount: Int, tokenCount: Int, top: Int = 1) -> LogitLens {
    let tokens = (0..<tokenCount).map { TokenID($0 % words.count) }
    return LogitLens(
        tokens: tokens,
        layers: (0...layerCount).map { layer in
            LogitLens.Layer(
                layer: layer,
                positions: tokens.indices.map { position in
                    let isLast = layer == layerCount
                    let next = isLast ? (position + 1) % words.count : layer % words.count
                    return LogitLens.Position(
                        top: (0..<top).map {
                            TokenProbability(
                                token: TokenID((next + $0) % words.count),
                                probability: 0.5 / Float($0 + 1)
                            )
                        },
                        entropy: Float(layerCount - layer),
                        kl: isLast ? 0 : 2
                    )
                }
            )
        }
    )
}

private func texts(
    _ lens: LogitLens,
    top: Int = 1,
    columns: Int,
    glyphs: DisplayGlyphs = .unicode
) -> [String] {
    LensTable(
        glyphs: glyphs,
        isInColor: false,
        name: { words[Int($0)] },
        last: lens.layers.count - 1
    )
    .lines(lens, top: top, columns: columns).map(\.text)
}

@Suite struct LensTableTests {
    @Test func tokensAreRowsWhereLayersFit() {
        #expect(
            texts(lens(layerCount: 3, tokenCount: 3), columns: 80)
                == [
                    "  what comes next, according to each layer; 0 is before the first block",
                    "",
                    "  after    0     1     2     │ 3",
                    "  0 One    One   ·day  ,     │ ·day",
                    "  1 ·day   One   ·day  ,     │ ,",
                    "  2 ,      One   ·day  ,     │ ·a",
                    "                             │",
                    "  entropy  3.00  2.00  1.00  │ 0.00",
                    "  kl       2.00  2.00  2.00  │ 0.00",
                ]
        )
    }

    @Test func layersAreRowsWhereOnlyTokensFit() {
        let lines = texts(lens(layerCount: 30, tokenCount: 3), columns: 60)
        #expect(lines[2] == "  layer  One    ·day   ,      entropy    kl")
        #expect(lines[3] == "      0  One    One    One      30.00  2.00")
        #expect(lines[33] == "")
        #expect(lines[34] == "     30  ·day   ,      ·a        0.00  0.00")
    }

    @Test func someLayersAreLeftOutWhereNeitherFits() {
        let lines = texts(lens(layerCount: 30, tokenCount: 50), columns: 60)
        #expect(lines[2].hasPrefix("  after     0 "))
        #expect(lines[2].hasSuffix("│ 30"))
        #expect(lines[3].hasPrefix("   0 One    One    ·day"))
        #expect(lines.contains { $0.contains("of 31 layers fit; --layers chooses others") })
        // A wider terminal holds more of them.
        let wide = texts(lens(layerCount: 30, tokenCount: 50), columns: 200)
        #expect(wide[2].split(separator: " ").count > lines[2].split(separator: " ").count)
    }

    @Test func severalPredictionsAreStacked() {
        let lines = texts(lens(layerCount: 1, tokenCount: 2, top: 2), top: 2, columns: 80)
        #expect(
            lines[3...6]
                == [
                    "  0 One    One   │ ·day", "           ·day  │ ,",
                    "  1 ·day   One   │ ,", "           ·day  │ ·a",
                ][...]
        )
    }

    @Test func missingWordsTakeNoRoom() {
        // By tokens, and by layers.
        for layerCount in [1, 30] {
            let lens = lens(layerCount: layerCount, tokenCount: 2, top: 2)
            #expect(texts(lens, top: 1000, columns: 60) == texts(lens, top: 2, columns: 60))
        }
    }

    @Test(arguments: [1, 12, 40, 80, 200], [0, 1, 4, 12, 48])
    func everyLineFitsIntoTheTerminal(columns: Int, layerCount: Int) {
        for glyphs in [DisplayGlyphs.unicode, .ascii] {
            for tokenCount in [1, 5, 100] {
                let lens = lens(layerCount: layerCount, tokenCount: tokenCount, top: 3)
                let table = LensTable(
                    glyphs: glyphs,
                    isInColor: true,
                    name: { words[Int($0)] + String(repeating: "数", count: Int($0)) },
                    last: layerCount
                )
                let lines = table.lines(lens, top: 3, columns: columns)
                #expect(lines.allSatisfy { $0.width <= columns })
                let column = LensColumn(glyphs: glyphs, name: table.name, last: layerCount)
                    .lines(lens, at: tokenCount - 1, columns: columns)
                #expect(column.allSatisfy { $0.width <= columns })
            }
        }
    }

    @Test func rightAndUnlikelyPredictionsHaveTheirOwnColors() throws {
        let lens = LogitLens(
            tokens: [0, 1],
            layers: [
                LogitLens.Layer(
                    layer: 0,
                    positions: [(1, 0.9), (2, 0.05)].map { token, probability in
                        LogitLens.Position(
                            top: [TokenProbability(token: token, probability: probability)],
                            entropy: 0,
                            kl: 0
                        )
                    }
                )
            ]
        )
        let table = LensTable(
            glyphs: .unicode,
            isInColor: true,
            name: { words[Int($0)] },
            last: 0
        )
        let lines = table.lines(lens, columns: 80).map { $0.rendered(inColor: true) }
        #expect(lines[3].hasSuffix("\u{1b}[32m·day\u{1b}[0m"))
        #expect(lines[4].hasSuffix("\u{1b}[2m,\u{1b}[0m"))
        #expect(lines.last?.contains("green: the actual next token") == true)
    }

    @Test func oneTokenIsShownWithProbabilities() {
        let lines = LensColumn(glyphs: .unicode, name: { words[Int($0)] }, last: 2)
            .lines(lens(layerCount: 2, tokenCount: 3, top: 2), at: 1, columns: 80).map(\.text)
        #expect(
            lines == [
                "  0 One  1 ·day  2 ,",
                "",
                "  what comes after 1 ·day, according to each layer; 0 is before the first block",
                "",
                "  layer  entropy    kl  likeliest",
                "      0     2.00  2.00  One 50%  ·day 25%",
                "      1     1.00  2.00  ·day 50%  , 25%",
                "",
                "      2     0.00  0.00  , 50%  ·a 25%",
            ]
        )
    }
}

@Suite struct LossBarsTests {
    private let predictions = TokenPredictions(
        tokens: [0, 1, 2],
        losses: [nil, 4, 1],
        next: [
            TokenProbability(token: 3, probability: 0.5),
            TokenProbability(token: 4, probability: 0.25),
        ]
    )

    private func lines(_ columns: Int, glyphs: DisplayGlyphs = .unicode) throws -> [StyledLine] {
        LossBars(glyphs: glyphs, name: { words[Int($0)] }).lines(
            predictions,
            mean: try LossMeasurement(tokenCount: 2, totalLoss: 5, byteCount: nil),
            columns: columns
        )
    }

    @Test func theHighestLossHasTheLongestBar() throws {
        let lines = try lines(60).map(\.text)
        #expect(lines[2] == "  0  One          –")
        #expect(lines[3] == "  1  ·day     4.000  " + String(repeating: "━", count: 39))
        #expect(lines[4] == "  2  ,        1.000  " + String(repeating: "━", count: 10))
        #expect(lines[6] == "  mean 2.5000 over 2 tokens, perplexity 12.18")
        #expect(lines[10] == "  3  ·a      0.5000  " + String(repeating: "━", count: 19) + "╸")
    }

    @Test(arguments: [1, 12, 40, 80, 200])
    func everyLineFitsIntoTheTerminal(columns: Int) throws {
        for glyphs in [DisplayGlyphs.unicode, .ascii] {
            #expect(try lines(columns, glyphs: glyphs).allSatisfy { $0.width <= columns })
        }
    }

    @Test func aSingleTokenHasNoLoss() {
        let single = TokenPredictions(tokens: [0], losses: [nil], next: [])
        let lines = LossBars(glyphs: .unicode, name: { words[Int($0)] })
            .lines(single, mean: nil, columns: 80).map(\.text)
        #expect(lines.contains { $0.hasPrefix("  0  One") })
        #expect(!lines.contains { $0.contains("mean") })
    }
}
