// What a model loses without each of its parts: rankings of the parts it misses most and of those
// it does better without, and a grid of all heads.

import Swiftlet

/// An ablation as two rankings and a grid.
struct AblationTable {
    /// The characters to draw with.
    let glyphs: DisplayGlyphs

    /// How many parts a ranking names.
    private static let rankedCount = 10
    /// From this width on, the rankings are side by side.
    private static let wide = 76

    /// The lines for a terminal of this width.
    /// - Parameters:
    ///   - ablation: The same heads of some layers, in order, or none; and feed-forward networks of
    ///     these layers, or none.
    ///   - columns: The width of the terminal.
    /// - Returns: A heading, the rankings and the grid.
    func lines(_ ablation: Ablation, columns: Int) -> [StyledLine] {
        var heading = StyledLine("  loss ")
        heading.append(decimal(ablation.loss, 4), .strong)
        heading.append(" on \(groupedTokens(ablation.tokenCount)), with all parts")
        let parts = ablation.heads + ablation.mlps
        let highest = parts.map { abs($0.change) }.max() ?? 0
        let isWide = columns >= Self.wide
        let width = isWide ? (columns - 2 - 4) / 2 : columns - 2
        let rankings = [
            ranking("worse without", parts.filter { $0.change > 0 }, highest, width, .warning),
            ranking("better without", parts.filter { $0.change < 0 }, highest, width, .good),
        ]
        .filter { !$0.isEmpty }
        var lines = [heading, StyledLine()]
        if isWide {
            for index in 0..<(rankings.map(\.count).max() ?? 0) {
                var line = StyledLine()
                for (place, ranking) in rankings.enumerated() where index < ranking.count {
                    line.pad(to: 2 + place * (width + 4))
                    line.append(ranking[index])
                }
                lines.append(line)
            }
        } else {
            lines += rankings.joined(separator: [StyledLine()]).map(indented)
        }
        if !ablation.heads.isEmpty { lines += [StyledLine()] + grid(ablation, columns: columns) }
        return lines.map { $0.cut(to: columns) }
    }

    private func indented(_ line: StyledLine) -> StyledLine {
        var indented = StyledLine("  ")
        indented.append(line)
        return line.width > 0 ? indented : line
    }

    /// The parts with the largest changes; nothing if there are none.
    private func ranking(
        _ title: String,
        _ parts: [Ablation.Part],
        _ highest: Double,
        _ width: Int,
        _ ink: StyledLine.Ink
    ) -> [StyledLine] {
        guard !parts.isEmpty else { return [] }
        let ranked = parts.enumerated()
            .sorted { (abs($1.element.change), $0.offset) < (abs($0.element.change), $1.offset) }
            .prefix(Self.rankedCount).map(\.element)
        var lines = [StyledLine(title, .strong)]
        lines.append(row("layer", "head", "loss", "change", .faint))
        for part in ranked {
            var line = row(
                "\(part.layer)",
                part.head.map { "\($0)" } ?? "MLP",
                decimal(part.loss, 4),
                signed(part.change),
                .plain
            )
            let fraction = highest > 0 ? abs(part.change) / highest : 0
            line.append(bar: glyphs.bar(fraction, columns: max(1, width - line.width - 2)), ink)
            lines.append(line)
        }
        return lines
    }

    private func row(
        _ layer: String,
        _ head: String,
        _ loss: String,
        _ change: String,
        _ ink: StyledLine.Ink
    ) -> StyledLine {
        var line = StyledLine()
        line.append(rightAligned: layer, to: 5, ink)
        line.append(rightAligned: head, to: 10, ink)
        line.append(rightAligned: loss, to: 19, ink)
        line.append(rightAligned: change, to: 28, ink)
        return line
    }

    private func signed(_ change: Double) -> String {
        (change > 0 ? "+" : "") + decimal(change, 4)
    }

    /// The changes for all heads, with those for feed-forward networks next to them on their own
    /// scale: without one of those, a model usually loses far more than without a head.
    private func grid(_ ablation: Ablation, columns: Int) -> [StyledLine] {
        let layers = Set(ablation.heads.map(\.layer)).sorted()
        let heads = Set(ablation.heads.compactMap(\.head)).sorted()
        let highest = ablation.heads.map(\.change).max() ?? 0
        let highestOfMLPs = ablation.mlps.map(\.change).max() ?? 0
        let mlps =
            ablation.mlps.isEmpty
            ? nil : ("MLP", ablation.mlps.map { cell($0.change, of: highestOfMLPs) })
        let lines = HeadGrid(glyphs: glyphs, layers: layers, heads: heads)
            .lines(columns: columns - 2, extra: mlps) { i, j in
                cell(ablation.heads[i * heads.count + j].change, of: highest)
            }
        let legend = legend(highest, highestOfMLPs, parts: ablation.heads + ablation.mlps)
        guard !legend.isEmpty else { return lines.map(indented) }
        return lines.map(indented) + [StyledLine()]
            + legend.wrapped(columns: columns - 2, limit: 4, more: glyphs.more)
            .map { StyledLine("  \($0)", .faint) }
    }

    /// What the shades mean; nothing if no part makes a difference.
    private func legend(
        _ highest: Double,
        _ highestOfMLPs: Double,
        parts: [Ablation.Part]
    ) -> String {
        let scale: String? =
            switch (highest > 0, highestOfMLPs > 0) {
            case (true, true):
                "a full cell is \(signed(highest)), for an MLP \(signed(highestOfMLPs))"
            case (true, false): "a full cell is \(signed(highest))"
            case (false, true): "a full MLP cell is \(signed(highestOfMLPs))"
            case (false, false): nil
            }
        let falls = parts.contains { $0.change < 0 }
        guard let scale else {
            return falls ? "\(Self.fallSign) where the loss falls without it" : ""
        }
        return "the darker, the more the loss rises without it; " + scale
            + (falls ? "; \(Self.fallSign) where it falls" : "")
    }

    private static let fallSign: Character = "-"

    private func cell(_ change: Double, of highest: Double) -> HeadGrid.Cell {
        if change < 0 { return HeadGrid.Cell(fraction: 0, ink: .good, sign: Self.fallSign) }
        // A few heads matter most; the square root makes those that matter a little visible too.
        let fraction = highest > 0 ? (change / highest).squareRoot() : 0
        return HeadGrid.Cell(fraction: fraction, ink: .warning)
    }
}
