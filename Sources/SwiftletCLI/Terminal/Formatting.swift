// Facts as the commands print them: numbers, sizes and times, NumberText's in the style of a
// terminal, columns of them, and the line of `--json`. Paths are as they are in JSON, and with
// control characters escaped for people.

import Swiftlet

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// `value` with a fixed number of decimals; by name if it is not finite.
func decimal(_ value: Double, _ places: Int) -> String {
    NumberText.fixed(value, places, style: .plain)
}

/// `value` as `3.00e-04`: always equally wide, for a line that is rewritten in place.
func scientific(_ value: Double) -> String {
    guard value.isFinite, value != 0 else { return NumberText.shortest(value) }
    var exponent = NumberText.exponent(of: value)
    // Beyond these the power of ten itself is not exact.
    guard abs(exponent) <= 300 else { return NumberText.shortest(value) }
    // 9.996 would be printed as 10.00.
    if decimal(abs(value) / NumberText.power(exponent), 2) == "10.00" { exponent += 1 }
    let digits = abs(exponent) < 10 ? "0\(abs(exponent))" : "\(abs(exponent))"
    let mantissa = decimal(value / NumberText.power(exponent), 2)
    return "\(mantissa)e\(exponent < 0 ? "-" : "+")\(digits)"
}

/// A duration as `42s`, `3m 07s`, `5h 12m` or `3d 04h`.
func timeText(_ duration: Duration) -> String {
    NumberText.duration(seconds: duration / .seconds(1), withTenthsBelow: 0)
}

/// A number of tokens, with the digits in groups.
func groupedTokens(_ count: Int) -> String {
    counted(count, "token", written: count.grouped)
}

/// `text` with spaces after it, to at least `width` characters.
func padded(_ text: String, _ width: Int) -> String {
    text + String(repeating: " ", count: max(0, width - text.count))
}

extension Int {
    /// The digits in groups of three: 124,475,904.
    var grouped: String { NumberText.grouped(self, style: .plain) }

    /// A number of bytes in the largest binary unit that leaves at least 1: 474.8 MiB.
    var formattedAsBytes: String {
        var value = Double(self)
        var unit = "bytes"
        for larger in ["KiB", "MiB", "GiB", "TiB"] where value >= 1024 {
            value /= 1024
            unit = larger
        }
        return unit == "bytes" ? counted(self, "byte") : "\(decimal(value, 1)) \(unit)"
    }
}

/// Rows of cells whose columns line up.
struct Table {
    /// How the cells of a column are aligned.
    enum Alignment {
        case left
        case right
    }

    private var table: StyledTable

    /// An empty table with these columns.
    init(_ alignments: Alignment...) {
        table = StyledTable(alignments)
    }

    /// Adds a row with a cell for each column; a cell stays on one line, whatever its text.
    mutating func append(_ cells: String...) {
        table.append(cells.map { StyledLine(DisplayText.escaping($0)) })
    }

    /// The rows as lines, each indented by two spaces.
    var text: String { table.lines.map(\.text).joined(separator: "\n") }
}

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

    /// JSON requires escaping only the first 32 control characters, but terminals obey more.
    ///
    /// The rest occur only in strings, so the value stays the same.
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

/// A value of a report that JSON shows as null where there is none, so that programs find its key.
@propertyWrapper
struct NullIfMissing<Value: Encodable>: Encodable {
    var wrappedValue: Value?

    init(wrappedValue: Value?) {
        self.wrappedValue = wrappedValue
    }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(wrappedValue)
    }
}

/// A path that a report names.
struct ReportedPath: Encodable, CustomStringConvertible {
    let path: FilePath

    init(_ path: FilePath) {
        self.path = path
    }

    var description: String { "\(path)" }

    /// JSON is Unicode, so bytes of a name that are not UTF-8 become U+FFFD.
    func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(path.string)
    }
}
