// The heads of a model by what they do: for each score a panel with the heads that have most of it,
// and a grid of all of them, a shaded field of layers and heads.

import LineEditing
import Swiftlet

/// The scores of heads as panels, as many side by side as fit.
struct HeadRanking {
    /// A score and its name.
    private struct Score: Sendable {
        let title: String
        let value: @Sendable (HeadScores) -> Float
        /// Whether it is a share, so that 1 is the maximum.
        var isShare = true
    }

    /// The characters to draw with.
    let glyphs: DisplayGlyphs

    private static let scores = [
        Score(title: "previous token", value: { $0.previousToken }),
        Score(title: "first token", value: { $0.firstToken }),
        Score(title: "duplicate token", value: { $0.duplicateToken }),
        Score(title: "induction", value: { $0.induction }),
        Score(title: "distance, tokens", value: { $0.distance }, isShare: false),
        Score(title: "entropy, nats", value: { $0.entropy }, isShare: false),
    ]
    /// How many heads a panel names.
    private static let rankedCount = 5
    private static let (panelWidth, valueWidth, gap) = (23, 7, 3)

    /// The lines for a terminal of this width.
    /// - Parameters:
    ///   - heads: The scores of the same heads of some layers, in order; at least one.
    ///   - columns: The width of the terminal.
    /// - Returns: A heading, and six panels.
    func lines(_ heads: [HeadScores], columns: Int) -> [StyledLine] {
        let grid = HeadGrid(
            glyphs: glyphs,
            layers: Set(heads.map(\.layer)).sorted(),
            heads: Set(heads.map(\.head)).sorted()
        )
        let width = max(Self.panelWidth, grid.leastWidth)
        let panels = Self.scores.map { panel($0, heads, grid, width: width) }
        let perRow = max(1, (columns - 2 + Self.gap) / (width + Self.gap))
        var lines = [
            StyledLine("  what each head (layer.head) does: the highest scores, and a grid of all")
        ]
        for first in stride(from: 0, to: panels.count, by: perRow) {
            let row = panels[first..<min(first + perRow, panels.count)]
            lines.append(StyledLine())
            for index in 0..<(row.map(\.count).max() ?? 0) {
                var line = StyledLine()
                for (place, panel) in row.enumerated() {
                    line.pad(to: 2 + place * (width + Self.gap))
                    if index < panel.count { line.append(panel[index]) }
                }
                lines.append(line)
            }
        }
        return lines.map { $0.cut(to: columns) }
    }

    private func panel(
        _ score: Score,
        _ heads: [HeadScores],
        _ grid: HeadGrid,
        width: Int
    ) -> [StyledLine] {
        let values = heads.map { Double(score.value($0)) }
        let whole = score.isShare ? 1 : max(values.max() ?? 0, .leastNonzeroMagnitude)
        let ranked = heads.indices
            .sorted { (values[$1], $0) < (values[$0], $1) }.prefix(Self.rankedCount)
        let labels = ranked.map { "\(heads[$0].layer).\(heads[$0].head)" }
        let labelWidth = heads.map { "\($0.layer).\($0.head)".count }.max() ?? 0
        let rows = zip(ranked, labels).map { index, label in
            var line = StyledLine()
            line.append(rightAligned: label, to: labelWidth)
            let value = decimal(values[index], score.isShare ? 3 : 2)
            line.append(rightAligned: value, to: labelWidth + Self.valueWidth)
            let bar = glyphs.bar(values[index] / whole, columns: max(1, width - line.width - 1))
            line.append(bar: bar, gap: 1, .accent)
            return line
        }
        let cells = grid.lines(columns: width) { i, j in
            HeadGrid.Cell(
                fraction: values[i * grid.heads.count + j] / whole,
                ink: .accent
            )
        }
        return [StyledLine(score.title, .strong)] + rows + cells
    }
}

/// A grid with a row for each layer and a cell for each head.
struct HeadGrid {
    /// One cell.
    struct Cell {
        /// How full it is, 0 to 1.
        let fraction: Double
        let ink: StyledLine.Ink
        /// Drawn instead of a shade.
        var sign: Character?
    }

    /// The characters to draw with.
    let glyphs: DisplayGlyphs
    /// The layers that have rows, and the heads that have columns.
    let layers: [Int]
    let heads: [Int]

    /// Heads from one number above the grid to the next, so that numbers do not touch.
    private static let numberDistance = 4
    private static let cellWidths = 1...2

    /// The narrowest grid.
    var leastWidth: Int { width(ofCells: 1) }

    /// The lines of the grid, the first with the numbers of heads.
    /// - Parameters:
    ///   - columns: The width to fill; it is wider if one column per head already is.
    ///   - extra: A title and a cell for each layer, set apart on the right.
    ///   - cell: The cell in row `i` and column `j`.
    /// - Returns: One line more than there are layers.
    func lines(
        columns: Int,
        extra: (title: String, cells: [Cell])? = nil,
        cell: (_ i: Int, _ j: Int) -> Cell
    ) -> [StyledLine] {
        let extraWidth = extra.map { max($0.title.columnCount, 2) + 1 } ?? 0
        let cellWidth =
            Self.cellWidths.reversed()
            .first { width(ofCells: $0) + extraWidth <= columns } ?? Self.cellWidths.lowerBound
        var numbers = StyledLine()
        for (index, head) in heads.enumerated() where index % Self.numberDistance == 0 {
            numbers.pad(to: labelWidth + 1 + index * cellWidth)
            numbers.append("\(head)", .faint)
        }
        if let extra {
            numbers.pad(to: width(ofCells: cellWidth))
            numbers.append(extra.title, .faint)
        }
        let rows = layers.enumerated().map { i, layer in
            var line = StyledLine()
            line.append(rightAligned: "\(layer)", to: labelWidth, .faint)
            line.append(glyphs.axis, .faint)
            for j in heads.indices { line.append(drawn(cell(i, j), width: cellWidth)) }
            line.append(glyphs.axis, .faint)
            if let extra {
                line.append(drawn(extra.cells[i], width: extraWidth - 1))
                line.append(glyphs.axis, .faint)
            }
            return line
        }
        return [numbers] + rows
    }

    private var labelWidth: Int { layers.map { "\($0)".count }.max() ?? 1 }

    private func width(ofCells width: Int) -> Int { labelWidth + 2 + heads.count * width }

    private func drawn(_ cell: Cell, width: Int) -> StyledLine {
        let shade = cell.sign ?? glyphs.shade(cell.fraction)
        return StyledLine(String(repeating: shade, count: width), cell.ink)
    }
}
