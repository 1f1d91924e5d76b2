// Columns that line up whatever their cells are drawn in, and however wide their characters are.

import Swiftlet

/// Rows of styled cells.
struct StyledTable {
    private let alignments: [Table.Alignment]
    private var rows: [[StyledLine]] = []

    /// An empty table with these columns.
    init(_ alignments: [Table.Alignment]) {
        self.alignments = alignments
    }

    /// Adds a row with a cell for each column.
    mutating func append(_ cells: [StyledLine]) {
        precondition(cells.count == alignments.count, "\(cells.count) of \(alignments.count) cells")
        rows.append(cells)
    }

    /// The rows, each indented by two columns, with two between cells and none at the end.
    var lines: [StyledLine] {
        let widths = alignments.indices.map { column in rows.map { $0[column].width }.max() ?? 0 }
        return rows.map { cells in
            var line = StyledLine()
            var start = 2
            // Cells at the end that are empty leave nothing behind.
            let count = cells.lastIndex { $0.width > 0 }.map { $0 + 1 } ?? 0
            for (column, cell) in cells.prefix(count).enumerated() {
                let free = alignments[column] == .left ? 0 : widths[column] - cell.width
                line.pad(to: start + free)
                line.append(cell)
                start += widths[column] + 2
            }
            return line
        }
    }
}
