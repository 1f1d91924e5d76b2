import FileIO
import TestSupport
import Testing

@Suite struct LineReaderTests {
    private func lines(_ bytes: [UInt8], longestLine: Int = 1 << 20) throws -> [[UInt8]] {
        try withTemporaryDirectory { directory in
            let path = directory.appending("lines")
            let file = try AtomicFile(path)
            try file.write(bytes)
            try file.commit()
            var reader = LineReader(try InputFile(path), longestLine: longestLine)
            var lines: [[UInt8]] = []
            while let line = try reader.next() { lines.append(line) }
            #expect(try reader.next() == nil)
            #expect(reader.lineCount == lines.count)
            return lines
        }
    }

    @Test func aLineEndsWithLFOrCRLFOrTheFile() throws {
        #expect(try lines([]) == [])
        #expect(try lines([10]) == [[]])
        #expect(try lines([97, 13, 10, 13, 98, 10, 10, 99]) == [[97], [13, 98], [], [99]])
        #expect(try lines([97, 10, 0xFF, 0, 13]) == [[97], [0xFF, 0]])
    }

    @Test func linesAreWholeAcrossReads() throws {
        // Longer than one read, and not a divisor of it.
        let expected = (0..<40).map { [UInt8](repeating: UInt8(65 + $0), count: $0 * 1003) }
        #expect(try lines(Array(expected.joined(separator: [10]))) == expected)
    }

    @Test func aLineThatIsTooLongIsAnError() throws {
        let line = [UInt8](repeating: 97, count: 100_000)
        #expect(try lines(line, longestLine: 100_000).count == 1)
        let error = #expect(throws: FileIOError.self) {
            try lines([10] + line, longestLine: 50_000)
        }
        guard case .lineTooLong(_, line: 2, limit: 50_000) = error else {
            Issue.record("\(error.map { "\($0)" } ?? "no error")")
            return
        }
    }
}
