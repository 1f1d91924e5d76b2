// An answer as those who give it see it, and who they are: nothing here knows of sockets.

/// What a request is answered with.
package struct HTTPReply: Sendable {
    /// What follows the header.
    package enum Body: Sendable {
        /// All of it at once.
        case whole([UInt8])
        /// Server-sent events as they come, each the text of one `data:` line.
        case events(AsyncThrowingStream<String, any Error>)
    }

    package var status: Int
    /// Without the fields that say how the body is sent, which are added when it is.
    package var headers: HTTPHeaders
    package var body: Body

    package init(status: Int = 200, headers: HTTPHeaders = [:], body: Body = .whole([])) {
        (self.status, self.headers, self.body) = (status, headers, body)
    }
}

/// What answers requests, many at a time.
package protocol HTTPHandler: Sendable {
    /// Answers a request.
    ///
    /// The task is cancelled when the client goes away, and so is the one that waits for the events
    /// of the answer.
    func reply(to request: HTTPRequest) async -> HTTPReply

    /// Answers what could not be read as a request.
    func reply(to problem: HTTPProblem) -> HTTPReply
}
