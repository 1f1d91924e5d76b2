// One number for each head of a model, as a shaded field of layers and heads.

import LineEditing
import Swiftlet

/// A grid with a row for each layer and a cell for each head.
struct HeadGrid {
    /// One cell.
    struct Cell {
        /// How full it is, 0 to 1.
        let fraction: Double
        let ink: StyledLine.Ink
        /// Drawn in place of a shade.
        var sign: Character?
    }

    /// What the cells are drawn with.
    let glyphs: DisplayGlyphs
    /// The layers that have rows, and the heads that have columns.
    let layers: [Int]
    let heads: [Int]

    /// Heads between two numbers above the grid, which would else run into one another.
    private static let numberDistance = 4
    private static let cellWidths = 1...2

    /// The narrowest grid.
    var leastWidth: Int { width(ofCells: 1) }

    /// The lines of the grid, the first with the numbers of heads.
    /// - Parameters:
    ///   - columns: How wide it may be; it is wider where a column a head is.
    ///   - extra: A title and a cell for each layer, set apart on the right.
    ///   - cell: What stands in row `i` and column `j`.
    /// - Returns: A line more than there are layers.
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
