// The text that is being typed as rows of a screen: what stands where, how wide it is, and where
// the cursor is. Nothing is written here.

import FileIO

/// The text before the typed text.
package struct Prompt: Equatable, Sendable {
    let text: String
    /// Its style: the parameters of a terminal's `SGR`; empty for none.
    let style: String

    package init(_ text: String, style: String = "") {
        self.text = text
        self.style = style
    }
}

/// Rows of limited width.
struct LineLayout {
    /// One row of the screen.
    struct Row: Equatable {
        /// The prompt, on the first row.
        var prompt: Prompt?
        /// Its whole text, without colors.
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
    /// Blanks before the rows after the first, so that the text is aligned.
    private let indentation: String

    /// If at least this much room is left next to the prompt, the text is indented.
    private static let leastRoom = 16

    /// Lays out a text.
    /// - Parameters:
    ///   - prompt: The prompt before it.
    ///   - line: The text.
    ///   - columns: The screen's width, at least 1.
    init(_ prompt: Prompt, _ line: EditedLine, columns: Int) {
        self.columns = columns
        let start = prompt.text.prefix(columns: columns)
        let width = start.columnCount
        indentation = String(repeating: " ", count: columns - width < Self.leastRoom ? 0 : width)
        rows[0] = Row(prompt: prompt, text: start, width: width)
        append(line.before)
        // The next character will go there.
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
        // A screen this narrow cannot show it.
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
    /// The columns that the text takes on a terminal.
    package var columnCount: Int {
        if unicodeScalars.allSatisfy(\.isPlainlyPrintable) { return unicodeScalars.count }
        return reduce(0) { $0 + $1.columnCount }
    }

    /// The longest prefix of at most `columns` columns.
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
    /// Whether the scalar is ASCII or a drawing character, and so takes one column: a check without
    /// Unicode's tables, since a frame needs a thousand of them.
    package var isPlainlyPrintable: Bool {
        (0x20..<0x7f).contains(value) || (0x2500..<0x25a0).contains(value)
            || (0x2800..<0x2900).contains(value)
    }
}

extension Character {
    /// The columns that the character takes: 2 for East Asian wide characters and emoji, 0 for a
    /// combining mark or an invisible character by itself.
    package var columnCount: Int {
        if isASCII { return 1 }
        guard let first = unicodeScalars.first else { return 0 }
        if first.properties.isEmojiPresentation || unicodeScalars.contains("\u{fe0f}") { return 2 }
        switch first.value {
        // The blocks of Unicode's EastAsianWidth.txt that are entirely wide, or nearly.
        case 0x1100...0x115f, 0x2e80...0x303e, 0x3041...0xa4cf, 0xa960...0xa97f, 0xac00...0xd7a3,
            0xf900...0xfaff, 0xfe30...0xfe6f, 0xff00...0xff60, 0xffe0...0xffe6,
            0x17000...0x18cff, 0x1b000...0x1b2ff, 0x20000...0x3fffd:
            return 2
        default:
            return switch first.properties.generalCategory {
            case .nonspacingMark, .enclosingMark: 0
            // Terminals draw the soft hyphen.
            case .format: first == "\u{ad}" ? 1 : 0
            default: 1
            }
        }
    }
}
