// A line for the terminal whose width is known although it carries colors, and text from elsewhere
// made safe to print; and tables of such lines, whose columns line up however wide characters are.

import LineEditing

/// Pieces of text, each with its ink.
struct StyledLine: Equatable {
    /// How a piece stands out.
    enum Ink: String {
        case plain = ""
        case strong = "1"
        case faint = "2"
        case good = "32"
        case warning = "33"
        case accent = "36"
    }

    private struct Piece: Equatable {
        var text: String
        let ink: Ink
    }

    private var pieces: [Piece] = []
    /// Columns the line takes.
    private(set) var width = 0

    /// A line with one piece; line ends and control characters are removed.
    init(_ text: String = "", _ ink: Ink = .plain) {
        append(text, ink)
    }

    /// The text without colors.
    var text: String { pieces.map(\.text).joined() }

    /// Adds a piece; line ends and control characters are removed.
    mutating func append(_ text: String, _ ink: Ink = .plain) {
        let text = text.withoutControlCharacters(keepingLineEnds: false)
        guard !text.isEmpty else { return }
        append(Piece(text: text, ink: ink))
    }

    private mutating func append(_ piece: Piece) {
        pieces.append(piece)
        width += piece.text.columnCount
    }

    /// Adds another line's pieces.
    mutating func append(_ line: StyledLine) {
        pieces += line.pieces
        width += line.width
    }

    /// Adds spaces up to a column.
    mutating func pad(to column: Int) {
        if width < column { append(String(repeating: " ", count: column - width)) }
    }

    /// Adds a piece that ends at a column, if there is room for it.
    mutating func append(rightAligned text: String, to column: Int, _ ink: Ink = .plain) {
        pad(to: column - text.columnCount)
        append(text, ink)
    }

    /// Adds a bar after a gap, unless it is empty.
    mutating func append(bar: String, gap: Int = 2, _ ink: Ink) {
        guard !bar.isEmpty else { return }
        append(String(repeating: " ", count: gap))
        append(bar, ink)
    }

    /// As much of the line as fits into `columns`.
    func cut(to columns: Int) -> StyledLine {
        guard width > columns else { return self }
        var result = StyledLine()
        for piece in pieces {
            let text = piece.text.prefix(columns: columns - result.width)
            result.append(Piece(text: text, ink: piece.ink))
            if result.width >= columns { break }
        }
        return result
    }

    /// The line as written to a terminal.
    func rendered(inColor: Bool) -> String {
        guard inColor else { return text }
        return pieces.map { piece in
            piece.ink == .plain ? piece.text : "\u{1b}[\(piece.ink.rawValue)m\(piece.text)\u{1b}[0m"
        }
        .joined()
    }
}

extension String {
    /// The text without anything that could move the cursor, change colors or reverse the writing
    /// direction; tabs become spaces.
    func withoutControlCharacters(keepingLineEnds: Bool) -> String {
        // Nearly all text that is shown is plain, and this is called for every piece of a frame.
        if utf8.allSatisfy({ $0 >= 0x20 && $0 < 0x7f }) { return self }
        if unicodeScalars.allSatisfy(\.isPlainlyPrintable) { return self }
        var result = String.UnicodeScalarView()
        for scalar in unicodeScalars {
            switch scalar.properties.generalCategory {
            case .control where scalar == "\t": result.append(" ")
            case .control where scalar == "\n" && keepingLineEnds: result.append(scalar)
            case .control, .format, .lineSeparator, .paragraphSeparator: continue
            default: result.append(scalar)
            }
        }
        return String(result)
    }

    /// The text wrapped into lines of at most `columns` columns, between words if possible; empty
    /// lines are left out, and at most `limit` lines are made, the last one ending in `more` if
    /// there was more.
    func wrapped(columns: Int, limit: Int, more: String) -> [String] {
        guard columns > 0, limit > 0 else { return [] }
        var lines: [String] = []
        for line in split(separator: "\n") {
            var current = ""
            var width = 0
            for word in line.split(separator: " ") {
                if !current.isEmpty, width + 1 + String(word).columnCount > columns {
                    lines.append(current)
                    (current, width) = ("", 0)
                    if lines.count > limit { break }
                }
                current += (current.isEmpty ? "" : " ") + word
                width = current.columnCount
                // A word longer than a line.
                while width > columns, lines.count <= limit {
                    let start = current.prefix(columns: columns)
                    // A character wider than the line is left out rather than tried forever.
                    lines.append(start)
                    current = String(current.dropFirst(max(1, start.count)))
                    width = current.columnCount
                }
            }
            if !current.isEmpty { lines.append(current) }
            if lines.count > limit { break }
        }
        guard lines.count > limit, let last = lines[..<limit].last else { return lines }
        return lines[..<(limit - 1)] + [last.prefix(columns: columns - more.columnCount) + more]
    }
}

/// Rows of styled cells.
struct StyledTable {
    private let alignments: [Table.Alignment]
    private var rows: [[StyledLine]] = []

    /// An empty table with these columns.
    init(_ alignments: [Table.Alignment]) {
        self.alignments = alignments
    }

    /// Adds a row with a cell for each column.
    mutating func append(_ cells: [StyledLine]) {
        precondition(cells.count == alignments.count, "\(cells.count) of \(alignments.count) cells")
        rows.append(cells)
    }

    /// The rows, each indented by two columns, with two between cells and none at the end.
    var lines: [StyledLine] {
        let widths = alignments.indices.map { column in rows.map { $0[column].width }.max() ?? 0 }
        return rows.map { cells in
            var line = StyledLine()
            var start = 2
            // Empty cells at the end leave no trailing spaces.
            let count = cells.lastIndex { $0.width > 0 }.map { $0 + 1 } ?? 0
            for (column, cell) in cells.prefix(count).enumerated() {
                let free = alignments[column] == .left ? 0 : widths[column] - cell.width
                line.pad(to: start + free)
                line.append(cell)
                start += widths[column] + 2
            }
            return line
        }
    }
}

extension String {
    /// The text, or as much of its beginning as fits into `columns` with `more` after it.
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
