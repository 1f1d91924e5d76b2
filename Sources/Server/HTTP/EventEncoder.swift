// Server-sent events as bytes. Each is one chunk and one write: it costs little, and a client that
// reads chunk by chunk gets it whole.

/// Frames the events of one answer.
struct EventEncoder {
    /// Whether they are sent in chunks, not until the end of the connection.
    let isChunked: Bool

    /// An event with one line of data.
    func event(_ text: String) -> [UInt8] {
        framed(prefix: "data: ", text)
    }

    /// A comment, which clients skip; it shows that the connection is alive.
    var comment: [UInt8] { framed(prefix: ":", "") }

    /// What says that all events were sent.
    var end: [UInt8] { isChunked ? Array("0\r\n\r\n".utf8) : [] }

    private func framed(prefix: StaticString, _ text: String) -> [UInt8] {
        var text = text
        return text.withUTF8 { text in
            let count = prefix.utf8CodeUnitCount + text.count + 2
            var bytes: [UInt8] = []
            bytes.reserveCapacity(count + 12)
            if isChunked { bytes += "\(String(count, radix: 16))\r\n".utf8 }
            prefix.withUTF8Buffer { bytes += $0 }
            bytes += text
            bytes += "\n\n".utf8
            if isChunked { bytes += "\r\n".utf8 }
            return bytes
        }
    }
}
