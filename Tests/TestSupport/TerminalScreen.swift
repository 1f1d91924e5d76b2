// What one would see of the bytes that a program writes to a terminal: rows of cells, a cursor, and
// the few sequences that this program uses. Unknown ones are dropped.

import LineEditing

/// A terminal's screen.
///
/// A character that fills a row leaves the cursor on it, and the next one begins the next row, as
/// in terminals. When the width changes, lines are rewrapped, as in most terminals.
public struct TerminalScreen {
    /// One place on the screen; the second of a wide character is empty.
    private struct Cell: Equatable {
        var text = " "
        var style = ""
    }

    private struct Row {
        var cells: [Cell]
        /// Whether the line continues in the next row.
        var isContinued = false
    }

    private enum State {
        case text
        case escape
        case sequence(String)
        /// Sequences that only set the window's title.
        case answer
    }

    public private(set) var columns: Int
    public private(set) var rows: Int
    /// The cursor's row and column.
    public private(set) var cursor = (row: 0, column: 0)
    /// The modes that have been set with `ESC [ ?` and not reset.
    public private(set) var modes: Set<Int> = [7]
    /// Rows that have scrolled off the screen, without trailing spaces.
    public private(set) var scrollback: [String] = []

    private var content: [Row]
    private var style = ""
    private var state = State.text
    private var pending: [UInt8] = []
    /// Whether the next character begins the next row.
    private var isAtEnd = false

    /// A blank screen.
    public init(columns: Int, rows: Int = 24) {
        self.columns = columns
        self.rows = rows
        content = Array(repeating: Row(cells: Self.blank(columns)), count: rows)
    }

    /// The rows without trailing spaces.
    public var lines: [String] { content.map(Self.text) }

    /// The rows down to the last that is not blank.
    public var text: String {
        let lines = lines
        let count = (lines.lastIndex { !$0.isEmpty } ?? -1) + 1
        return lines[..<count].joined(separator: "\n")
    }

    /// The `SGR` parameters that a cell was written with.
    public func style(row: Int, column: Int) -> String { content[row].cells[column].style }

    /// Draws what a program writes; a character may be split between calls.
    public mutating func write(_ bytes: some Sequence<UInt8>) {
        pending += bytes
        // Everything except the beginning of a character at the end.
        var count = pending.count
        for back in 1...3 where back <= pending.count {
            let byte = pending[pending.count - back]
            if byte & 0xc0 == 0x80 { continue }
            let length = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : byte >= 0xc0 ? 2 : 1
            if length > back { count -= back }
            break
        }
        let text = String(decoding: pending[..<count], as: UTF8.self)
        pending.removeFirst(count)
        write(text)
    }

    /// Draws what a program writes.
    public mutating func write(_ text: String) {
        // CR LF is one character in Swift.
        for character in text.flatMap({ $0 == "\r\n" ? ["\r", "\n"] : [$0] }) { take(character) }
    }

    /// Changes the size; the cursor stays with its character.
    public mutating func resize(columns newColumns: Int, rows newRows: Int) {
        var lines: [[Cell]] = [[]]
        var place = (line: 0, column: 0)
        for (index, row) in content.enumerated() {
            if index == cursor.row {
                place = (lines.count - 1, lines[lines.count - 1].count + cursor.column)
            }
            lines[lines.count - 1] += row.isContinued ? row.cells : Self.trimmed(row.cells)
            if !row.isContinued { lines.append([]) }
        }
        lines.removeLast()
        // Blank rows below the cursor are dropped first.
        while lines.count - 1 > place.line, lines.last == [] { lines.removeLast() }
        var broken: [Row] = []
        for (index, cells) in lines.enumerated() {
            let first = broken.count
            var rest = cells[...]
            repeat {
                let part = Array(rest.prefix(newColumns))
                rest = rest.dropFirst(newColumns)
                let blank = Self.blank(newColumns - part.count)
                broken.append(Row(cells: part + blank, isContinued: !rest.isEmpty))
            } while !rest.isEmpty
            if index == place.line {
                let row = min(first + place.column / newColumns, broken.count - 1)
                cursor = (row, min(place.column - (row - first) * newColumns, newColumns - 1))
            }
        }
        (columns, rows, isAtEnd) = (newColumns, newRows, false)
        while broken.count > newRows {
            scrollback.append(Self.text(broken.removeFirst()))
            cursor.row = max(0, cursor.row - 1)
        }
        let missing = newRows - broken.count
        content = broken + Array(repeating: Row(cells: Self.blank(newColumns)), count: missing)
    }

    // MARK: Bytes

    private mutating func take(_ character: Character) {
        switch state {
        case .escape:
            state = character == "[" ? .sequence("") : character == "]" ? .answer : .text
        case .answer: if character == "\u{7}" { state = .text }
        case .sequence(let parameters):
            guard let byte = character.asciiValue, (0x40..<0x7f).contains(byte) else {
                state = .sequence(parameters + String(character))
                return
            }
            state = .text
            obey(character, parameters)
        case .text:
            switch character {
            case "\u{1b}": state = .escape
            case "\r": (cursor.column, isAtEnd) = (0, false)
            case "\n": lineFeed()
            case "\u{8}": (cursor.column, isAtEnd) = (max(0, cursor.column - 1), false)
            case "\u{7}": break
            default: put(character)
            }
        }
    }

    private mutating func put(_ character: Character) {
        let width = character.columnCount
        if width == 0 || width > columns { return }
        if modes.contains(7), isAtEnd || cursor.column + width > columns {
            content[cursor.row].isContinued = true
            lineFeed()
            cursor.column = 0
        }
        cursor.column = min(cursor.column, columns - width)
        content[cursor.row].cells[cursor.column] = Cell(text: String(character), style: style)
        if width == 2 {
            content[cursor.row].cells[cursor.column + 1] = Cell(text: "", style: style)
        }
        cursor.column += width
        isAtEnd = cursor.column >= columns
        cursor.column = min(cursor.column, columns - 1)
    }

    private mutating func lineFeed() {
        isAtEnd = false
        guard cursor.row == rows - 1 else {
            cursor.row += 1
            return
        }
        scrollback.append(Self.text(content.removeFirst()))
        content.append(Row(cells: Self.blank(columns)))
    }

    private mutating func obey(_ last: Character, _ parameters: String) {
        let numbers = parameters.split(separator: ";").compactMap { Int($0) }
        let count = max(1, numbers.first ?? 1)
        if last != "m" { isAtEnd = false }
        switch last {
        case "A": cursor.row = max(0, cursor.row - count)
        case "B": cursor.row = min(rows - 1, cursor.row + count)
        case "C": cursor.column = min(columns - 1, cursor.column + count)
        case "D": cursor.column = max(0, cursor.column - count)
        case "G": cursor.column = min(columns, count) - 1
        case "H":
            let column = numbers.count > 1 ? max(1, numbers[1]) : 1
            cursor = (min(rows, count) - 1, min(columns, column) - 1)
        case "J":
            if numbers.first == 2 {
                for row in 0..<rows { erase(row, from: 0) }
            } else {
                erase(cursor.row, from: cursor.column)
                for row in cursor.row + 1..<max(rows, cursor.row + 1) { erase(row, from: 0) }
            }
        case "K": erase(cursor.row, from: cursor.column)
        case "m": style = parameters == "0" ? "" : parameters
        case "h", "l":
            guard parameters.first == "?" else { return }
            for mode in parameters.dropFirst().split(separator: ";").compactMap({ Int($0) }) {
                if last == "h" { modes.insert(mode) } else { modes.remove(mode) }
            }
        default: break
        }
    }

    private mutating func erase(_ row: Int, from column: Int) {
        content[row].cells.replaceSubrange(column..., with: Self.blank(columns - column))
        content[row].isContinued = false
    }

    // MARK: Rows

    private static func blank(_ count: Int) -> [Cell] {
        Array(repeating: Cell(), count: max(0, count))
    }

    private static func trimmed(_ cells: [Cell]) -> [Cell] {
        let end = cells.lastIndex { $0 != Cell() }.map { $0 + 1 } ?? 0
        return Array(cells[..<end])
    }

    private static func text(_ row: Row) -> String {
        let text = row.cells.map(\.text).joined()
        return String(text.reversed().drop { $0 == " " }.reversed())
    }
}
