// JSON as a tree: for settings, of which there are few. Large files are read with JSONCursor alone.

/// Any JSON value.
package enum JSONTree: Sendable, Equatable {
    case null
    case bool(Bool)
    case number(Double)
    /// A whole number that no `Double` is, such as a seed of 64 bits.
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

    /// The text, of a string.
    package var string: String? {
        if case .string(let text) = self { text } else { nil }
    }

    /// The truth, of a boolean.
    package var bool: Bool? {
        if case .bool(let flag) = self { flag } else { nil }
    }

    /// The whole number, of a number that is one.
    package var integer: Int? {
        switch self {
        case .number(let number): Int(exactly: number)
        case .integer(let integer): integer
        default: nil
        }
    }

    /// The value as JSON, on one line; members in the order of their names.
    package var text: String {
        switch self {
        case .null: "null"
        case .bool(let flag): "\(flag)"
        // What JSON has no words for was too large a number.
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

    /// The values, of an array.
    package var array: [JSONTree]? {
        if case .array(let values) = self { values } else { nil }
    }
}

extension JSONCursor {
    /// How many values a tree may have: more than any settings, and little memory.
    package static let mostValues = 1 << 20

    /// Reads a value whole.
    /// - Throws: ``Malformed``, also when it has more than ``mostValues`` values.
    package mutating func value() throws -> JSONTree {
        var rest = Self.mostValues
        return try value(&rest)
    }

    /// Reads a text that is one value.
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

    /// Whether a text has a form that JSON gives numbers, which `Double` is less strict about.
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
