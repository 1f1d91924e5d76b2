// A JSON reader that goes from front to back without building a tree: for files in which one object
// has a hundred thousand members. Small values become a JSONTree, in JSONTree.swift.

/// A position in a JSON text, which advances as values are read.
///
/// Every call reads one value and the white space around it. Nesting is limited, so that no text
/// can exhaust the stack.
package struct JSONCursor {
    /// Why a text is not the expected JSON.
    package struct Malformed: Error {
        /// The byte at which the problem was found.
        package let offset: Int
        /// What was expected there.
        package let expected: String
    }

    /// How deep containers may be nested.
    private static let deepest = 64

    private let source: UnsafeBufferPointer<UInt8>
    /// The next byte to be read.
    package private(set) var offset: Int
    private var depth = 0

    /// Starts at the beginning of a text, which must outlive the cursor.
    /// - Throws: ``Malformed`` when it is not UTF-8.
    package init(_ source: UnsafeBufferPointer<UInt8>) throws(Malformed) {
        self.source = source
        offset = ByteOrderMark.count(atStartOf: source)
        do { _ = try UTF8Span(validating: source.span) } catch {
            let start = error.byteOffsets.lowerBound
            throw Malformed(offset: start, expected: "text in UTF-8")
        }
        skipBlanks()
    }

    /// What is wrong at this place.
    package func malformed(_ expected: String) -> Malformed {
        Malformed(offset: offset, expected: expected)
    }

    /// The next value's first byte; nil at the end.
    package var next: UInt8? { offset < source.count ? source[offset] : nil }

    /// Checks that nothing follows.
    package func end() throws(Malformed) {
        if offset < source.count { throw malformed("the end of the file") }
    }

    // MARK: Containers

    /// Calls `body` with the name of each member of an object; `body` must read the value.
    ///
    /// Duplicate names are refused.
    package mutating func members(
        _ body: (inout JSONCursor, _ name: String) throws -> Void
    ) throws {
        var names: Set<String> = []
        try uncheckedMembers { cursor in
            let start = cursor.offset
            let name = try cursor.name()
            guard names.insert(name).inserted else {
                throw Malformed(offset: start, expected: "a name that the object has not yet")
            }
            try body(&cursor, name)
        }
    }

    /// Calls `body` before each name of an object; `body` must read the name and the value.
    package mutating func uncheckedMembers(_ body: (inout JSONCursor) throws -> Void) throws {
        try elements(from: UInt8(ascii: "{"), to: UInt8(ascii: "}"), body)
    }

    /// Calls `body` before each value of an array; `body` must read the value.
    package mutating func elements(_ body: (inout JSONCursor) throws -> Void) throws {
        try elements(from: UInt8(ascii: "["), to: UInt8(ascii: "]"), body)
    }

    private mutating func elements(
        from first: UInt8,
        to last: UInt8,
        _ body: (inout JSONCursor) throws -> Void
    ) throws {
        try expect(first)
        guard depth < Self.deepest else {
            throw malformed("no more than \(Self.deepest) values inside one another")
        }
        depth += 1
        if next != last {
            while true {
                try body(&self)
                if next != UInt8(ascii: ",") { break }
                try expect(UInt8(ascii: ","))
            }
        }
        depth -= 1
        try expect(last)
    }

    // MARK: Names and values

    /// Reads the name of a member.
    package mutating func name() throws(Malformed) -> String {
        var bytes: [UInt8] = []
        try name(into: &bytes)
        return String(decoding: bytes, as: UTF8.self)
    }

    /// Appends the name of a member, in UTF-8.
    package mutating func name(into bytes: inout [UInt8]) throws(Malformed) {
        try string(into: &bytes)
        try expect(UInt8(ascii: ":"))
    }

    /// Appends a string, in UTF-8.
    package mutating func string(into bytes: inout [UInt8]) throws(Malformed) {
        guard next == UInt8(ascii: "\"") else { throw malformed("'\"'") }
        offset += 1
        while true {
            let start = offset
            while offset < source.count, source[offset] >= 0x20,
                source[offset] != UInt8(ascii: "\""), source[offset] != UInt8(ascii: "\\")
            {
                offset += 1
            }
            bytes.append(contentsOf: source[start..<offset])
            switch next {
            case UInt8(ascii: "\""):
                offset += 1
                skipBlanks()
                return
            case UInt8(ascii: "\\"):
                offset += 1
                let scalar: Unicode.Scalar
                do { scalar = try JSONEscape.scalar(in: source, at: &offset) } catch {
                    throw malformed(error.expected)
                }
                bytes.append(contentsOf: String(scalar).utf8)
            default:
                throw malformed("the end of a string")
            }
        }
    }

    /// Reads a whole number that is not negative, of at most 18 digits.
    package mutating func count() throws(Malformed) -> Int {
        let start = offset
        var value = 0
        while let byte = next, UInt8(ascii: "0")...UInt8(ascii: "9") ~= byte {
            guard offset - start < 18 else { break }
            value = value * 10 + Int(byte - UInt8(ascii: "0"))
            offset += 1
        }
        let ends = next.map { !".eE0123456789".utf8.contains($0) } ?? true
        guard offset > start, ends else { throw malformed("a whole number") }
        skipBlanks()
        return value
    }

    /// Reads one of the words `true`, `false` and `null`; false when another value begins here.
    package mutating func accept(_ word: StaticString) -> Bool {
        let word = UnsafeBufferPointer(start: word.utf8Start, count: word.utf8CodeUnitCount)
        guard source[offset...].starts(with: word) else { return false }
        offset += word.count
        skipBlanks()
        return true
    }

    /// The text of a number, which is not checked.
    mutating func number() throws(Malformed) -> String {
        let start = offset
        while let byte = next, "+-.0123456789Ee".utf8.contains(byte), offset - start < 64 {
            offset += 1
        }
        guard offset > start else { throw malformed("a value") }
        defer { skipBlanks() }
        return String(decoding: source[start..<offset], as: UTF8.self)
    }

    private mutating func expect(_ byte: UInt8) throws(Malformed) {
        guard next == byte else { throw malformed("'\(Unicode.Scalar(byte))'") }
        offset += 1
        skipBlanks()
    }

    private mutating func skipBlanks() {
        while let byte = next, byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 {
            offset += 1
        }
    }
}

extension JSONCursor {
    /// Skips a value.
    package mutating func skip() throws {
        switch next {
        case UInt8(ascii: "{"):
            try uncheckedMembers { cursor in
                var name: [UInt8] = []
                try cursor.name(into: &name)
                try cursor.skip()
            }
        case UInt8(ascii: "["):
            try elements { try $0.skip() }
        case UInt8(ascii: "\""):
            var text: [UInt8] = []
            try string(into: &text)
        default:
            if accept("null") || accept("true") || accept("false") { return }
            // The words that Python writes for numbers that JSON cannot express.
            if accept("NaN") || accept("Infinity") || accept("-Infinity") { return }
            _ = try number()
        }
    }
}
