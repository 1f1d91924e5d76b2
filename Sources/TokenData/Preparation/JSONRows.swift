// Lines of JSON that arrive in chunks, and the text in them. JSONRowParser reads one row.

import FileIO

/// Collects the rows of one file of JSON lines.
///
/// A row is in memory as a whole, up to ``longestRow``.
struct JSONRows {
    /// The most bytes of a row; a file with longer ones is more likely no file of rows.
    static let longestRow = 1 << 28

    private let path: FilePath
    private let field: [UInt8]
    private let longestRow: Int
    private var pending: [UInt8] = []
    private var line = 1

    /// Starts a file, called `path` in errors, with text in the field of this name.
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
                "the row is longer than \(longestRow) bytes; give rows of JSON, one a line"
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
