// A request and an answer as those who give it see them, who they are, and what the numbers of
// answers are called: nothing here knows of sockets.

/// A completely read request.
package struct HTTPRequest: Sendable, Equatable {
    /// Such as `GET`, in the case it was sent in.
    package var method: String
    /// The part before the question mark, percent-decoded.
    package var path: String
    /// The part after the question mark, as it was sent; empty without one.
    package var query: String
    package var headers: HTTPHeaders
    package var body: [UInt8]

    package init(
        method: String = "GET",
        path: String,
        query: String = "",
        headers: HTTPHeaders = [:],
        body: [UInt8] = []
    ) {
        (self.method, self.path, self.query) = (method, path, query)
        (self.headers, self.body) = (headers, body)
    }
}

/// The answer to a request.
package struct HTTPReply: Sendable {
    /// What follows the header.
    package enum Body: Sendable {
        /// All of it at once.
        case whole([UInt8])
        /// Server-sent events as they arrive, each the text of one `data:` line.
        case events(AsyncThrowingStream<String, any Error>)
    }

    package var status: Int
    /// Without the fields that say how the body is sent, which are added on sending.
    package var headers: HTTPHeaders
    package var body: Body

    package init(status: Int = 200, headers: HTTPHeaders = [:], body: Body = .whole([])) {
        (self.status, self.headers, self.body) = (status, headers, body)
    }
}

/// Answers requests, many at a time.
package protocol HTTPHandler: Sendable {
    /// Answers a request.
    ///
    /// The task is canceled when the client goes away, and so is the one that waits for the
    /// answer's events.
    func reply(to request: HTTPRequest) async -> HTTPReply

    /// The answer to what could not be read as a request.
    func reply(to problem: HTTPProblem) -> HTTPReply
}

/// The phrases that accompany statuses; no program reads them.
enum HTTPStatus {
    private static let phrases = [
        200: "OK", 204: "No Content", 304: "Not Modified", 400: "Bad Request",
        401: "Unauthorized", 403: "Forbidden", 404: "Not Found", 405: "Method Not Allowed",
        408: "Request Timeout", 413: "Content Too Large", 422: "Unprocessable Content",
        429: "Too Many Requests", 431: "Request Header Fields Too Large",
        499: "Client Closed Request", 500: "Internal Server Error", 501: "Not Implemented",
        503: "Service Unavailable", 505: "HTTP Version Not Supported",
    ]

    static func phrase(_ status: Int) -> String {
        phrases[status] ?? "Status"
    }
}
