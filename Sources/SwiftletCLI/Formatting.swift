// Numbers, sizes and times as people read them, without a locale.

/// `value` with a fixed number of decimals; what is not finite by its name.
func decimal(_ value: Double, _ places: Int) -> String {
    var scale = 1.0
    for _ in 0..<places { scale *= 10 }
    guard value.isFinite, abs(value) * scale < 1e18 else { return "\(value)" }
    let units = Int((abs(value) * scale).rounded())
    let sign = value < 0 && units > 0 ? "-" : ""
    let whole = units / Int(scale)
    guard places > 0 else { return "\(sign)\(whole)" }
    let fraction = "\(units % Int(scale))"
    return "\(sign)\(whole)." + String(repeating: "0", count: places - fraction.count) + fraction
}

/// `value` as `3.00e-04`.
func scientific(_ value: Double) -> String {
    guard value.isFinite, value != 0 else { return "\(value)" }
    var mantissa = abs(value)
    var exponent = 0
    while mantissa >= 10 { (mantissa, exponent) = (mantissa / 10, exponent + 1) }
    while mantissa < 1 { (mantissa, exponent) = (mantissa * 10, exponent - 1) }
    // 9.996 would be printed as 10.00.
    if mantissa >= 9.995 { (mantissa, exponent) = (1, exponent + 1) }
    let digits = abs(exponent) < 10 ? "0\(abs(exponent))" : "\(abs(exponent))"
    let sign = value < 0 ? "-" : ""
    return "\(sign)\(decimal(mantissa, 2))e\(exponent < 0 ? "-" : "+")\(digits)"
}

/// A duration as `42s`, `3m 07s` or `5h 12m`.
func timeText(_ duration: Duration) -> String {
    let seconds = Int((duration / .seconds(1)).rounded())
    func two(_ value: Int) -> String { value < 10 ? "0\(value)" : "\(value)" }
    switch seconds {
    case ..<60: return "\(seconds)s"
    case ..<3600: return "\(seconds / 60)m \(two(seconds % 60))s"
    default: return "\(seconds / 3600)h \(two(seconds / 60 % 60))m"
    }
}

/// `text` with spaces after it, to at least `width` characters.
func padded(_ text: String, _ width: Int) -> String {
    text + String(repeating: " ", count: max(0, width - text.count))
}

extension Int {
    /// The digits in groups of three: 124,475,904.
    var grouped: String {
        let digits = String(magnitude)
        var result = self < 0 ? "-" : ""
        for (index, digit) in digits.enumerated() {
            if index > 0 && (digits.count - index) % 3 == 0 { result.append(",") }
            result.append(digit)
        }
        return result
    }

    /// A number of bytes in the largest binary unit that leaves at least 1: 474.8 MiB.
    var formattedAsBytes: String {
        var value = Double(self)
        var unit = "bytes"
        for larger in ["KiB", "MiB", "GiB", "TiB"] where value >= 1024 {
            value /= 1024
            unit = larger
        }
        return unit == "bytes" ? "\(self) bytes" : "\(decimal(value, 1)) \(unit)"
    }
}
