// The text that is being typed as rows of a screen: what stands where, and where the cursor is.
// Nothing is written here.

import FileIO

/// What stands before the text.
package struct Prompt: Equatable, Sendable {
    let text: String
    /// How it stands out: the parameters of a terminal's `SGR`; empty for not at all.
    let style: String

    package init(_ text: String, style: String = "") {
        self.text = text
        self.style = style
    }
}

/// Rows of at most so many columns.
struct LineLayout {
    /// One row of the screen.
    struct Row: Equatable {
        /// The prompt, on the first row.
        var prompt: Prompt?
        /// All of it, without colours.
        var text = ""
        var width = 0

        /// The row as it is written.
        var rendered: String {
            guard let prompt, !prompt.style.isEmpty else { return text }
            let start = text.prefix(prompt.text.count)
            return "\u{1b}[\(prompt.style)m\(start)\u{1b}[0m\(text.dropFirst(start.count))"
        }
    }

    private(set) var rows = [Row()]
    /// The cursor's row and column.
    private(set) var cursor = (row: 0, column: 0)
    private let columns: Int
    /// Blanks before the rows after the first, so that the text stands below itself.
    private let indentation: String

    /// Where so much room is left beside the prompt, the text is indented.
    private static let leastRoom = 16

    /// Lays a text out.
    /// - Parameters:
    ///   - prompt: What stands before it.
    ///   - line: The text.
    ///   - columns: The screen's width, at least 1.
    init(_ prompt: Prompt, _ line: EditedLine, columns: Int) {
        self.columns = columns
        let start = prompt.text.prefix(columns: columns)
        let width = start.columnCount
        indentation = String(repeating: " ", count: columns - width < Self.leastRoom ? 0 : width)
        rows[0] = Row(prompt: prompt, text: start, width: width)
        append(line.before)
        // There the next character will stand.
        if rows[rows.count - 1].width >= columns { startRow() }
        cursor = (rows.count - 1, rows[rows.count - 1].width)
        append(line.after)
    }

    private mutating func append(_ text: String) {
        for character in text {
            switch character {
            case "\n": startRow()
            case "\t": for _ in 0..<4 { put(" ", 1) }
            default:
                if character.unicodeScalars.contains(where: DisplayText.isObeyed) {
                    for shown in DisplayText.escaping(String(character)) { put(shown) }
                } else {
                    put(character)
                }
            }
        }
    }

    private mutating func put(_ character: Character) {
        let width = character.columnCount
        // No screen this narrow can show it.
        if width > columns { put("?", 1) } else { put(character, width) }
    }

    private mutating func put(_ character: Character, _ width: Int) {
        if rows[rows.count - 1].width + width > columns { startRow() }
        rows[rows.count - 1].text.append(character)
        rows[rows.count - 1].width += width
    }

    private mutating func startRow() {
        rows.append(Row(text: indentation, width: indentation.count))
    }
}
