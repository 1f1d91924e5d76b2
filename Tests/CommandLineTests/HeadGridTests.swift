// The layouts of `inspect heads` and `inspect ablate`: rankings, and shaded fields of layers and
// heads.

import Swiftlet
import Testing

@testable import SwiftletCLI

private func scores(layerCount: Int, headCount: Int) -> [HeadScores] {
    (0..<layerCount).flatMap { layer in
        (0..<headCount).map { head in
            // Only the last head of the last layer is an induction head.
            let isLast = layer == layerCount - 1 && head == headCount - 1
            return HeadScores(
                layer: layer,
                head: head,
                previousToken: layer == 0 && head == 0 ? 1 : 0.1,
                firstToken: 0.5,
                duplicateToken: 0,
                induction: isLast ? 0.875 : 0.05,
                distance: Float(layer * 10 + head),
                entropy: 1
            )
        }
    }
}

/// Heads whose change is given layer by layer.
private func ablation(_ changes: [[Double]], mlps: [Double] = []) -> Ablation {
    Ablation(
        loss: 3,
        tokenCount: 1024,
        heads: changes.enumerated().flatMap { layer, changes in
            changes.enumerated().map {
                Ablation.Part(layer: layer, head: $0, loss: 3 + $1, change: $1)
            }
        },
        mlps: mlps.enumerated().map {
            Ablation.Part(layer: $0, head: nil, loss: 3 + $1, change: $1)
        }
    )
}

@Suite struct HeadRankingTests {
    private func texts(_ heads: [HeadScores], columns: Int) -> [String] {
        HeadRanking(glyphs: .unicode).lines(heads, columns: columns).map(\.text)
    }

    @Test func threePanelsFitSideBySideIn80Columns() {
        let lines = texts(scores(layerCount: 2, headCount: 4), columns: 80)
        #expect(
            lines[2] == "  previous token            first token               duplicate token"
        )
        #expect(lines[3].hasPrefix("  0.0  1.000 ━━━━━━━━━━━━   0.0  0.500 ━━━━━━"))
        #expect(lines[8].hasPrefix("    0                         0"))
        #expect(lines[9].hasPrefix("  0│██      │               0│▒▒▒▒▒▒▒▒│"))
        #expect(lines[10].hasPrefix("  1│        │               1│▒▒▒▒▒▒▒▒│"))
        #expect(lines[12].hasPrefix("  induction                 distance, tokens"))
        #expect(lines[13].hasPrefix("  1.3  0.875 ━━━━━━━━━━╸    1.3  13.00 ━━━━━━━━━━━━"))
        #expect(lines[20].hasPrefix("  1│      ██│ "))
        #expect(lines.count == 21)
        #expect(!lines.contains { $0.hasSuffix(" ") })
    }

    @Test func panelsFollowTheWidth() {
        let heads = scores(layerCount: 2, headCount: 4)
        let narrow = texts(heads, columns: 40)
        #expect(narrow.count == 1 + 6 * 10)
        #expect(narrow.contains("  induction"))
        #expect(texts(heads, columns: 200).count == 1 + 10)
    }

    @Test(arguments: [1, 12, 40, 80, 200])
    func everyLineFitsIntoTheTerminal(columns: Int) {
        for glyphs in [DisplayGlyphs.unicode, .ascii] {
            for (layerCount, headCount) in [(1, 1), (12, 12), (48, 25), (2, 100)] {
                let heads = scores(layerCount: layerCount, headCount: headCount)
                let lines = HeadRanking(glyphs: glyphs).lines(heads, columns: columns)
                #expect(lines.allSatisfy { $0.width <= columns })
            }
        }
    }

    @Test func aRankingInASCIIUsesOnlyASCII() {
        let lines = HeadRanking(glyphs: .ascii)
            .lines(scores(layerCount: 2, headCount: 4), columns: 80)
        #expect(lines.allSatisfy { $0.text.utf8.allSatisfy { $0 < 0x80 } })
        #expect(lines.contains { $0.text.hasPrefix("  0|@@      |") })
    }
}

@Suite struct AblationTableTests {
    private func texts(_ ablation: Ablation, columns: Int = 80) -> [String] {
        AblationTable(glyphs: .unicode).lines(ablation, columns: columns).map(\.text)
    }

    @Test func rankingsOfPartsMissedAndNotMissedAreSideBySide() {
        let lines = texts(ablation([[0.5, 0], [-0.25, 0.125]]))
        #expect(
            lines == [
                "  loss 3.0000 on 1,024 tokens, with all parts",
                "",
                "  worse without                            better without",
                "  layer head     loss   change             layer head     loss   change",
                "      0    0   3.5000  +0.5000  ━━━━━━━        1    0   2.7500  -0.2500  ━━━╸",
                "      1    1   3.1250  +0.1250  ━━",
                "",
                "    0",
                "  0│██  │",
                "  1│--▒▒│",
                "",
                "  the darker, the more the loss rises without it; a full cell is +0.5000; -",
                "  where it falls",
            ]
        )
    }

    @Test func aNarrowTerminalStacksTheRankings() {
        let lines = texts(ablation([[0.5, -0.25]]), columns: 40)
        #expect(lines[2] == "  worse without")
        #expect(lines[4] == "      0    0   3.5000  +0.5000  ━━━━━━━━")
        #expect(lines[6] == "  better without")
    }

    @Test func feedForwardNetworksHaveAColumnWithItsOwnScale() {
        let lines = texts(ablation([[0.5], [0.125]], mlps: [2, 8]))
        #expect(lines[4].hasPrefix("      1  MLP  11.0000  +8.0000  ━━━━━━━"))
        #expect(lines.contains("    0  MLP"))
        #expect(lines.contains("  0│██│▒▒▒│"))
        #expect(lines.contains("  1│▒▒│███│"))
        #expect(lines.suffix(2).joined().contains("a full cell is +0.5000, for an  MLP +8.0000"))
    }

    @Test func aModelThatMissesNothingHasNoRanking() {
        let lines = texts(ablation([[0, 0]]))
        #expect(lines.contains("  0│    │"))
        #expect(lines.last == "  0│    │")
        #expect(!lines.contains { $0.contains("worse without") || $0.contains("better without") })
    }

    @Test func noCellIsFullWhereTheLossOnlyFalls() {
        #expect(texts(ablation([[-0.5, 0]])).last == "  - where the loss falls without it")
        #expect(
            texts(ablation([[-0.5]], mlps: [2]), columns: 200).last?
                .contains("a full MLP cell is +2.0000; - where it falls") == true
        )
    }

    @Test func aRankingIsLimitedInLength() {
        let lines = texts(ablation([(1...50).map { Double($0) / 100 }]))
        #expect(lines[4].hasPrefix("      0   49   3.5000  +0.5000"))
        #expect(lines[13].hasPrefix("      0   40   3.4100  +0.4100"))
        #expect(lines[14] == "")
    }

    @Test(arguments: [1, 12, 40, 75, 80, 200])
    func everyLineFitsIntoTheTerminal(columns: Int) {
        for glyphs in [DisplayGlyphs.unicode, .ascii] {
            for headCount in [1, 12, 100] {
                let changes: [[Double]] = (1...12).map { layer in
                    (0..<headCount).map { head -> Double in
                        Double(head * 7 % 11 - 3) / Double(layer)
                    }
                }
                let lines = AblationTable(glyphs: glyphs)
                    .lines(ablation(changes, mlps: changes.map { $0[0] }), columns: columns)
                #expect(lines.allSatisfy { $0.width <= columns })
                if glyphs.axis == "|" {
                    #expect(lines.allSatisfy { $0.text.utf8.allSatisfy { $0 < 0x80 } })
                }
            }
        }
    }

    @Test func theTimeLeftAssumesTheSameSpeed() {
        #expect(InspectAblateCommand.text(done: 0, of: 144, after: .zero) == "ablation: 0%")
        #expect(
            InspectAblateCommand.text(done: 36, of: 144, after: .seconds(20))
                == "ablation: 25%, 1m 00s left"
        )
    }
}
