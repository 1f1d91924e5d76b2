// The head of an answer, with the time of day as HTTP writes it, and how its client knows where the
// body ends.

import Synchronization

#if canImport(Glibc)
    @preconcurrency import Glibc
#elseif canImport(Musl)
    @preconcurrency import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// The part of an answer that is sent before the body.
struct ReplyHead {
    /// How a client finds the end of a body.
    enum Framing: Equatable {
        /// There is no body, according to the rules for the status.
        case none
        case length(Int)
        case chunked
        case closing
    }

    /// Asks a client to send its body.
    static let goOn = Array("HTTP/1.1 100 Continue\r\n\r\n".utf8)

    let framing: Framing
    /// Whether the connection can be used again.
    let keepsAlive: Bool
    let bytes: [UInt8]

    /// Fields that only this file writes.
    private static let ownFields: Set = [
        "connection", "content-length", "date", "transfer-encoding",
    ]

    /// - Parameters:
    ///   - reply: The answer, of which the status and the fields are sent.
    ///   - version: The client's version.
    ///   - keepsAlive: Whether the client and the server want to continue.
    init(_ reply: HTTPReply, version: RequestLine.Version, keepsAlive: Bool) {
        framing =
            switch reply.body {
            case _ where reply.status == 204 || reply.status == 304: .none
            case .whole(let body): .length(body.count)
            case .events: version == .oneOne ? .chunked : .closing
            }
        self.keepsAlive = keepsAlive && framing != .closing

        var text = "HTTP/1.1 \(reply.status) \(HTTPStatus.phrase(reply.status))\r\n"
        for field in reply.headers.fields where !Self.ownFields.contains(field.name.lowercased()) {
            text += "\(Self.line(field.name)): \(Self.line(field.value))\r\n"
        }
        text += "Date: \(HTTPDate.now)\r\n"
        switch framing {
        case .none, .closing: break
        case .length(let count): text += "Content-Length: \(count)\r\n"
        case .chunked: text += "Transfer-Encoding: chunked\r\n"
        }
        if !self.keepsAlive {
            text += "Connection: close\r\n"
        } else if version == .oneZero {
            text += "Connection: keep-alive\r\n"
        }
        bytes = Array((text + "\r\n").utf8)
    }

    /// Text that cannot end its line, wherever it comes from.
    private static func line(_ text: String) -> String {
        guard text.utf8.contains(where: ASCII.isControl) else { return text }
        let bytes = text.utf8.map { ASCII.isControl($0) ? ASCII.space : $0 }
        return String(decoding: bytes, as: UTF8.self)
    }
}

/// Dates such as `Sun, 06 Nov 1994 08:49:37 GMT`.
enum HTTPDate {
    private static let days = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"]
    private static let months = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ]
    private static let latest = Mutex<(time: Int, text: String)>((0, text(0)))

    /// The current date, formatted once a second.
    static var now: String {
        let now = Int(time(nil))
        return latest.withLock { latest in
            if latest.time != now { latest = (now, text(now)) }
            return latest.text
        }
    }

    /// The date for a number of seconds since the beginning of 1970.
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
