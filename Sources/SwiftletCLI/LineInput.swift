// Lines of standard input as they arrive.

import Swiftlet

/// Reads lines, without waiting for more than the next one.
struct LineInput {
    private let input = InputFile.standardInput
    private var pending: [UInt8] = []
    /// Bytes of ``pending`` that are known to be no line end.
    private var searchedCount = 0
    private var hasEnded = false

    /// The next line without its end, or nil at the end of the input; bytes that are not UTF-8
    /// become U+FFFD.
    /// - Throws: ``FileIOError`` when standard input is closed or fails.
    mutating func next() throws -> String? {
        while true {
            if let end = pending[searchedCount...].firstIndex(of: UInt8(ascii: "\n")) {
                defer {
                    pending.removeFirst(end + 1)
                    searchedCount = 0
                }
                return Self.text(pending[..<end])
            }
            searchedCount = pending.count
            if hasEnded {
                defer { (pending, searchedCount) = ([], 0) }
                return pending.isEmpty ? nil : Self.text(pending[...])
            }
            var buffer = [UInt8](repeating: 0, count: 1 << 12)
            let count = try buffer.withUnsafeMutableBytes { try input.read(into: $0) }
            hasEnded = count == 0
            pending += buffer[..<count]
        }
    }

    private static func text(_ line: ArraySlice<UInt8>) -> String {
        String(decoding: line.last == UInt8(ascii: "\r") ? line.dropLast() : line, as: UTF8.self)
    }
}
