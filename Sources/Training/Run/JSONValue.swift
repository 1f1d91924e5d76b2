// A value of any JSON type, for what this module keeps and does not interpret: a command's flags.

/// A JSON value.
public enum JSONValue: Codable, Equatable, Sendable {
    /// Nothing.
    case null
    /// True or false.
    case bool(Bool)
    /// A number without a fraction.
    case integer(Int)
    /// Any other finite number.
    case number(Double)
    /// A text.
    case string(String)
    /// Values in order.
    case array([JSONValue])

    /// The number as it was typed: 3e-4, not the nearest float's many digits.
    public init(_ value: Float) {
        self = Double("\(value)").map(JSONValue.number) ?? .null
    }

    /// The number, or its digits where JSON readers would lose some.
    public init(_ value: UInt64) {
        self = Int(exactly: value).map(JSONValue.integer) ?? .string("\(value)")
    }

    public init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        if container.decodeNil() {
            self = .null
        } else if let value = try? container.decode(Bool.self) {
            self = .bool(value)
        } else if let value = try? container.decode(Int.self) {
            self = .integer(value)
        } else if let value = try? container.decode(Double.self) {
            self = .number(value)
        } else if let value = try? container.decode(String.self) {
            self = .string(value)
        } else {
            self = .array(try container.decode([JSONValue].self))
        }
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        switch self {
        case .null: try container.encodeNil()
        case .bool(let value): try container.encode(value)
        case .integer(let value): try container.encode(value)
        case .number(let value): try container.encode(value)
        case .string(let value): try container.encode(value)
        case .array(let values): try container.encode(values)
        }
    }
}
