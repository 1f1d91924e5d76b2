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

    /// How long nobody is let in after the system had no means for one more client: it would say
    /// so again at once.
    private static let pause = DispatchTimeInterval.milliseconds(100)
    /// Clients that the system keeps until they are let in.
    private static let backlog: CInt = 512

    /// How many are let in at a time, so that those who are in get their turn.
    private static let greatestGroup = 64

    /// Listens on the first address of a host that is one of this machine's.
    ///
    /// Where another program has its port, the next address is not tried: whoever asks for the host
    /// would reach the other program.
    /// - Parameters:
    ///   - host: An address or a name.
    ///   - port: 0 for any that is free.
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

    /// Hands over clients as they come, on a queue.
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

    /// Lets nobody in any more, and gives the port back.
    func close() {
        state.withLock { state in
            state.source?.cancel()
            // Another may listen there from now on, not only when the queue has let go of it.
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

    /// Looks away for a moment.
    private func pauseAccepting(on queue: DispatchQueue) {
        state.withLock { state in
            guard let source = state.source else { return }
            source.suspend()
            // Resumed even if it was cancelled by then, which it could not be while suspended.
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
        // A server that starts again need not wait until its last connections are forgotten.
        SocketCalls.set(SO_REUSEADDR, of: SOL_SOCKET, to: 1, descriptor)
        if address.family == AF_INET6 {
            // The address of all IPv6 interfaces then means those of IPv4 too, on every system.
            SocketCalls.set(IPV6_V6ONLY, of: CInt(IPPROTO_IPV6), to: 0, descriptor)
        }
        let isBound = address.withPointer { bind(descriptor.number, $0, $1) == 0 }
        guard isBound, SocketCalls.listen(descriptor, backlog: backlog) else {
            throw ServerError(bindingCode: errno, host: host, port: port)
        }
        return descriptor
    }
}
