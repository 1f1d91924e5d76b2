// The fields of a request: their names, their allowed values, and what is said about other values.

import FileIO

/// A place in a request's body, and its value.
struct RequestField {
    /// Such as `messages[0].content`; empty for the whole body.
    let name: String
    /// Nil if there is nothing; a member that is `null` counts as missing.
    let value: JSONTree?

    private init(_ name: String, _ value: JSONTree?) {
        self.name = name
        self.value = value
    }

    /// Reads a body, which must be a JSON object.
    /// - Throws: ``APIError``.
    init(body: [UInt8]) throws {
        if body.isEmpty {
            throw APIError.invalid("the body is empty, but should be a JSON object")
        }
        let value: JSONTree
        do {
            value = try body.withUnsafeBufferPointer { body in
                var cursor = try JSONCursor(body)
                let value = try cursor.value()
                guard cursor.next == nil else { throw cursor.malformed("the end of the body") }
                return value
            }
        } catch let error as JSONCursor.Malformed {
            throw APIError.invalid(Self.sentence(error, in: body))
        }
        guard case .object = value else {
            throw APIError.invalid("the body must be a JSON object, but is \(value.kind)")
        }
        self.init("", value)
    }

    private static func sentence(_ error: JSONCursor.Malformed, in body: [UInt8]) -> String {
        let before = body.prefix(error.offset)
        let line = before.count { $0 == UInt8(ascii: "\n") } + 1
        let column = before.reversed().prefix { $0 != UInt8(ascii: "\n") }.count + 1
        return "the body is not valid JSON: at line \(line), byte \(column), "
            + "\(error.expected) was expected"
    }

    // MARK: Parts

    /// A member, which may be missing.
    /// - Throws: ``APIError`` if this is not an object.
    subscript(member: String) -> RequestField {
        get throws {
            let name = name.isEmpty ? member : "\(name).\(member)"
            switch value {
            case nil, .null?: return RequestField(name, nil)
            case .object?: return RequestField(name, value?[member])
            default: throw wrongType("an object")
            }
        }
    }

    /// The members of an object; nil if there is none.
    func members() throws -> [(name: String, field: RequestField)]? {
        switch value {
        case nil, .null?: return nil
        case .object(let members)?:
            // Sorted by name, so that of several mistakes the same one is always reported.
            return members.sorted { $0.key < $1.key }.map { key, value in
                (key, RequestField("\(name).\(key.shownBriefly)", value))
            }
        default: throw wrongType("an object")
        }
    }

    /// The values of an array; nil if there is none.
    func elements(or other: String = "") throws -> [RequestField]? {
        guard let value, isPresent else { return nil }
        guard let values = value.array else { throw wrongType("\(other)an array") }
        return values.enumerated().map { index, value in
            RequestField("\(name)[\(index)]", value)
        }
    }

    /// Whether there is something other than `null`.
    var isPresent: Bool { value.map { !$0.isNull } ?? false }

    // MARK: Values

    /// Text.
    func string() throws -> String? {
        guard let value, isPresent else { return nil }
        guard let text = value.string else { throw wrongType("a string") }
        return text
    }

    /// `true` or `false`.
    func bool() throws -> Bool? {
        guard let value, isPresent else { return nil }
        guard let flag = value.bool else { throw wrongType("true or false") }
        return flag
    }

    /// A whole number.
    func integer(in range: ClosedRange<Int>? = nil) throws -> Int? {
        guard let value, isPresent else { return nil }
        guard let integer = value.integer else {
            if case .number(let number) = value {
                throw outOfRange("a whole number", Self.plain(number))
            }
            throw wrongType("a whole number")
        }
        if let range, !range.contains(integer) {
            let limits =
                range.upperBound == .max
                ? "\(range.lowerBound) or more" : "from \(range.lowerBound) to \(range.upperBound)"
            throw outOfRange(limits, "\(integer)")
        }
        return integer
    }

    /// A number.
    func number(in range: ClosedRange<Float>) throws -> Float? {
        let found: Double
        switch value {
        case nil, .null?: return nil
        case .number(let number)?: found = number
        case .integer(let integer)?: found = Double(integer)
        default: throw wrongType("a number")
        }
        let number = Float(found)
        guard range.contains(number) else {
            let lower = Self.plain(Double(range.lowerBound))
            let limits =
                range.upperBound == .greatestFiniteMagnitude
                ? "\(lower) or more" : "from \(lower) to \(Self.plain(Double(range.upperBound)))"
            throw outOfRange(limits, Self.plain(found))
        }
        return number
    }

    /// The value, which is required.
    /// - Throws: ``APIError`` if it is missing.
    func required<Value>(_ read: (RequestField) throws -> Value?) throws -> Value {
        guard let found = try read(self) else {
            let problem = value == nil ? "is missing" : "must not be null"
            throw APIError.invalid("`\(name)` \(problem)", param: name)
        }
        return found
    }

    // MARK: Mistakes

    /// The error for a value of another type.
    func wrongType(_ expected: String) -> APIError {
        let found = value?.kind ?? "null"
        return .invalid("`\(name)` must be \(expected), but is \(found)", param: name)
    }

    /// A number as people write it, without an empty fraction.
    private static func plain(_ number: Double) -> String {
        Int(exactly: number).map(String.init) ?? "\(number)"
    }

    private func outOfRange(_ limits: String, _ found: String) -> APIError {
        .invalid("`\(name)` must be \(limits), but is \(found)", param: name)
    }
}

extension JSONTree {
    /// Its type, in words.
    fileprivate var kind: String {
        switch self {
        case .null: "null"
        case .bool: "a boolean"
        case .number, .integer: "a number"
        case .string: "a string"
        case .array: "an array"
        case .object: "an object"
        }
    }
}
