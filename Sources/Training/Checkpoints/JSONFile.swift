// Small JSON files of a run, each written whole or not at all. Logs of JSON lines are not among
// them.

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
                ? "it is not the JSON that it should be"
                : "the value of '\(place(context.codingPath))' makes no sense"
        @unknown default:
            return "it is not the JSON that it should be"
        }
    }
}
