// Small JSON files of a run, each written whole or not at all, and values of any JSON type in them,
// for what this module keeps and does not interpret: a command's flags. Logs of JSON lines are not
// among them.

import FileIO

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// Reads and writes one value as a JSON file.
enum JSONFile {
    // JSON has no infinity, which a limit may be.
    private static let names = (positive: "inf", negative: "-inf", nan: "nan")

    static func write(_ value: some Encodable, to path: FilePath) throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .prettyPrinted, .withoutEscapingSlashes]
        encoder.nonConformingFloatEncodingStrategy = .convertToString(
            positiveInfinity: names.positive,
            negativeInfinity: names.negative,
            nan: names.nan
        )
        let file = try AtomicFile(path)
        try file.write([UInt8](try encoder.encode(value)))
        try file.write([UInt8(ascii: "\n")])
        try file.commit()
    }

    /// - Throws: ``TrainingError/invalidJSON(path:reason:)`` or ``FileIOError``.
    static func read<Value: Decodable>(_ type: Value.Type, from path: FilePath) throws -> Value {
        let bytes = try MappedFile(path).withIntactBytes { PythonJSON.standard($0) }
        let decoder = JSONDecoder()
        decoder.nonConformingFloatDecodingStrategy = .convertFromString(
            positiveInfinity: names.positive,
            negativeInfinity: names.negative,
            nan: names.nan
        )
        do {
            return try decoder.decode(type, from: Data(bytes))
        } catch let error as DecodingError {
            throw TrainingError.invalidJSON(path: path, reason: error.sentence)
        }
    }
}

extension DecodingError {
    /// What is wrong, in a few words.
    fileprivate var sentence: String {
        func place(_ path: [any CodingKey]) -> String {
            path.map(\.stringValue).joined(separator: ".")
        }
        switch self {
        case .keyNotFound(let key, let context):
            return "it has no '\(place(context.codingPath + [key]))'"
        case .typeMismatch(_, let context), .valueNotFound(_, let context),
            .dataCorrupted(let context):
            return context.codingPath.isEmpty
                ? "it is not the expected JSON"
                : "the value of '\(place(context.codingPath))' is not valid"
        @unknown default:
            return "it is not the expected JSON"
        }
    }
}

/// A JSON value.
package enum JSONValue: Codable, Equatable, Sendable {
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

    /// The number as typed: 3e-4, not the many digits of the nearest float.
    package init(_ value: Float) {
        self = Double("\(value)").map(JSONValue.number) ?? .null
    }

    /// The number, or its digits as a string if JSON readers would lose some.
    package init(_ value: UInt64) {
        self = Int(exactly: value).map(JSONValue.integer) ?? .string("\(value)")
    }

    package init(from decoder: any Decoder) throws {
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

    package func encode(to encoder: any Encoder) throws {
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
