// Dates as people read them, in UTC: a page says the same wherever it is made and opened.

/// A date in words.
package struct DateText {
    /// Such as 26 November 2026, 23:51 UTC.
    package let text: String

    private static let months = [
        "January", "February", "March", "April", "May", "June", "July", "August", "September",
        "October", "November", "December",
    ]

    /// The date this many seconds after the beginning of 1970; nil if out of range.
    package init?(seconds: Double) {
        guard seconds.isFinite, (0..<253_402_300_800).contains(seconds) else { return nil }
        let minutes = Int(seconds) / 60
        var days = minutes / 1440
        var year = 1970
        while days >= Self.length(of: year) {
            days -= Self.length(of: year)
            year += 1
        }
        let february = Self.length(of: year) == 366 ? 29 : 28
        var month = 0
        for length in [31, february, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31] {
            if days < length { break }
            days -= length
            month += 1
        }
        func two(_ value: Int) -> String { value < 10 ? "0\(value)" : "\(value)" }
        let time = "\(two(minutes / 60 % 24)):\(two(minutes % 60))"
        text = "\(days + 1) \(Self.months[month]) \(year), \(time) UTC"
    }

    private static func length(of year: Int) -> Int {
        year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 366 : 365
    }
}
