// A server from the moment its model is ready until it is told to stop.

import Dispatch
import Server
import Swiftlet
import Synchronization

#if canImport(Glibc)
    @preconcurrency import Glibc
#elseif canImport(Musl)
    @preconcurrency import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// Serves a model.
struct ServedModelRun: Sendable {
    /// How long texts in progress may take when the server is told to stop.
    static let patience = Duration.seconds(30)
    /// How often it checks whether to stop.
    private static let interval = Duration.milliseconds(100)

    private let model: ServedModel
    private let host: String
    private let port: UInt16
    private let access: Access
    /// Whether only programs on this machine can connect.
    private let isLocal: Bool
    private let summary: String
    private let isVerbose: Bool

    /// The current time.
    static var secondsSince1970: Int { time(nil) }

    /// - Parameters:
    ///   - model: The model to serve.
    ///   - clients: Who may connect.
    ///   - key: The key they must send; nil for none.
    ///   - isLocal: Whether only programs on this machine can connect.
    ///   - summary: How texts are generated, as a clause.
    ///   - isVerbose: Whether every request is logged.
    init(
        _ model: ServedModel,
        _ clients: ServedClientOptions,
        key: String?,
        isLocal: Bool,
        summary: String,
        isVerbose: Bool
    ) {
        self.model = model
        self.summary = summary
        self.isVerbose = isVerbose
        (host, port) = (clients.address, clients.port)
        self.isLocal = isLocal
        access = Access(
            apiKey: key,
            checksHost: isLocal,
            hostName: clients.address,
            corsOrigin: clients.cors
        )
    }

    /// Serves until a signal asks it to stop, and until the texts in progress are finished.
    /// - Throws: ``ServerError`` when it cannot listen.
    func run() throws {
        let done = DispatchSemaphore(value: 0)
        let outcome = Mutex(Result<Void, any Error>.success(()))
        Task {
            do { try await serve() } catch { outcome.withLock { $0 = .failure(error) } }
            done.signal()
        }
        done.wait()
        try outcome.withLock { try $0.get() }
    }

    private func serve() async throws {
        let router = Router(model, access: access) { Terminal.diagnose($0) }
        let handler: any HTTPHandler = isVerbose ? RequestLog(router) : router
        let server = Server(handler: handler, host: host, port: port)
        let address = try server.listen()
        Signals.catchInterruption()
        announce(address)
        async let serving: Void = server.run()
        while !Signals.isInterrupted { try? await Task.sleep(for: Self.interval) }
        // The service's last output is still to be sent.
        async let connections: Void = server.end(patience: Self.patience + .seconds(2))
        await announceEnd()
        await model.service.end(patience: Self.patience)
        await connections
        try await serving
    }

    private func announce(_ address: ServerAddress) {
        if !access.needsKey && !isLocal {
            Terminal.diagnose(
                "everyone who can reach this machine can use the model; --api-key-file asks for "
                    + "a key"
            )
        }
        let name = DisplayText.escaping(model.name)
        Terminal.diagnose("\(name) on \(address), \(summary); Ctrl-C stops it")
    }

    private func announceEnd() async {
        let statistics = await model.service.statistics
        let count = statistics.running + statistics.queued
        guard count > 0 else { return }
        Terminal.diagnose(
            "stopping: \(counted(count, "text")) may take up to \(timeText(Self.patience)) more; "
                + "Ctrl-C stops at once"
        )
    }
}

/// Logs each request, its status, and how long it took until the answer began: a stream continues
/// for a while from there.
struct RequestLog: HTTPHandler {
    private let handler: any HTTPHandler

    init(_ handler: any HTTPHandler) {
        self.handler = handler
    }

    func reply(to request: HTTPRequest) async -> HTTPReply {
        let start = ContinuousClock.now
        let reply = await handler.reply(to: request)
        let milliseconds = (ContinuousClock.now - start) / .milliseconds(1)
        Terminal.diagnose(
            "\(request.method) \(request.path) \(reply.status) \(decimal(milliseconds, 1)) ms"
        )
        return reply
    }

    func reply(to problem: HTTPProblem) -> HTTPReply {
        let reply = handler.reply(to: problem)
        Terminal.diagnose("\(problem), \(reply.status)")
        return reply
    }
}
