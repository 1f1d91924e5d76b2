// The text being typed on a screen: the bytes that turn what is there into what should be. Only
// changes are written, so that nothing flickers. The caller writes the bytes.

/// The content of the screen, and how to change it.
package struct LineView {
    /// The rows on the screen, and the cursor among them.
    private var rows: [LineLayout.Row] = []
    private var cursor = (row: 0, column: 0)
    /// The screen's width when they were drawn.
    private var columns = 0
    /// The first row shown, if the text has more rows than the screen.
    private var top = 0

    /// An empty view; the cursor is at the start of a row.
    package init() {}

    /// Shows a text.
    /// - Parameters:
    ///   - prompt: The prompt before it.
    ///   - line: The text.
    ///   - screen: The current size of the screen.
    /// - Returns: What to write, in one go.
    package mutating func draw(
        _ prompt: Prompt,
        _ line: EditedLine,
        on screen: (columns: Int, rows: Int)
    ) -> String {
        let columns = max(1, screen.columns)
        let layout = LineLayout(prompt, line, columns: columns)
        let height = max(1, screen.rows)
        // Unchanged, unless the cursor would be off the screen or rows below would stay empty.
        let lowest = max(0, layout.rows.count - height)
        top = min(max(top, layout.cursor.row - height + 1), layout.cursor.row, lowest)
        let visible = Array(layout.rows[top..<min(top + height, layout.rows.count)])
        var output = columns == self.columns ? change(to: visible) : start(columns) + all(visible)
        rows = visible
        self.columns = columns
        output += move(to: (layout.cursor.row - top, layout.cursor.column))
        return output
    }

    /// Leaves the whole text there; what is written next goes below it.
    /// - Returns: What to write, at once.
    package mutating func finish(
        _ prompt: Prompt,
        _ line: EditedLine,
        on screen: (columns: Int, rows: Int)
    ) -> String {
        var output = draw(prompt, line, on: screen)
        let layout = LineLayout(prompt, line, columns: columns)
        if layout.rows.count > rows.count {
            output += start(columns) + all(layout.rows)
        } else {
            output += move(to: (rows.count - 1, 0))
        }
        self = LineView()
        return output + "\r\n"
    }

    /// Forgets what is on the screen: something else was written, or it was cleared.
    package mutating func forget() {
        self = LineView()
    }

    /// Moves to the first row.
    ///
    /// Terminals rewrap rows when they become narrower, so a row may now take several.
    private func start(_ columns: Int) -> String {
        let above = rows.prefix(cursor.row).reduce(cursor.column / columns) {
            $0 + max(1, ($1.width + columns - 1) / columns)
        }
        return above > 0 ? "\r\u{1b}[\(above)A" : "\r"
    }

    /// Writes all rows, and leaves the cursor in the last.
    private mutating func all(_ rows: [LineLayout.Row]) -> String {
        cursor = (rows.count - 1, 0)
        let text = rows.map(\.rendered).joined(separator: "\r\n")
        return "\u{1b}[J" + Self.withoutWrapping(text) + "\r"
    }

    /// Writes what has changed, and leaves the cursor anywhere among the rows.
    private mutating func change(to new: [LineLayout.Row]) -> String {
        var output = ""
        for (index, row) in new.enumerated() {
            guard index < rows.count else {
                output += move(to: (index - 1, 0)) + "\r\n" + row.rendered + "\r"
                cursor = (index, 0)
                continue
            }
            let old = rows[index]
            if row == old { continue }
            let common = old.prompt == row.prompt ? old.text.commonPrefix(with: row.text) : ""
            let promptCount = row.prompt?.text.count ?? 0
            if common.count < promptCount {
                output += move(to: (index, 0)) + "\u{1b}[K" + row.rendered
            } else {
                output += move(to: (index, common.columnCount)) + row.text.dropFirst(common.count)
                if row.width < old.width { output += "\u{1b}[K" }
            }
            // The exact position of the cursor now depends on the terminal's idea of widths.
            output += "\r"
            cursor = (index, 0)
        }
        if new.count < rows.count { output += move(to: (new.count, 0)) + "\u{1b}[J" }
        return output.isEmpty ? "" : Self.withoutWrapping(output)
    }

    /// Without automatic wrapping, a character wider than thought cuts off the end of a row but
    /// does not shift the others.
    private static func withoutWrapping(_ output: String) -> String {
        "\u{1b}[?7l\(output)\u{1b}[?7h"
    }

    private mutating func move(to place: (row: Int, column: Int)) -> String {
        var output = ""
        let down = place.row - cursor.row
        if down != 0 { output += "\u{1b}[\(abs(down))\(down < 0 ? "A" : "B")" }
        if place.column != cursor.column {
            output += "\r" + (place.column > 0 ? "\u{1b}[\(place.column)C" : "")
        }
        cursor = place
        return output
    }
}

extension String {
    /// The common prefix of both texts.
    fileprivate func commonPrefix(with other: String) -> String {
        String(zip(self, other).prefix { $0 == $1 }.map(\.0))
    }
}
