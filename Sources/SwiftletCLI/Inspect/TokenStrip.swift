// A text as its tokens, each with its number, so that a person can name one. Long texts are shown
// around the token that matters.

import LineEditing
import Swiftlet

/// Some lines of numbered tokens.
struct TokenStrip {
    /// What is drawn with.
    let glyphs: DisplayGlyphs
    /// What a token is called.
    let name: (TokenID) -> String

    private static let lineLimit = 4

    /// The lines for a terminal so wide.
    /// - Parameters:
    ///   - tokens: Those of the text.
    ///   - marked: The one that stands out.
    ///   - columns: Those of the terminal.
    /// - Returns: Four at most, with that token on one of them.
    func lines(_ tokens: [TokenID], marking marked: Int, columns: Int) -> [StyledLine] {
        var lines: [StyledLine] = []
        var markedLine = 0
        var line = StyledLine(" ")
        for (position, token) in tokens.enumerated() {
            let isMarked = position == marked
            var cell = StyledLine(" ")
            cell.append("\(position)", isMarked ? .accent : .faint)
            let name = name(token).clipped(columns: columns / 2, more: glyphs.more)
            cell.append(" \(name)", isMarked ? .strong : .plain)
            if line.width > 1, line.width + 1 + cell.width > columns {
                lines.append(line)
                line = StyledLine(" ")
                // Whoever has a text of thousands of tokens sees no more than a few lines.
                if position > marked, lines.count >= markedLine + Self.lineLimit { break }
            }
            if line.width > 1 { line.append(" ") }
            line.append(cell)
            if isMarked { markedLine = lines.count }
        }
        if line.width > 1 { lines.append(line) }
        guard lines.count > Self.lineLimit else { return lines }
        let first = min(max(0, markedLine - Self.lineLimit / 2), lines.count - Self.lineLimit)
        return Array(lines[first..<first + Self.lineLimit])
    }
}
