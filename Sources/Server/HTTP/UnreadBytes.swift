// What came over a connection and was not read yet. It gives out whole lines, under the strict
// rules that keep two programs from seeing different lines in the same bytes, and plain bytes. The
// characters that HTTP is made of, and its few classes of them, are here too.

/// Bytes in the order they arrived.
struct UnreadBytes {
    private var bytes: [UInt8] = []
    /// Where the unread ones start.
    private var start = 0
    /// No line ends before this index, so that no byte is examined twice.
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

    /// Takes up to `count` bytes, as many as there are.
    mutating func take(atMost count: Int) -> ArraySlice<UInt8> {
        let taken = bytes[start...].prefix(count)
        start = taken.endIndex
        searched = max(searched, start)
        return taken
    }

    /// Takes a line.
    /// - Parameters:
    ///   - limit: How long it may be, including its end.
    ///   - problem: The error if it is longer.
    /// - Returns: The line without its end; nil while the end is missing.
    /// - Throws: `problem`, or ``HTTPProblem/malformed(_:)`` for a line that does not end with a
    ///   carriage return and a line feed, and for control characters other than tabs.
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

/// Bytes by name and by class, after RFC 9110.
enum ASCII {
    static let tab = UInt8(ascii: "\t")
    static let lineFeed = UInt8(ascii: "\n")
    static let carriageReturn = UInt8(ascii: "\r")
    static let space = UInt8(ascii: " ")
    static let colon = UInt8(ascii: ":")
    static let percent = UInt8(ascii: "%")

    /// Whether it is a control character other than a tab.
    static func isControl(_ byte: UInt8) -> Bool {
        (byte < 0x20 && byte != tab) || byte == 0x7F
    }

    static func isBlank(_ byte: UInt8) -> Bool { byte == space || byte == tab }

    static func isDigit(_ byte: UInt8) -> Bool { (0x30...0x39).contains(byte) }

    static func isLetter(_ byte: UInt8) -> Bool { (0x61...0x7A).contains(byte | 0x20) }

    /// Whether it may occur in the name of a method or a field.
    static func isToken(_ byte: UInt8) -> Bool {
        isDigit(byte) || isLetter(byte) || "!#$%&'*+-.^_`|~".utf8.contains(byte)
    }

    /// A text with only its ASCII letters in lower case: the Kelvin sign is not a k.
    static func lowercased(_ text: some StringProtocol) -> String {
        let bytes = text.utf8.map { (0x41...0x5A).contains($0) ? $0 | 0x20 : $0 }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// The value of a hexadecimal digit.
    static func hexadecimalValue(_ byte: UInt8) -> UInt8? {
        switch byte {
        case 0x30...0x39: byte - 0x30
        case 0x41...0x46: byte - 0x37
        case 0x61...0x66: byte - 0x57
        default: nil
        }
    }

    /// The bytes without blanks at both ends.
    static func trimmed(_ bytes: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
        let rest = bytes.drop(while: isBlank)
        let last = rest.lastIndex { !isBlank($0) }
        return last.map { rest[...$0] } ?? []
    }
}
