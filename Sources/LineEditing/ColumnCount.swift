// How wide text is on a terminal. Which characters a terminal draws at all, and which it obeys, is
// told elsewhere.

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
