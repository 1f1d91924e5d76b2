// A socket that clients connect to.

import Dispatch
import Synchronization

#if canImport(Glibc)
    @preconcurrency import Glibc
#elseif canImport(Musl)
    @preconcurrency import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// A bound and listening socket.
final class TCPListener: Sendable {
    private struct State {
        /// Nil once it is closed.
        var descriptor: Descriptor?
        var source: (any DispatchSourceRead)?
    }

    /// Where it listens.
    let address: ServerAddress
    private let state: Mutex<State>

    /// How long no client is accepted after the system had no resources for one more: it would fail
    /// again at once.
    private static let pause = DispatchTimeInterval.milliseconds(100)
    /// Clients that the system queues until they are accepted.
    private static let backlog: CInt = 512

    /// How many are accepted at a time, so that connected clients get their turn.
    private static let greatestGroup = 64

    /// Listens on the host's first address that belongs to this machine.
    ///
    /// If another program has the port, the next address is not tried: whoever uses the host's name
    /// would reach the other program.
    /// - Parameters:
    ///   - host: An address or a name.
    ///   - port: 0 for any free port.
    /// - Throws: ``ServerError``
    init(host: String, port: UInt16) throws(ServerError) {
        var first: ServerError?
        for candidate in try SocketAddress.all(of: host, port: port) {
            do throws(ServerError) {
                let descriptor = try Self.listen(candidate, host: host, port: port)
                guard let bound = SocketAddress(of: descriptor) else { throw .last("listen") }
                address = bound.serverAddress
                state = Mutex(State(descriptor: descriptor))
                return
            } catch {
                switch error {
                case .portInUse, .notPermitted: throw error
                default: first = first ?? error
                }
            }
        }
        throw first ?? .unknownHost(host, reason: "it has no address")
    }

    /// Hands over clients as they arrive, on a queue.
    func accept(on queue: DispatchQueue, _ admit: @escaping @Sendable (Descriptor) -> Void) {
        state.withLock { state in
            guard let descriptor = state.descriptor, state.source == nil else { return }
            let source = DispatchSource.makeReadSource(
                fileDescriptor: descriptor.number,
                queue: queue
            )
            source.setEventHandler { [weak self] in
                self?.acceptAll(descriptor, on: queue, admit)
            }
            source.setCancelHandler { withExtendedLifetime(descriptor) {} }
            state.source = source
            source.activate()
        }
    }

    /// Accepts no more clients, and releases the port.
    func close() {
        state.withLock { state in
            state.source?.cancel()
            // Frees the port now, not only when the queue has released the socket.
            if let descriptor = state.descriptor { SocketCalls.stop(descriptor) }
            state = State()
        }
    }

    private func acceptAll(
        _ descriptor: Descriptor,
        on queue: DispatchQueue,
        _ admit: (Descriptor) -> Void
    ) {
        for _ in 0..<Self.greatestGroup {
            if let client = SocketCalls.accept(descriptor) {
                admit(client)
                continue
            }
            switch errno {
            case EAGAIN, EWOULDBLOCK: return
            case EINTR, ECONNABORTED: continue
            default:
                pauseAccepting(on: queue)
                return
            }
        }
    }

    /// Stops accepting for a moment.
    private func pauseAccepting(on queue: DispatchQueue) {
        state.withLock { state in
            guard let source = state.source else { return }
            source.suspend()
            // Resumed even if it was canceled meanwhile, since that has no effect while suspended.
            nonisolated(unsafe) let paused = source
            queue.asyncAfter(deadline: .now() + Self.pause) { paused.resume() }
        }
    }

    private static func listen(
        _ address: SocketAddress,
        host: String,
        port: UInt16
    ) throws(ServerError) -> Descriptor {
        guard let descriptor = SocketCalls.makeSocket(address.family) else {
            throw .last("make a socket")
        }
        // A restarted server need not wait for its last connections to time out.
        SocketCalls.set(SO_REUSEADDR, of: SOL_SOCKET, to: 1, descriptor)
        if address.family == AF_INET6 {
            // The address of all IPv6 interfaces then includes IPv4, on every system.
            SocketCalls.set(IPV6_V6ONLY, of: CInt(IPPROTO_IPV6), to: 0, descriptor)
        }
        let isBound = address.withPointer { bind(descriptor.number, $0, $1) == 0 }
        guard isBound, SocketCalls.listen(descriptor, backlog: backlog) else {
            throw ServerError(bindingCode: errno, host: host, port: port)
        }
        return descriptor
    }
}
