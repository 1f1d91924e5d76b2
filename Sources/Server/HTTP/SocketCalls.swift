// The system calls that sockets need, the same on Linux and macOS. Descriptors are not inherited by
// child processes, and writing to a closed connection does not raise SIGPIPE.

#if canImport(Glibc)
    @preconcurrency import Glibc
#elseif canImport(Musl)
    @preconcurrency import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// A descriptor that is closed when it is no longer referenced.
final class Descriptor: Sendable {
    let number: CInt

    init(_ number: CInt) {
        self.number = number
    }

    deinit {
        close(number)
    }
}

/// Operations on sockets; errors are left in `errno`.
enum SocketCalls {
    #if canImport(Glibc)
        static let streamType = CInt(SOCK_STREAM.rawValue)
    #else
        static let streamType = SOCK_STREAM
    #endif

    /// A socket of a family.
    static func makeSocket(_ family: CInt) -> Descriptor? {
        prepared(socket(family, streamType, 0))
    }

    /// Makes a bound socket listen for clients.
    static func listen(_ descriptor: Descriptor, backlog: CInt) -> Bool {
        #if canImport(Darwin)
            Darwin.listen(descriptor.number, backlog) == 0
        #elseif canImport(Musl)
            Musl.listen(descriptor.number, backlog) == 0
        #else
            Glibc.listen(descriptor.number, backlog) == 0
        #endif
    }

    /// The next client of a listening socket.
    static func accept(_ listener: Descriptor) -> Descriptor? {
        #if canImport(Darwin)
            prepared(Darwin.accept(listener.number, nil, nil))
        #elseif canImport(Musl)
            prepared(Musl.accept(listener.number, nil, nil))
        #else
            prepared(Glibc.accept(listener.number, nil, nil))
        #endif
    }

    /// Receives up to the buffer's size: 0 at the end, negative for an error.
    static func receive(_ descriptor: Descriptor, _ buffer: UnsafeMutableRawBufferPointer) -> Int {
        retrying { recv(descriptor.number, buffer.baseAddress, buffer.count, 0) }
    }

    /// Sends as much as the system accepts; negative for an error.
    static func send(_ descriptor: Descriptor, _ bytes: UnsafeRawBufferPointer) -> Int {
        #if canImport(Darwin)
            let flags: CInt = 0
        #else
            let flags = CInt(MSG_NOSIGNAL)
        #endif
        return retrying {
            #if canImport(Darwin)
                Darwin.send(descriptor.number, bytes.baseAddress, bytes.count, flags)
            #elseif canImport(Musl)
                Musl.send(descriptor.number, bytes.baseAddress, bytes.count, flags)
            #else
                Glibc.send(descriptor.number, bytes.baseAddress, bytes.count, flags)
            #endif
        }
    }

    /// Says that nothing more will be sent.
    static func finishSending(_ descriptor: Descriptor) {
        shutdown(descriptor.number, CInt(SHUT_WR))
    }

    /// Stops sending, receiving and accepting clients.
    static func stop(_ descriptor: Descriptor) {
        shutdown(descriptor.number, CInt(SHUT_RDWR))
    }

    /// Sets a numeric option.
    static func set(_ option: CInt, of level: CInt, to value: CInt, _ descriptor: Descriptor) {
        var value = value
        let size = socklen_t(MemoryLayout<CInt>.size)
        setsockopt(descriptor.number, level, option, &value, size)
    }

    /// Sets the options of a connection with a client.
    ///
    /// Tokens are sent as they come rather than collected. A client whose machine is gone is
    /// noticed even while nothing is sent, and not only after the quarter of an hour the system
    /// would wait.
    static func tune(_ descriptor: Descriptor, patience: Duration) {
        let tcp = CInt(IPPROTO_TCP)
        set(TCP_NODELAY, of: tcp, to: 1, descriptor)
        set(SO_KEEPALIVE, of: SOL_SOCKET, to: 1, descriptor)
        let seconds = CInt(clamping: max(1, patience.components.seconds))
        #if canImport(Darwin)
            set(TCP_KEEPALIVE, of: tcp, to: seconds, descriptor)
            set(TCP_RXT_CONNDROPTIME, of: tcp, to: seconds, descriptor)
        #else
            set(TCP_KEEPIDLE, of: tcp, to: seconds, descriptor)
            set(TCP_USER_TIMEOUT, of: tcp, to: CInt(clamping: Int(seconds) * 1000), descriptor)
        #endif
        set(TCP_KEEPINTVL, of: tcp, to: 5, descriptor)
    }

    /// Makes calls non-blocking, and keeps child processes from inheriting the descriptor.
    private static func prepared(_ number: CInt) -> Descriptor? {
        guard number >= 0 else { return nil }
        let descriptor = Descriptor(number)
        _ = fcntl(number, F_SETFD, FD_CLOEXEC)
        _ = fcntl(number, F_SETFL, O_NONBLOCK)
        #if canImport(Darwin)
            set(SO_NOSIGPIPE, of: SOL_SOCKET, to: 1, descriptor)
        #endif
        return descriptor
    }

    /// Repeats a call while signals interrupt it.
    private static func retrying(_ call: () -> Int) -> Int {
        while true {
            let result = call()
            if result >= 0 || errno != EINTR { return result }
        }
    }
}
