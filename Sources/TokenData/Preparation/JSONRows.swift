// Lines of text and of JSON, and the text in them: as they arrive in chunks of a corpus, and one
// after the other, as far as they are asked for. JSONRowParser reads one row.

import FileIO

/// Collects the rows of one file of JSON lines.
///
/// A whole row is in memory, up to ``longestRow``.
struct JSONRows {
    /// The most bytes in a row; a file with longer ones is probably not JSON Lines.
    static let longestRow = 1 << 28

    private let path: FilePath
    private let field: [UInt8]
    private let longestRow: Int
    private var pending: [UInt8] = []
    private var line = 1

    /// Starts a file, called `path` in errors, with its text in the named field.
    init(path: FilePath, field: String, longestRow: Int = longestRow) {
        self.path = path
        self.field = Array(field.utf8)
        self.longestRow = longestRow
    }

    /// Takes the next bytes and calls `body` with the text of every row they complete.
    /// - Throws: ``PreparationError/invalidRow(path:line:problem:)``; what `body` throws.
    mutating func append(
        _ chunk: UnsafeRawBufferPointer,
        _ body: (UnsafeRawBufferPointer) throws -> Void
    ) throws {
        var rest = chunk[...]
        while let end = rest.firstIndex(of: UInt8(ascii: "\n")) {
            if pending.isEmpty {
                try row(UnsafeRawBufferPointer(rebasing: rest[..<end]), body)
            } else {
                pending.append(contentsOf: rest[..<end])
                try finish(body)
            }
            line += 1
            rest = rest[(end + 1)...]
        }
        pending.append(contentsOf: rest)
        guard pending.count <= longestRow else {
            throw invalid(
                "the row is longer than \(longestRow) bytes; give one JSON object per line"
            )
        }
    }

    /// Ends the file, whose last row may lack a line end.
    /// - Throws: As ``append(_:_:)``.
    mutating func finish(_ body: (UnsafeRawBufferPointer) throws -> Void) throws {
        let last = pending
        pending.removeAll(keepingCapacity: true)
        try last.withUnsafeBytes { try row($0, body) }
    }

    private func row(
        _ bytes: UnsafeRawBufferPointer,
        _ body: (UnsafeRawBufferPointer) throws -> Void
    ) throws {
        let isFirst = line == 1
        let text: [UInt8]?
        do {
            text = try bytes.withMemoryRebound(to: UInt8.self) { bytes in
                var parser = JSONRowParser(bytes, allowsByteOrderMark: isFirst)
                return try parser.text(of: field)
            }
        } catch let error as JSONRowParser.Problem {
            throw invalid(error.description)
        }
        if let text { try text.withUnsafeBytes(body) }
    }

    private func invalid(_ problem: String) -> PreparationError {
        .invalidRow(path: path, line: line, problem: problem)
    }
}

/// The texts of a file whose first line says what its lines are: JSON rows if it begins as an
/// object does, otherwise texts, even if one begins with a brace.
///
/// Blank lines are skipped. Bytes that are not UTF-8 are kept.
package struct TextRows {
    /// A text, and the number of its line, from 1.
    package struct Row {
        package let text: [UInt8]
        package let line: Int
    }

    /// Where the texts come from.
    package var path: FilePath { lines.input.path }

    private var lines: LineReader
    private let field: [UInt8]
    /// Nil before the first line that is not blank.
    private var isJSON: Bool?

    /// Starts at the current position of `input`.
    /// - Parameters:
    ///   - input: What is read.
    ///   - field: The field that holds the text in JSON rows.
    package init(_ input: InputFile, field: String) {
        lines = LineReader(input)
        self.field = Array(field.utf8)
    }

    /// The next text; nil after the last.
    /// - Throws: ``PreparationError/invalidRow(path:line:problem:)``, or ``FileIOError``.
    package mutating func next() throws -> Row? {
        while var line = try lines.next() {
            if lines.lineCount == 1 { line.removeFirst(ByteOrderMark.count(atStartOf: line)) }
            if line.allSatisfy({ $0 == 0x20 || $0 == 0x09 }) { continue }
            let isJSON = isJSON ?? (JSONStart(line) == .object)
            self.isJSON = isJSON
            return Row(text: isJSON ? try text(ofRow: line) : line, line: lines.lineCount)
        }
        return nil
    }

    private func text(ofRow row: [UInt8]) throws -> [UInt8] {
        do {
            return try row.withUnsafeBufferPointer { bytes in
                var parser = JSONRowParser(bytes, allowsByteOrderMark: false, fieldOption: nil)
                // A row that is not blank has a text or is an error.
                return try parser.text(of: field) ?? []
            }
        } catch let error as JSONRowParser.Problem {
            throw PreparationError.invalidRow(
                path: path,
                line: lines.lineCount,
                problem: error.description
            )
        }
    }
}
