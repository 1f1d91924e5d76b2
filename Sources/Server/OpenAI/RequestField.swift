// The fields of a request: what they are called, what they may be, and what is said of those that
// are something else.

import FileIO

/// A place in a request's body, and what stands there.
struct RequestField {
    /// Such as `messages[0].content`; empty for the whole body.
    let name: String
    /// Nil where there is nothing; a member that is `null` is as one that is not there.
    let value: JSONTree?

    private init(_ name: String, _ value: JSONTree?) {
        self.name = name
        self.value = value
    }

    /// Reads a body, which is to be an object in JSON.
    /// - Throws: ``APIError``.
    init(body: [UInt8]) throws {
        if body.isEmpty {
            throw APIError.invalid("the body is empty, but should be an object in JSON")
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
            throw APIError.invalid("the body must be an object in JSON, but is \(value.kind)")
        }
        self.init("", value)
    }

    private static func sentence(_ error: JSONCursor.Malformed, in body: [UInt8]) -> String {
        let before = body.prefix(error.offset)
        let line = before.count { $0 == UInt8(ascii: "\n") } + 1
        let column = before.reversed().prefix { $0 != UInt8(ascii: "\n") }.count + 1
        return "the body is no JSON that can be read: at line \(line), byte \(column), "
            + "\(error.expected) was expected"
    }

    // MARK: Parts

    /// A member, which may be absent.
    /// - Throws: ``APIError`` where this is no object.
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

    /// The members of an object; nil where there is none.
    func members() throws -> [(name: String, field: RequestField)]? {
        switch value {
        case nil, .null?: return nil
        case .object(let members)?:
            // In the order of their names, so that of several mistakes the same one is named.
            return members.sorted { $0.key < $1.key }.map { key, value in
                (key, RequestField("\(name).\(key.shownBriefly)", value))
            }
        default: throw wrongType("an object")
        }
    }

    /// The values of an array; nil where there is none.
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

    /// The value, where there must be one.
    /// - Throws: ``APIError`` where it is absent.
    func required<Value>(_ read: (RequestField) throws -> Value?) throws -> Value {
        guard let found = try read(self) else {
            let problem = value == nil ? "is missing" : "must not be null"
            throw APIError.invalid("`\(name)` \(problem)", param: name)
        }
        return found
    }

    // MARK: Mistakes

    /// What is said of a value of another type.
    func wrongType(_ expected: String) -> APIError {
        let found = value?.kind ?? "null"
        return .invalid("`\(name)` must be \(expected), but is \(found)", param: name)
    }

    /// A number as people write it, without a fraction where it has none.
    private static func plain(_ number: Double) -> String {
        Int(exactly: number).map(String.init) ?? "\(number)"
    }

    private func outOfRange(_ limits: String, _ found: String) -> APIError {
        .invalid("`\(name)` must be \(limits), but is \(found)", param: name)
    }
}

extension JSONTree {
    /// What it is, in words.
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
