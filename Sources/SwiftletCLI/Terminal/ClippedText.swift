// Text made to fit into a cell.

import LineEditing

extension String {
    /// The text, or as much of its beginning as leaves room for `more` within `columns`.
    func clipped(columns: Int, more: String) -> String {
        guard columnCount > columns else { return self }
        return columns > more.columnCount
            ? prefix(columns: columns - more.columnCount) + more : prefix(columns: columns)
    }

    /// The text, or `more` and as much of its end as there is room for within `columns`.
    func suffix(columns: Int, more: String) -> String {
        guard columnCount > columns else { return self }
        let room = columns - more.columnCount
        guard room > 0 else { return "" }
        var rest = self[...]
        while String(rest).columnCount > room { rest = rest.dropFirst() }
        return more + rest
    }
}
