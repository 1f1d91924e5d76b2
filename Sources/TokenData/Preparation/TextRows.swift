// Short texts of a file, one after the other, as far as they are asked for: a text a line, or a
// field of a row of JSON a line. Corpora, which are read in blocks, are JSONRows' and
// TextDocuments'.

import FileIO

/// The texts of a file whose first line says what its lines are: rows of JSON, when it begins as an
/// object does, and texts otherwise, also when one begins with a brace.
///
/// Blank lines are passed over. Bytes that are not UTF-8 are kept.
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

    /// Starts where `input` is.
    /// - Parameters:
    ///   - input: What is read.
    ///   - field: The field that holds the text in rows of JSON.
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
                // A row that is not blank has a text, or is an error.
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
