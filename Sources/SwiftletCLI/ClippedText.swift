// Text made to fit into a cell.

import LineEditing

extension String {
    /// The text, or as much of its beginning as leaves room for `more` within `columns`.
    func clipped(columns: Int, more: String) -> String {
        guard columnCount > columns else { return self }
        return columns > more.columnCount
            ? prefix(columns: columns - more.columnCount) + more : prefix(columns: columns)
    }
}
