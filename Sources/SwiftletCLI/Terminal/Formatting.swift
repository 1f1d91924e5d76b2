// Numbers, sizes and times as the commands print them: NumberText's, in the style of a terminal.

import Swiftlet

/// `value` with a fixed number of decimals; what is not finite by its name.
func decimal(_ value: Double, _ places: Int) -> String {
    NumberText.fixed(value, places, style: .plain)
}

/// `value` as `3.00e-04`: always as wide, for a line that is rewritten in place.
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
