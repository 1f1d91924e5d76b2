// Facts and lists for people, in columns.

import Swiftlet

/// Rows of cells whose columns line up.
struct Table {
    /// How the cells of a column are set.
    enum Alignment {
        case left
        case right
    }

    private var table: StyledTable

    /// An empty table with these columns.
    init(_ alignments: Alignment...) {
        table = StyledTable(alignments)
    }

    /// Adds a row with a cell for each column; a cell stays on its line, whatever a file put there.
    mutating func append(_ cells: String...) {
        table.append(cells.map { StyledLine(DisplayText.escaping($0)) })
    }

    /// The rows as lines, each indented by two spaces.
    var text: String { table.lines.map(\.text).joined(separator: "\n") }
}
