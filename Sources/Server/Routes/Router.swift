// What answers which request, and what all answers have in common. Nothing here knows about
// sockets.

/// Answers every request to a model's server.
package struct Router: HTTPHandler {
    let model: ServedModel
    let metrics = ServerMetrics()
    private let access: Access
    private let report: @Sendable (String) -> Void

    /// Answers requests for a model.
    /// - Parameters:
    ///   - model: The served model.
    ///   - access: Who may send requests.
    ///   - report: Called with what went wrong on our side; clients learn only that something did.
    package init(
        _ model: ServedModel,
        access: Access = Access(),
        report: @escaping @Sendable (String) -> Void = { _ in }
    ) {
        (self.model, self.access, self.report) = (model, access, report)
    }

    package func reply(to request: HTTPRequest) async -> HTTPReply {
        let record = RequestRecord(Endpoint(path: request.path), metrics)
        var reply: HTTPReply
        do { reply = try await answer(request, record) } catch {
            let error =
                failure(error)
                ?? APIError(
                    status: Self.clientGone,
                    message: "the client closed its side of the connection before the answer was "
                        + "ready; keep it open until then"
                )
            reply = error.reply
        }
        // A stream ends with its last event.
        if case .whole = reply.body { record.end(reply.status) }
        finish(&reply, origin: request.headers["Origin"])
        return reply
    }

    package func reply(to problem: HTTPProblem) -> HTTPReply {
        RequestRecord(.other, metrics).end(problem.status)
        var error = APIError(status: problem.status, message: "\(problem)")
        if problem == .tooManyConnections {
            error.type = "server_error"
            error.headers["Retry-After"] = "1"
        }
        var reply = error.reply
        // The request may come from an allowed page, which should see the error.
        finish(&reply, origin: access.corsOrigin)
        return reply
    }

    /// The status when nobody is waiting for the answer any more.
    static let clientGone = 499

    private func answer(_ request: HTTPRequest, _ record: RequestRecord) async throws -> HTTPReply {
        try access.checkHost(request)
        if let reply = access.preflightReply(to: request) { return reply }
        try access.checkOrigin(request)
        let endpoint = record.endpoint
        if !endpoint.isOpen { try access.checkKey(request) }
        if endpoint == .other { throw Self.nothing(at: request.path) }
        let method = request.method == "HEAD" ? "GET" : request.method
        guard method == endpoint.method else { throw Self.wrongMethod(request.method, endpoint) }
        switch endpoint {
        case .other: throw Self.nothing(at: request.path)
        case .page: return pageReply(needsKey: access.needsKey)
        case .health: return healthReply
        case .metrics: return await metricsReply()
        case .models: return HTTPReply(json: ["object": "list", "data": [model.json]])
        case .model: return try modelReply(request.path)
        case .chatCompletions:
            return try await reading(request.body, "messages", model.chatOrder) {
                try await reply(to: $0, record)
            }
        case .completions:
            return try await reading(request.body, "prompt", model.completionOrder) {
                try await reply(to: $0, record)
            }
        case .tokenize:
            return try await reading(request.body, "content", model.tokenizeReply) { $0 }
        case .detokenize:
            return try await reading(request.body, "tokens", model.detokenizeReply) { $0 }
        }
    }

    /// Reads a body, and does what it asks for.
    /// - Parameters:
    ///   - body: The body.
    ///   - param: The field that holds text or tokens.
    ///   - read: Reads it, which takes time in proportion to its length.
    ///   - perform: Does what it asks for.
    /// - Returns: The answer.
    /// - Throws: What one of them throws.
    private func reading<Asked: Sendable>(
        _ body: [UInt8],
        _ param: String,
        _ read: @escaping @Sendable ([UInt8]) throws -> Asked,
        _ perform: (Asked) async throws -> HTTPReply
    ) async throws -> HTTPReply {
        do {
            let asked =
                try body.count < LongReading.byteCount
                ? read(body) : await LongReading.run { try read(body) }
            return try await perform(asked)
        } catch { throw APIError(error, promptParam: param) ?? error }
    }

    /// What a client is told about an error; nil if it has gone away.
    func failure(_ error: any Error, param: String? = nil) -> APIError? {
        if error is CancellationError { return nil }
        if let known = APIError(error, promptParam: param) { return known }
        report("\(error)")
        return .internalError
    }

    private func finish(_ reply: inout HTTPReply, origin: String?) {
        reply.headers["X-Request-Id"] = "req_" + .randomIdentifier()
        reply.headers["X-Content-Type-Options"] = "nosniff"
        access.mark(&reply, origin: origin)
    }

    private static func nothing(at path: String) -> APIError {
        APIError(
            status: 404,
            message: "there is nothing at '\(path.shownBriefly)'; this server has "
                + Endpoint.allCases.filter { $0 != .other }.map(\.rawValue).joined(separator: ", "),
            code: "unknown_url"
        )
    }

    private static func wrongMethod(_ method: String, _ endpoint: Endpoint) -> APIError {
        let allowed = endpoint.method == "GET" ? "GET, HEAD" : endpoint.method
        return APIError(
            status: 405,
            message: "\(endpoint.rawValue) takes \(endpoint.method), not "
                + method.shownBriefly,
            code: "method_not_allowed",
            headers: ["Allow": allowed]
        )
    }
}
