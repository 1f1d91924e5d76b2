// The time of day as HTTP writes it.

import Synchronization

#if canImport(Glibc)
    @preconcurrency import Glibc
#elseif canImport(Musl)
    @preconcurrency import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// Dates such as `Sun, 06 Nov 1994 08:49:37 GMT`.
enum HTTPDate {
    private static let days = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"]
    private static let months = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ]
    private static let latest = Mutex<(time: Int, text: String)>((0, text(0)))

    /// Now, written anew once a second.
    static var now: String {
        let now = Int(time(nil))
        return latest.withLock { latest in
            if latest.time != now { latest = (now, text(now)) }
            return latest.text
        }
    }

    /// The date of a second since the beginning of 1970.
    static func text(_ seconds: Int) -> String {
        var seconds = time_t(seconds)
        var date = tm()
        gmtime_r(&seconds, &date)
        let clock = [date.tm_hour, date.tm_min, date.tm_sec].map(twoDigits).joined(separator: ":")
        let day = twoDigits(date.tm_mday)
        return "\(days[Int(date.tm_wday)]), \(day) \(months[Int(date.tm_mon)]) "
            + "\(date.tm_year + 1900) \(clock) GMT"
    }

    private static func twoDigits(_ number: CInt) -> String {
        number < 10 ? "0\(number)" : "\(number)"
    }
}
