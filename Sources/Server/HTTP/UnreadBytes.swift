// What came over a connection and was not read yet. It gives out whole lines, under the strict
// rules that keep two programs from seeing different lines in the same bytes, and plain bytes.

/// Bytes in the order they came.
struct UnreadBytes {
    private var bytes: [UInt8] = []
    /// Where the unread ones start.
    private var start = 0
    /// No line ends before this index, so that no byte is looked at twice.
    private var searched = 0

    var isEmpty: Bool { start == bytes.count }

    mutating func append(_ new: [UInt8]) {
        if start > 0 {
            bytes.removeFirst(start)
            searched -= start
            start = 0
        }
        bytes += new
    }

    /// Up to so many bytes, as many as there are.
    mutating func take(atMost count: Int) -> ArraySlice<UInt8> {
        let taken = bytes[start...].prefix(count)
        start = taken.endIndex
        searched = max(searched, start)
        return taken
    }

    /// Takes a line.
    /// - Parameters:
    ///   - limit: How long it may be, its end included.
    ///   - problem: What it means when it is longer.
    /// - Returns: The line without its end; nil while that is missing.
    /// - Throws: `problem`, or ``HTTPProblem/malformed(_:)`` for a line that ends otherwise than
    ///   by a carriage return and a line feed, and for control characters other than tabs.
    mutating func takeLine(
        atMost limit: Int,
        orElse problem: HTTPProblem
    ) throws(HTTPProblem) -> ArraySlice<UInt8>? {
        while searched < bytes.count {
            let byte = bytes[searched]
            let followsReturn = searched > start && bytes[searched - 1] == ASCII.carriageReturn
            guard searched - start < limit else { throw problem }
            guard followsReturn == (byte == ASCII.lineFeed) else {
                throw .malformed("every line must end with a carriage return and a line feed")
            }
            guard byte == ASCII.carriageReturn || byte == ASCII.lineFeed || !ASCII.isControl(byte)
            else { throw .malformed("there is a control character in one of its lines") }
            searched += 1
            if byte == ASCII.lineFeed {
                let line = bytes[start..<searched - 2]
                start = searched
                return line
            }
        }
        return nil
    }
}
