// A server with a test's own handler, on a free port of 127.0.0.1.

import Server
import Testing

/// Answers with the result of a closure.
struct TestHandler: HTTPHandler {
    /// Answers to requests.
    var answer: @Sendable (HTTPRequest) async -> HTTPReply = { request in
        HTTPReply(body: .whole(Array("\(request.method) \(request.path)".utf8) + request.body))
    }

    func reply(to request: HTTPRequest) async -> HTTPReply {
        await answer(request)
    }

    func reply(to problem: HTTPProblem) -> HTTPReply {
        HTTPReply(status: problem.status, body: .whole(Array(problem.description.utf8)))
    }
}

/// Runs a server while the body does.
func withServer<Result>(
    _ handler: TestHandler = TestHandler(),
    limits: ServerLimits = ServerLimits(),
    _ body: (Server, UInt16) async throws -> Result
) async throws -> Result {
    let server = Server(handler: handler, host: "127.0.0.1", port: 0, limits: limits)
    let port = try server.listen().port
    let running = Task { try await server.run() }
    let result: Result
    do {
        result = try await body(server, port)
    } catch {
        running.cancel()
        throw error
    }
    await server.end(patience: .zero)
    try await running.value
    return result
}

/// A request without a body.
func get(_ path: String, _ fields: String...) -> String {
    let fields = fields.map { $0 + "\r\n" }.joined()
    return "GET \(path) HTTP/1.1\r\nHost: a\r\n\(fields)\r\n"
}

/// What a server sends to a client that sends `text` and waits for the end.
func exchange(_ port: UInt16, _ text: String) async throws -> String? {
    try await onThread {
        let client = try RawClient(port: port)
        client.send(text)
        return client.receiveAll()
    }
}
