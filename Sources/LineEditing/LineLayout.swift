// The text that is being typed as rows of a screen: what stands where, how wide it is, and where
// the cursor is. Nothing is written here.

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

extension String {
    /// Columns the text takes on a terminal.
    package var columnCount: Int {
        if unicodeScalars.allSatisfy(\.isPlainlyPrintable) { return unicodeScalars.count }
        return reduce(0) { $0 + $1.columnCount }
    }

    /// The longest beginning of at most `columns` columns.
    package func prefix(columns: Int) -> String {
        var left = columns
        return String(
            prefix { character in
                left -= character.columnCount
                return left >= 0
            }
        )
    }
}

extension Unicode.Scalar {
    /// Whether the scalar is ASCII or part of a drawing, and so takes one column: told without a
    /// look into Unicode's tables, which a frame would make a thousand of.
    package var isPlainlyPrintable: Bool {
        (0x20..<0x7f).contains(value) || (0x2500..<0x25a0).contains(value)
            || (0x2800..<0x2900).contains(value)
    }
}

extension Character {
    /// Columns the character takes: 2 for East Asian wide characters and emoji, 0 for a combining
    /// mark or an invisible character that stands alone.
    package var columnCount: Int {
        if isASCII { return 1 }
        guard let first = unicodeScalars.first else { return 0 }
        if first.properties.isEmojiPresentation || unicodeScalars.contains("\u{fe0f}") { return 2 }
        switch first.value {
        // The blocks of Unicode's EastAsianWidth.txt that are wide as a whole, or nearly.
        case 0x1100...0x115f, 0x2e80...0x303e, 0x3041...0xa4cf, 0xa960...0xa97f, 0xac00...0xd7a3,
            0xf900...0xfaff, 0xfe30...0xfe6f, 0xff00...0xff60, 0xffe0...0xffe6,
            0x17000...0x18cff, 0x1b000...0x1b2ff, 0x20000...0x3fffd:
            return 2
        default:
            return switch first.properties.generalCategory {
            case .nonspacingMark, .enclosingMark: 0
            // The soft hyphen is drawn.
            case .format: first == "\u{ad}" ? 1 : 0
            default: 1
            }
        }
    }
}
