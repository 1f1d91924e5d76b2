// Data that a page's scripts read: JSON in an element of its own, which cannot end it whatever the
// texts in it are.

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// Values as JSON in a page.
package enum PageData {
    /// An element that holds a value, for `JSON.parse`.
    /// - Parameters:
    ///   - value: Finite numbers and texts.
    ///   - id: What the script knows the element by.
    /// - Returns: Markup with nothing in it that HTML or XML would take for more markup; always the
    ///   same for the same value.
    package static func script(_ value: some Encodable, id: String) -> HTML {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        guard let bytes = try? encoder.encode(value) else {
            preconditionFailure("the data of a page are finite numbers and texts")
        }
        let text = escaped(String(decoding: bytes, as: UTF8.self))
        return """
            <script type="application/json" id="\(id)">\(json: text)</script>

            """
    }

    /// JSON with escapes for what markup is made of, and for what XML may not contain.
    ///
    /// Outside of strings there is none of it.
    private static func escaped(_ json: String) -> String {
        var result = ""
        result.reserveCapacity(json.utf8.count)
        for scalar in json.unicodeScalars {
            switch scalar {
            case "<", ">", "&", "\u{7F}"..."\u{9F}", "\u{2028}", "\u{2029}", "\u{FFFE}", "\u{FFFF}":
                let digits = String(scalar.value, radix: 16)
                result += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result
    }

    /// To five digits, more than can be read off a page.
    package static func rounded(_ value: Double) -> Double {
        guard value != 0, value.isFinite else { return value }
        // Whole numbers of five digits times a power of ten, which is exact up to 22; what is
        // larger or smaller still is not read by its digits.
        let (units, exponent) = scaled(value)
        guard abs(exponent) <= 22 else { return value }
        let power = (0..<abs(exponent)).reduce(1.0) { power, _ in power * 10 }
        return exponent < 0 ? units.rounded() / power : units.rounded() * power
    }

    /// A value as a number of five digits before the point, and the power of ten to it.
    private static func scaled(_ value: Double) -> (units: Double, exponent: Int) {
        var (units, exponent) = (value, 0)
        while abs(units) >= 100_000 { (units, exponent) = (units / 10, exponent + 1) }
        while abs(units) < 10_000 { (units, exponent) = (units * 10, exponent - 1) }
        return (units, exponent)
    }
}
