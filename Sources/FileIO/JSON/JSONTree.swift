// JSON as a tree: for small files such as settings. Large files are read with JSONCursor alone.

/// Any JSON value.
package enum JSONTree: Sendable, Equatable {
    case null
    case bool(Bool)
    case number(Double)
    /// A whole number that no `Double` can hold exactly, such as a 64-bit seed.
    case integer(Int)
    case string(String)
    case array([JSONTree])
    case object([String: JSONTree])

    /// Whether it is `null`.
    package var isNull: Bool { self == .null }

    /// The member of an object; nil when there is none, or it is `null`.
    package subscript(name: String) -> JSONTree? {
        guard case .object(let members) = self, let value = members[name], !value.isNull else {
            return nil
        }
        return value
    }

    /// The text of a string.
    package var string: String? {
        if case .string(let text) = self { text } else { nil }
    }

    /// The value of a boolean.
    package var bool: Bool? {
        if case .bool(let flag) = self { flag } else { nil }
    }

    /// The value of a whole number.
    package var integer: Int? {
        switch self {
        case .number(let number): Int(exactly: number)
        case .integer(let integer): integer
        default: nil
        }
    }

    /// The value as JSON, on one line; members sorted by name.
    package var text: String {
        switch self {
        case .null: "null"
        case .bool(let flag): "\(flag)"
        // Only a number too large for `Double` has no JSON form.
        case .number(let number) where !number.isFinite: "null"
        case .number(let number): Int(exactly: number).map(String.init) ?? "\(number)"
        case .integer(let integer): "\(integer)"
        case .string(let text): JSONText.quoted(text)
        case .array(let values): "[\(values.map(\.text).joined(separator: ", "))]"
        case .object(let members):
            "{"
                + members.sorted { $0.key < $1.key }
                .map { "\(JSONText.quoted($0.key)): \($0.value.text)" }
                .joined(separator: ", ")
                + "}"
        }
    }

    /// The values of an array.
    package var array: [JSONTree]? {
        if case .array(let values) = self { values } else { nil }
    }
}

extension JSONCursor {
    /// The most values in a tree: more than any settings have, and little memory.
    package static let mostValues = 1 << 20

    /// Reads a complete value.
    /// - Throws: ``Malformed``, also when it has more than ``mostValues`` values.
    package mutating func value() throws -> JSONTree {
        var rest = Self.mostValues
        return try value(&rest)
    }

    /// Reads a text that is a single value.
    package static func value(of source: UnsafeBufferPointer<UInt8>) throws -> JSONTree {
        var cursor = try JSONCursor(source)
        let value = try cursor.value()
        try cursor.end()
        return value
    }

    private mutating func value(_ rest: inout Int) throws -> JSONTree {
        guard rest > 0 else { throw malformed("no more than \(Self.mostValues) values") }
        rest -= 1
        switch next {
        case UInt8(ascii: "{"):
            var members: [String: JSONTree] = [:]
            try self.members { cursor, name in members[name] = try cursor.value(&rest) }
            return .object(members)
        case UInt8(ascii: "["):
            var values: [JSONTree] = []
            try elements { values.append(try $0.value(&rest)) }
            return .array(values)
        case UInt8(ascii: "\""):
            var bytes: [UInt8] = []
            try string(into: &bytes)
            return .string(String(decoding: bytes, as: UTF8.self))
        default:
            if accept("null") { return .null }
            if accept("true") { return .bool(true) }
            if accept("false") { return .bool(false) }
            let start = self
            let text = try number()
            guard Self.isNumber(text), let number = Double(text) else {
                throw start.malformed("a value")
            }
            if let integer = Int(text), Int(exactly: number) != integer { return .integer(integer) }
            return .number(number)
        }
    }

    /// Whether a text is a number by JSON's rules, which are stricter than those of `Double`.
    private static func isNumber(_ text: String) -> Bool {
        var rest = Array(text.utf8)[...]
        func digits() -> Int {
            let count = rest.prefix { UInt8(ascii: "0")...UInt8(ascii: "9") ~= $0 }.count
            rest = rest.dropFirst(count)
            return count
        }
        func take(_ bytes: String) -> Bool {
            guard let first = rest.first, bytes.utf8.contains(first) else { return false }
            rest = rest.dropFirst()
            return true
        }
        _ = take("-")
        let startsWithZero = rest.first == UInt8(ascii: "0")
        let count = digits()
        guard count == 1 || count > 1 && !startsWithZero else { return false }
        if take("."), digits() == 0 { return false }
        if take("eE") {
            _ = take("+-")
            if digits() == 0 { return false }
        }
        return rest.isEmpty
    }
}
