// A server: it listens, lets clients in, and ends in order; and what it serves.

import Dispatch
import Synchronization
import TextGeneration
import Tokenization

/// Answers requests over HTTP/1.1.
///
/// ```swift
/// let server = Server(handler: router, host: "127.0.0.1", port: 8080)
/// print("listening on \(try server.listen())")
/// try await server.run()
/// ```
package final class Server: Sendable {
    private let handler: any HTTPHandler
    private let host: String
    private let port: UInt16
    private let limits: ServerLimits

    private let listener = Mutex<TCPListener?>(nil)
    private let registry = ConnectionRegistry()
    /// Clients over the limit, who are only told so.
    private let refused = ConnectionRegistry()
    /// The queue that watches connections: one thread is enough, which leaves others to the model.
    private let queue = DispatchQueue(label: "swiftlet.http")

    /// How many clients at a time are told that there are too many.
    private static let refusalLimit = 64

    /// - Parameters:
    ///   - handler: What answers requests.
    ///   - host: An address or a name of this machine.
    ///   - port: 0 for any free port.
    ///   - limits: The limits for clients.
    package init(
        handler: any HTTPHandler,
        host: String,
        port: UInt16,
        limits: ServerLimits = ServerLimits()
    ) {
        (self.handler, self.host, self.port, self.limits) = (handler, host, port, limits)
    }

    /// The address where a server would listen, found by listening there for a moment.
    /// - Throws: ``ServerError``
    package static func address(
        host: String,
        port: UInt16
    ) throws(ServerError) -> ServerAddress {
        let listener = try TCPListener(host: host, port: port)
        defer { listener.close() }
        return listener.address
    }

    /// Binds to the address; arriving clients wait until ``run()``.
    /// - Returns: The address, with the port that was chosen if any would do.
    /// - Throws: ``ServerError``
    @discardableResult
    package func listen() throws(ServerError) -> ServerAddress {
        let new = try TCPListener(host: host, port: port)
        listener.withLock { $0 = new }
        return new.address
    }

    /// Answers requests until ``end(patience:)``, or until the task is canceled, which closes all
    /// connections at once.
    /// - Throws: ``ServerError`` if ``listen()`` was not called before and fails.
    package func run() async throws(ServerError) {
        if listener.withLock({ $0 == nil }), !registry.isEnding { try listen() }
        listener.withLock { $0 }?.accept(on: queue) { self.admit($0) }
        await withTaskCancellationHandler {
            await registry.waitUntilOver()
        } onCancel: {
            stopAccepting()
            registry.closeAll()
        }
        // It may have started to listen just as it was told to stop.
        stopAccepting()
    }

    /// Accepts no more clients, closes the connections that are waiting for a request, and waits
    /// for those with one; after a while it closes them too.
    /// - Parameter patience: How long to wait.
    package func end(patience: Duration) async {
        stopAccepting()
        registry.end()
        let limit = Task {
            try await Task.sleep(for: patience)
            registry.closeAll()
        }
        await registry.waitUntilOver()
        limit.cancel()
    }

    private func stopAccepting() {
        listener.withLock { listener in
            listener?.close()
            listener = nil
        }
        refused.closeAll()
    }

    private func admit(_ descriptor: Descriptor) {
        SocketCalls.tune(descriptor, patience: limits.writeDuration)
        let stream = TCPStream(descriptor, on: queue)
        guard let id = registry.add(stream, limit: limits.connectionCount) else {
            return refuse(stream)
        }
        let task = Task {
            var connection = HTTPConnection(
                stream,
                handler: handler,
                limits: limits,
                registry: registry,
                id: id
            )
            await connection.run()
            registry.remove(id)
        }
        stream.whenEnded { task.cancel() }
    }

    private func refuse(_ stream: TCPStream) {
        guard let id = refused.add(stream, limit: Self.refusalLimit) else {
            return stream.close()
        }
        Task {
            var reply = handler.reply(to: .tooManyConnections)
            if reply.headers["Retry-After"] == nil { reply.headers["Retry-After"] = "1" }
            await HTTPReplyWriter(stream: stream, limits: limits).writeLast(reply)
            refused.remove(id)
        }
    }
}

/// A model that generates texts, and what is said about it.
package struct ServedModel: Sendable {
    /// The name by which clients know it; never a path.
    package let name: String
    /// When it was opened, in seconds since the beginning of 1970.
    package let created: Int
    /// What turns text into tokens and back.
    package let tokenizer: any Tokenizer
    /// The chat template it was trained with; nil if it only continues texts.
    package let template: (any ChatTemplate)?
    /// What generates.
    package let service: GenerationService

    package init(
        name: String,
        created: Int,
        tokenizer: any Tokenizer,
        template: (any ChatTemplate)?,
        service: GenerationService
    ) {
        (self.name, self.created, self.tokenizer) = (name, created, tokenizer)
        (self.template, self.service) = (template, service)
    }
}
