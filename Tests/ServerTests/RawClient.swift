// The other end of a connection, as plain as a test wants it: bytes out, bytes in. Its calls block,
// so they are made on their own thread: the server under test needs those of Swift's tasks.

import Dispatch

#if canImport(Glibc)
    @preconcurrency import Glibc
#elseif canImport(Musl)
    @preconcurrency import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// Runs what blocks on its own thread.
func onThread<Result: Sendable>(
    _ body: @escaping @Sendable () throws -> Result
) async throws -> Result {
    try await withCheckedThrowingContinuation { continuation in
        DispatchQueue(label: "raw-client").async {
            continuation.resume(with: Swift.Result { try body() })
        }
    }
}

/// A client that knows nothing about HTTP.
final class RawClient: Sendable {
    struct CannotConnect: Error {
        let code: CInt
    }

    private let descriptor: CInt

    /// Connects to a port of 127.0.0.1.
    init(port: UInt16) throws {
        #if canImport(Glibc)
            let kind = CInt(SOCK_STREAM.rawValue)
        #else
            let kind = SOCK_STREAM
        #endif
        descriptor = socket(AF_INET, kind, 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        address.sin_port = port.bigEndian
        let number = descriptor
        let result = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(number, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        guard result == 0 else { throw CannotConnect(code: errno) }
        // A test that waits for nothing should fail, not hang.
        var patience = timeval(tv_sec: 30, tv_usec: 0)
        let size = socklen_t(MemoryLayout<timeval>.size)
        setsockopt(number, SOL_SOCKET, SO_RCVTIMEO, &patience, size)
        setsockopt(number, SOL_SOCKET, SO_SNDTIMEO, &patience, size)
        #if canImport(Darwin)
            var on: CInt = 1
            setsockopt(number, SOL_SOCKET, SO_NOSIGPIPE, &on, socklen_t(MemoryLayout<CInt>.size))
        #endif
    }

    deinit {
        close(descriptor)
    }

    /// Sends as much as the system accepts; negative for an error.
    private func sendSome(_ bytes: ArraySlice<UInt8>, flags: CInt = 0) -> Int {
        bytes.withUnsafeBytes { buffer in
            #if canImport(Glibc)
                Glibc.send(
                    descriptor,
                    buffer.baseAddress,
                    buffer.count,
                    flags | CInt(MSG_NOSIGNAL)
                )
            #elseif canImport(Musl)
                Musl.send(
                    descriptor,
                    buffer.baseAddress,
                    buffer.count,
                    flags | CInt(MSG_NOSIGNAL)
                )
            #else
                Darwin.send(descriptor, buffer.baseAddress, buffer.count, flags)
            #endif
        }
    }

    /// Sends the same bytes over and over until the server has not accepted any for a while.
    /// - Returns: How many were sent, at most `limit` and a bit.
    func sendWithoutWaiting(_ bytes: [UInt8], upTo limit: Int) -> Int {
        var (sent, rest, failures) = (0, bytes[...], 0)
        while sent < limit, failures < 20 {
            let count = sendSome(rest, flags: CInt(MSG_DONTWAIT))
            guard count > 0 else {
                failures += 1
                usleep(20_000)
                continue
            }
            failures = 0
            sent += count
            rest = rest.dropFirst(count)
            if rest.isEmpty { rest = bytes[...] }
        }
        return sent
    }

    /// Sends all bytes; false if the server does not accept them.
    @discardableResult
    func send(_ bytes: [UInt8]) -> Bool {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = sendSome(rest)
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { return false }
            rest = rest.dropFirst(count)
        }
        return true
    }

    @discardableResult
    func send(_ text: String) -> Bool {
        send(Array(text.utf8))
    }

    /// The next bytes; none at the end, nil when nothing came for long or the connection broke.
    func receive() -> [UInt8]? {
        var buffer = [UInt8](repeating: 0, count: 64 << 10)
        var count = 0
        // With a timeout, a call ends when the process is stopped and continued.
        repeat {
            count = recv(descriptor, &buffer, buffer.count, 0)
        } while count < 0 && errno == EINTR
        return count >= 0 ? Array(buffer[..<count]) : nil
    }

    /// Whether something arrived, or the connection ended, within this many milliseconds.
    func hasInput(within milliseconds: CInt) -> Bool {
        var entry = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        return poll(&entry, 1, milliseconds) > 0
    }

    /// What comes until it ends with `end`, or the connection ends.
    func receive(until end: String) -> String {
        var bytes: [UInt8] = []
        while !bytes.suffix(end.utf8.count).elementsEqual(end.utf8) {
            guard let more = receive(), !more.isEmpty else { break }
            bytes += more
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// What comes until the server closes the connection; nil when it never does, or breaks it.
    func receiveAll() -> String? {
        var bytes: [UInt8] = []
        while true {
            guard let more = receive() else { return nil }
            if more.isEmpty { return String(decoding: bytes, as: UTF8.self) }
            bytes += more
        }
    }

    /// Says that nothing more will be sent.
    func finishSending() {
        shutdown(descriptor, CInt(SHUT_WR))
    }

    /// Resets the connection, rather than closing it, when the client is released.
    func breakOff() {
        var option = linger(l_onoff: 1, l_linger: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &option, socklen_t(MemoryLayout<linger>.size))
    }
}
