// The head of an answer, and how its client knows where the body ends.

/// What is sent before the body of an answer.
struct ReplyHead {
    /// How a client finds the end of a body.
    enum Framing: Equatable {
        /// There is no body, by the rules for the status.
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
    ///   - version: What the client speaks.
    ///   - keepsAlive: Whether the client and the server want to go on.
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

    /// Text that cannot end its line, wherever it came from.
    private static func line(_ text: String) -> String {
        guard text.utf8.contains(where: ASCII.isControl) else { return text }
        let bytes = text.utf8.map { ASCII.isControl($0) ? ASCII.space : $0 }
        return String(decoding: bytes, as: UTF8.self)
    }
}
