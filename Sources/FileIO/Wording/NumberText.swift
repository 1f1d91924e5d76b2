// Numbers as people read them, on pages and terminals and in messages: without a locale, so that
// the same run always gives the same bytes.

/// Ways to write a number.
package enum NumberText {
    /// How a number is formatted.
    package enum Style {
        /// In text: digits in groups of three, and a minus sign as wide as a plus.
        case typeset
        /// For programs and in columns: digits and a hyphen.
        case plain

        fileprivate var minus: String { self == .typeset ? "\u{2212}" : "-" }
    }

    /// A fixed number of decimals; in scientific form if it does not fit 18 digits.
    package static func fixed(
        _ value: Double,
        _ places: Int,
        style: Style = .typeset
    ) -> String {
        var scale = 1.0
        for _ in 0..<places { scale *= 10 }
        guard value.isFinite, abs(value) * scale < 1e18 else {
            return value.isFinite && style == .typeset
                ? scientific(value, digits: 3) : shortest(value)
        }
        let units = Int((abs(value) * scale).rounded())
        let sign = value < 0 && units > 0 ? style.minus : ""
        let whole =
            style == .typeset ? grouped(units / Int(scale)) : String(units / Int(scale))
        guard places > 0 else { return sign + whole }
        let fraction = "\(units % Int(scale))"
        let zeros = String(repeating: "0", count: places - fraction.count)
        return "\(sign)\(whole).\(zeros)\(fraction)"
    }

    /// The digits that distinguish a number from every other; just the name of what is not a
    /// number, since its sign means nothing.
    package static func shortest(_ value: some BinaryFloatingPoint) -> String {
        value.isNaN ? "nan" : "\(value)"
    }

    /// About `digits` significant digits: 10.97, 0.0123, 6.00e-5.
    package static func significant(
        _ value: Double,
        digits: Int = 4,
        style: Style = .typeset
    ) -> String {
        guard value.isFinite, value != 0 else { return value == 0 ? "0" : shortest(value) }
        let exponent = exponent(of: value)
        guard -4..<9 ~= exponent else { return scientific(value, digits: digits, style: style) }
        return fixed(value, max(0, digits - 1 - exponent), style: style)
    }

    /// As 6e-4 or 3.25e-5, without zeros at the end.
    package static func scientific(
        _ value: Double,
        digits: Int = 4,
        style: Style = .typeset
    ) -> String {
        guard value.isFinite, value != 0 else { return value == 0 ? "0" : shortest(value) }
        var exponent = exponent(of: value)
        // Beyond these the power of ten itself is not exact.
        guard abs(exponent) <= 300 else { return shortest(value) }
        var mantissa = fixed(value / power(exponent), digits - 1, style: style)
        if mantissa.hasSuffix("10." + String(repeating: "0", count: digits - 1)) {
            exponent += 1
            mantissa = fixed(value / power(exponent), digits - 1, style: style)
        }
        return "\(trimmed(mantissa))e\(exponent)"
    }

    /// As 12.8k, 124M or 1.5B: three significant digits; in full below `limit`.
    package static func compact(_ value: Double, from limit: Double = 10_000) -> String {
        guard abs(value) >= limit else {
            return trimmed(abs(value) < 100 ? significant(value, digits: 3) : fixed(value, 0))
        }
        for (unit, size) in [("k", 1e3), ("M", 1e6), ("B", 1e9), ("T", 1e12)] {
            let scaled = value / size
            // 999.6k would be printed as 1000k.
            if abs(scaled) < 999.5 {
                return trimmed(significant(scaled, digits: 3)) + unit
            }
        }
        return scientific(value, digits: 3)
    }

    /// A fraction of 1 as 30% or 30.5%; unchanged if no such percentage equals it.
    package static func percent(_ fraction: Double) -> String {
        let percentage = 100 * fraction
        return percentage.isFinite ? trimmed(fixed(percentage, 1)) + "%" : significant(fraction)
    }

    /// Digits in groups of three: 124,475,904.
    package static func grouped(_ value: Int, style: Style = .typeset) -> String {
        let digits = String(value.magnitude)
        var result = value < 0 ? style.minus : ""
        for (index, digit) in digits.enumerated() {
            if index > 0 && (digits.count - index) % 3 == 0 { result.append(",") }
            result.append(digit)
        }
        return result
    }

    /// As 42s, 3m 07s, 5h 12m or 3d 04h.
    /// - Parameters:
    ///   - seconds: The duration.
    ///   - limit: Below this many seconds, less than a minute, a decimal is added.
    /// - Returns: Two units at most.
    package static func duration(seconds: Double, withTenthsBelow limit: Double = 10) -> String {
        guard seconds.isFinite, seconds < 1e15 else { return significant(seconds, digits: 3) + "s" }
        func two(_ value: Int) -> String { value < 10 ? "0\(value)" : "\(value)" }
        if seconds < limit { return "\(fixed(seconds, 1))s" }
        let whole = Int(seconds.rounded())
        switch whole {
        case ..<60: return "\(whole)s"
        case ..<3600: return "\(whole / 60)m \(two(whole % 60))s"
        case ..<86_400: return "\(whole / 3600)h \(two(whole / 60 % 60))m"
        default: return "\(grouped(whole / 86_400))d \(two(whole / 3600 % 24))h"
        }
    }

    /// The power of ten of the first digit.
    package static func exponent(of value: Double) -> Int {
        var exponent = 0
        var magnitude = abs(value)
        while magnitude >= 10 { (magnitude, exponent) = (magnitude / 10, exponent + 1) }
        while magnitude < 1 { (magnitude, exponent) = (magnitude * 10, exponent - 1) }
        return exponent
    }

    /// Ten to an integer power.
    package static func power(_ exponent: Int) -> Double {
        var result = 1.0
        for _ in 0..<abs(exponent) { result *= 10 }
        return exponent < 0 ? 1 / result : result
    }

    /// Without zeros at the end of the decimals.
    private static func trimmed(_ text: String) -> String {
        // The zeros of an exponent count.
        guard text.contains("."), !text.contains("e") else { return text }
        let kept = text.reversed().drop { $0 == "0" }
        return String((kept.first == "." ? kept.dropFirst() : kept).reversed())
    }
}

/// `count` and its noun, such as `1 step` and `3 steps`.
/// - Parameters:
///   - count: How many there are.
///   - noun: What one of them is called.
///   - plural: The plural, if it is not the noun with an s.
///   - digits: The number as text; nil for plain digits.
/// - Returns: Both, with a space between them.
package func counted(
    _ count: Int,
    _ noun: String,
    plural: String? = nil,
    written digits: String? = nil
) -> String {
    "\(digits ?? "\(count)") \(count == 1 ? noun : plural ?? noun + "s")"
}
