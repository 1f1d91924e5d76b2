// What `--json` prints.

import Swiftlet

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

extension Terminal {
    /// Writes one JSON object on a line of its own; property names become snake case.
    static func printJSON(_ value: some Encodable) throws {
        try print(json(value))
    }

    /// One JSON object without the end of its line; property names become snake case.
    static func json(_ value: some Encodable) throws -> String {
        let encoder = JSONEncoder()
        encoder.keyEncodingStrategy = .convertToSnakeCase
        // Sorted, so that the same object is always the same line.
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return escapingControls(in: String(decoding: try encoder.encode(value), as: UTF8.self))
    }

    /// JSON itself asks to escape only the first 32 control characters, and a terminal obeys more.
    ///
    /// What is left of them stands in strings, so the value stays the same.
    private static func escapingControls(in json: String) -> String {
        if json.utf8.allSatisfy({ $0 < 0x7F }) { return json }
        return json.unicodeScalars.reduce(into: "") { result, scalar in
            if DisplayText.isObeyed(scalar) {
                let digits = String(scalar.value, radix: 16)
                result += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            } else {
                result.unicodeScalars.append(scalar)
            }
        }
    }
}
