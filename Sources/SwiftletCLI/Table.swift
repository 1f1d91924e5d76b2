// Facts and lists for people, in columns.

import Swiftlet

/// Rows of cells whose columns line up.
struct Table {
    /// How the cells of a column are set.
    enum Alignment {
        case left
        case right
    }

    private let alignments: [Alignment]
    private var rows: [[String]] = []

    /// An empty table with these columns.
    init(_ alignments: Alignment...) {
        self.alignments = alignments
    }

    /// Adds a row with a cell for each column; a cell stays on its line, whatever a file put there.
    mutating func append(_ cells: String...) {
        precondition(cells.count == alignments.count)
        rows.append(cells.map { DisplayText.escaping($0) })
    }

    /// The rows as lines, each indented by two spaces.
    var text: String {
        let widths = alignments.indices.map { column in rows.map { $0[column].count }.max() ?? 0 }
        return rows.map { cells in
            var line = "  "
            for (column, cell) in cells.enumerated() {
                let padding = String(repeating: " ", count: widths[column] - cell.count)
                let gap = column == 0 ? "" : "  "
                line += gap + (alignments[column] == .left ? cell + padding : padding + cell)
            }
            while line.last == " " { line.removeLast() }
            return line
        }
        .joined(separator: "\n")
    }
}
