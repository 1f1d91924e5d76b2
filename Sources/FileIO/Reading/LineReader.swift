// Lines of a file, a pipe or standard input as they arrive. What a line means is not known here.

/// Reads lines, without waiting for more than the next one.
package struct LineReader {
    /// Where the lines come from.
    package let input: InputFile
    /// How many lines were read.
    package private(set) var lineCount = 0

    private let longestLine: Int
    private var pending: [UInt8] = []
    /// Where in ``pending`` the next line begins.
    private var start = 0
    /// Bytes of the next line that are known to hold no line end.
    private var searchedCount = 0
    private var hasEnded = false

    /// Starts where `input` is.
    /// - Parameters:
    ///   - input: What is read.
    ///   - longestLine: The most bytes of a line: what has longer ones is no text, and would fill
    ///     the memory.
    package init(_ input: InputFile, longestLine: Int = 1 << 28) {
        self.input = input
        self.longestLine = longestLine
    }

    /// The bytes of the next line without its end, which is LF or CR LF; nil after the last.
    /// - Throws: ``FileIOError`` when reading fails or a line is too long.
    package mutating func next() throws -> [UInt8]? {
        while true {
            if let end = pending[(start + searchedCount)...].firstIndex(of: UInt8(ascii: "\n")) {
                return take(upTo: end, next: end + 1)
            }
            searchedCount = pending.count - start
            if hasEnded {
                return searchedCount == 0 ? nil : take(upTo: pending.count, next: pending.count)
            }
            guard searchedCount <= longestLine else {
                throw FileIOError.lineTooLong(
                    path: input.path,
                    line: lineCount + 1,
                    limit: longestLine
                )
            }
            try readMore()
        }
    }

    private mutating func readMore() throws {
        pending.removeFirst(start)
        start = 0
        var buffer = [UInt8](repeating: 0, count: 1 << 14)
        let count = try buffer.withUnsafeMutableBytes { try input.read(into: $0) }
        hasEnded = count == 0
        pending += buffer[..<count]
    }

    private mutating func take(upTo end: Int, next: Int) -> [UInt8] {
        let line = pending[start..<end]
        (start, searchedCount) = (next, 0)
        lineCount += 1
        return Array(line.last == UInt8(ascii: "\r") ? line.dropLast() : line)
    }
}
