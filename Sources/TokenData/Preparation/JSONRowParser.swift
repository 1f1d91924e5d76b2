// JSON (RFC 8259, plus NaN and the infinities as Python writes them), keeping only one field's
// text: a row is checked and read in one pass, at the speed that preparing a large corpus needs.

import FileIO

/// A parser of one object.
struct JSONRowParser {
    /// Why a row cannot be used.
    struct Problem: Error, CustomStringConvertible {
        let description: String
    }

    private let source: UnsafeBufferPointer<UInt8>
    /// The option that selects another field, for messages.
    private let fieldOption: String?
    private var offset = 0
    // Keys and unneeded strings; reused to avoid allocations.
    private var scratch: [UInt8] = []

    /// Deeper nesting is refused, which bounds the recursion.
    private static let deepestNesting = 512

    /// Starts at a row, which must outlive the parser.
    /// - Parameters:
    ///   - source: The row.
    ///   - allowsByteOrderMark: Whether it may begin with one, which only a file's first row may.
    ///   - fieldOption: The option that selects another field, for messages.
    init(
        _ source: UnsafeBufferPointer<UInt8>,
        allowsByteOrderMark: Bool,
        fieldOption: String? = "--text-field"
    ) {
        self.source = source
        self.fieldOption = fieldOption
        if allowsByteOrderMark { offset = ByteOrderMark.count(atStartOf: source) }
    }

    /// The bytes of the text in the row's field `field`; nil when the row is blank.
    ///
    /// Bytes of strings that are not UTF-8 are kept. If a field appears twice, the last one counts,
    /// as in Python.
    /// - Throws: ``Problem`` when the row is not one object, or the field is missing or not text.
    mutating func text(of field: [UInt8]) throws -> [UInt8]? {
        skipWhitespace()
        if offset == source.count { return nil }
        var text: [UInt8]?
        var hasOtherValue = false
        var names: [String] = []
        try expect("{", "a row of JSON, which begins with '{'")
        try parseMembers { parser, key in
            if key != field {
                if names.count < 8 { names.append(String(decoding: key, as: UTF8.self)) }
                try parser.skipValue(depth: 1)
                return
            }
            guard parser.peek() == UInt8(ascii: "\"") else {
                try parser.skipValue(depth: 1)
                (text, hasOtherValue) = (nil, true)
                return
            }
            var value: [UInt8] = []
            try parser.parseString(into: &value)
            (text, hasOtherValue) = (value, false)
        }
        skipWhitespace()
        if offset < source.count { throw unexpected("the end of the row") }
        if hasOtherValue {
            throw Problem(
                description: "the field '\(Self.name(field))' is not text; "
                    + (fieldOption.map { "choose another with \($0), or " } ?? "")
                    + "leave this row out"
            )
        }
        guard let text else {
            throw Problem(
                description: "the row has no field '\(Self.name(field))', only "
                    + (names.isEmpty ? "none" : names.map { "'\($0)'" }.joined(separator: ", "))
                    + (fieldOption.map { "; name the field with the text with \($0)" } ?? "")
            )
        }
        return text
    }

    private static func name(_ field: [UInt8]) -> String {
        String(decoding: field, as: UTF8.self)
    }

    // MARK: Values

    /// Parses an object after its `{`, calling `member` for each value.
    private mutating func parseMembers(
        _ member: (inout JSONRowParser, _ key: [UInt8]) throws -> Void
    ) throws {
        skipWhitespace()
        if accept("}") { return }
        repeat {
            skipWhitespace()
            scratch.removeAll(keepingCapacity: true)
            var key: [UInt8] = []
            swap(&key, &scratch)
            try parseString(into: &key)
            skipWhitespace()
            try expect(":")
            skipWhitespace()
            try member(&self, key)
            swap(&key, &scratch)
            skipWhitespace()
        } while accept(",")
        try expect("}", "',' or '}'")
    }

    private mutating func skipValue(depth: Int) throws {
        guard depth <= Self.deepestNesting else {
            throw Problem(description: "the row is nested deeper than \(Self.deepestNesting)")
        }
        switch peek().map(Unicode.Scalar.init) {
        case "\"":
            scratch.removeAll(keepingCapacity: true)
            var text: [UInt8] = []
            swap(&text, &scratch)
            try parseString(into: &text)
            swap(&text, &scratch)
        case "{":
            offset += 1
            try parseMembers { parser, _ in try parser.skipValue(depth: depth + 1) }
        case "[":
            offset += 1
            try skipElements(depth: depth)
        case "t": try expectWord("true")
        case "f": try expectWord("false")
        case "n": try expectWord("null")
        case "N": try expectWord("NaN")
        case "I": try expectWord("Infinity")
        default: try skipNumber()
        }
    }

    private mutating func skipElements(depth: Int) throws {
        skipWhitespace()
        if accept("]") { return }
        repeat {
            skipWhitespace()
            try skipValue(depth: depth + 1)
            skipWhitespace()
        } while accept(",")
        try expect("]", "',' or ']'")
    }

    private mutating func skipNumber() throws {
        if accept("-"), peek() == UInt8(ascii: "I") { return try expectWord("Infinity") }
        // No digit may follow a leading zero.
        if !accept("0") { try skipDigits("a value") }
        if accept(".") { try skipDigits("a digit") }
        if accept("e") || accept("E") {
            if !accept("+") { _ = accept("-") }
            try skipDigits("a digit")
        }
    }

    private mutating func skipDigits(_ expected: String) throws {
        let start = offset
        while let byte = peek(), UInt8(ascii: "0")...UInt8(ascii: "9") ~= byte { offset += 1 }
        if offset == start { throw unexpected(expected) }
    }

    // MARK: Strings

    /// Appends the bytes that a string stands for.
    private mutating func parseString(into text: inout [UInt8]) throws {
        try expect("\"")
        while true {
            let start = offset
            while let byte = peek(), byte >= 0x20, byte != UInt8(ascii: "\""),
                byte != UInt8(ascii: "\\")
            {
                offset += 1
            }
            text.append(contentsOf: source[start..<offset])
            if accept("\"") { return }
            guard accept("\\") else { throw unexpected("the end of a string, or an escape") }
            try parseEscape(into: &text)
        }
    }

    /// Parses what follows a backslash.
    private mutating func parseEscape(into text: inout [UInt8]) throws {
        do {
            let scalar = try JSONEscape.scalar(in: source, at: &offset)
            if scalar.isASCII {
                // Nearly all are quotes and line ends.
                text.append(UInt8(scalar.value))
            } else {
                text.append(contentsOf: UTF8.encode(scalar) ?? UTF8.encodedReplacementCharacter)
            }
        } catch {
            throw unexpected(error.expected)
        }
    }

    // MARK: Bytes

    private func peek() -> UInt8? { offset < source.count ? source[offset] : nil }

    private mutating func accept(_ character: Unicode.Scalar) -> Bool {
        guard peek() == UInt8(ascii: character) else { return false }
        offset += 1
        return true
    }

    private mutating func expect(_ character: Unicode.Scalar, _ expected: String? = nil) throws {
        if !accept(character) { throw unexpected(expected ?? "'\(character)'") }
    }

    private mutating func expectWord(_ word: StaticString) throws {
        for byte in UnsafeBufferPointer(start: word.utf8Start, count: word.utf8CodeUnitCount) {
            guard peek() == byte else { throw unexpected("'\(word)'") }
            offset += 1
        }
    }

    private mutating func skipWhitespace() {
        while let byte = peek(), byte == 0x20 || byte == 0x09 || byte == 0x0A || byte == 0x0D {
            offset += 1
        }
    }

    private func unexpected(_ expected: String) -> Problem {
        let found =
            switch peek() {
            case nil: "the end of the line"
            case let byte? where 0x21...0x7E ~= byte: "'\(Unicode.Scalar(byte))'"
            case let byte?: "byte \(byte)"
            }
        return Problem(
            description: "expected \(expected) at column \(offset + 1), found \(found)"
        )
    }
}
