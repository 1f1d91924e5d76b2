// A web server on 127.0.0.1 for tests of downloads: it serves bytes from memory, as well or as
// badly as a test wants, and records the requests. HTTP/1.1, GET only, one answer per connection.

import Dispatch
import Synchronization

#if canImport(Glibc)
    @preconcurrency import Glibc
#elseif canImport(Musl)
    @preconcurrency import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// A server that listens from its creation until it is released.
public final class LoopbackServer: Sendable {
    /// What the server does with requests.
    public struct Behavior: Sendable {
        /// The content of each path, such as `/file.bin`.
        public var files: [String: [UInt8]] = [:]
        /// Paths that are answered with a redirection to another path or address.
        public var redirections: [String: String] = [:]
        /// Additional header fields for each path, such as `X-Linked-Size: 5`.
        public var fields: [String: [String]] = [:]
        /// Sent as `ETag` unless nil.
        public var tag: String? = "\"one\""
        /// Sent as `Last-Modified` unless nil.
        public var date: String?
        /// Whether parts of a file may be requested.
        public var honorsRange = true
        /// Whether a part is sent even if `If-Range` names another tag, as no server should do.
        public var ignoresIfRange = false
        /// Answers with this status instead of the file, for the first `statusCount` requests.
        public var status: Int?
        /// How many requests get ``status``.
        public var statusCount = Int.max
        /// Closes the connection after this many bytes of a body, for the first `cutCount` bodies.
        public var cutAfter: Int?
        /// How many bodies are cut.
        public var cutCount = Int.max
        /// Sends this many bytes of a body and then nothing, keeping the connection open.
        public var stallAfter: Int?
        /// Whether the answer announces its length.
        public var announcesLength = true

        /// A server without files.
        public init() {}
    }

    /// One request, and what was sent in response.
    public struct Request: Sendable, Equatable {
        /// The requested path.
        public let path: String
        /// The header `Range`.
        public let range: String?
        /// The header `If-Range`.
        public let ifRange: String?
        /// The answer's status.
        public var status = 0
        /// The bytes of the body that were sent.
        public var sent = 0
    }

    /// The port listened on.
    public let port: Int
    /// The address of the root, without a slash at the end.
    public var url: String { "http://127.0.0.1:\(port)" }

    private let listener: CInt
    private let state: Mutex<(behavior: Behavior, requests: [Request])>

    /// The requests so far, in order of arrival.
    public var requests: [Request] { state.withLock { $0.requests } }

    /// Changes the server's behavior, and returns the previous one.
    @discardableResult
    public func update(_ change: (inout sending Behavior) -> Void) -> Behavior {
        state.withLock { state in
            let old = state.behavior
            var new = old
            change(&new)
            state.behavior = new
            return old
        }
    }

    /// Listens on a free port.
    public init(_ behavior: Behavior = Behavior()) throws {
        #if canImport(Glibc)
            let kind = CInt(SOCK_STREAM.rawValue)
        #else
            let kind = SOCK_STREAM
        #endif
        struct CannotListen: Error {}
        listener = socket(AF_INET, kind, 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let descriptor = listener
        let isListening = withUnsafeMutableBytes(of: &address) { bytes in
            let pointer = bytes.assumingMemoryBound(to: sockaddr.self).baseAddress
            guard let pointer else { return false }
            return bind(descriptor, pointer, length) == 0 && listen(descriptor, 16) == 0
                && getsockname(descriptor, pointer, &length) == 0
        }
        guard descriptor >= 0, isListening else { throw CannotListen() }
        port = Int(UInt16(bigEndian: address.sin_port))
        state = Mutex((behavior, []))
        DispatchQueue(label: "loopback-server").async { [weak self] in
            while true {
                let connection = accept(descriptor, nil, nil)
                // Shutting the listener down ends the loop.
                guard connection >= 0 else { break }
                guard let self else {
                    close(connection)
                    break
                }
                let server = self
                DispatchQueue.global().async {
                    server.serve(connection)
                    close(connection)
                }
            }
            close(descriptor)
        }
    }

    deinit {
        shutdown(listener, CInt(SHUT_RDWR))
    }

    private func serve(_ connection: CInt) {
        guard let request = readRequest(connection) else { return }
        let (behavior, index) = state.withLock { state in
            state.requests.append(request)
            let behavior = state.behavior
            if behavior.status != nil {
                state.behavior.statusCount -= 1
                if state.behavior.statusCount == 0 { state.behavior.status = nil }
            } else if behavior.cutAfter != nil {
                state.behavior.cutCount -= 1
                if state.behavior.cutCount == 0 { state.behavior.cutAfter = nil }
            }
            return (behavior, state.requests.count - 1)
        }
        let answer = Answer(to: request, behavior)
        let limit = behavior.cutAfter ?? behavior.stallAfter ?? Int.max
        let body = answer.body.prefix(limit)
        state.withLock { $0.requests[index].status = answer.status }
        guard send(Array(answer.head.utf8)[...], connection) else { return }
        var rest = body
        while !rest.isEmpty {
            let piece = rest.prefix(1 << 16)
            guard send(piece, connection) else { return }
            state.withLock { $0.requests[index].sent += piece.count }
            rest = rest.dropFirst(piece.count)
        }
        // Waits until the client gives up.
        var byte: UInt8 = 0
        if behavior.stallAfter != nil { _ = recv(connection, &byte, 1, 0) }
    }

    private func readRequest(_ connection: CInt) -> Request? {
        var bytes: [UInt8] = []
        while !bytes.suffix(4).elementsEqual("\r\n\r\n".utf8) {
            var byte: UInt8 = 0
            guard bytes.count < 1 << 16, recv(connection, &byte, 1, 0) == 1 else { return nil }
            bytes.append(byte)
        }
        let lines = String(decoding: bytes, as: UTF8.self).split(separator: "\r\n")
        let words = lines[0].split(separator: " ")
        guard words.count == 3, words[0] == "GET" else { return nil }
        func header(_ name: String) -> String? {
            lines.first { $0.lowercased().hasPrefix(name + ": ") }
                .map { String($0.dropFirst(name.count + 2)) }
        }
        return Request(
            path: String(words[1]),
            range: header("range"),
            ifRange: header("if-range")
        )
    }

    private func send(_ bytes: ArraySlice<UInt8>, _ connection: CInt) -> Bool {
        var bytes = bytes
        while !bytes.isEmpty {
            let count = bytes.withUnsafeBytes {
                #if canImport(Darwin)
                    write(connection, $0.baseAddress, $0.count)
                #else
                    // A client that has gone must not end the tests with SIGPIPE.
                    Glibc.send(connection, $0.baseAddress, $0.count, CInt(MSG_NOSIGNAL))
                #endif
            }
            guard count > 0 else { return false }
            bytes = bytes.dropFirst(count)
        }
        return true
    }
}

/// The status, head and body for a request.
private struct Answer {
    var status = 200
    var body: ArraySlice<UInt8> = []
    private var fields: [String] = []
    private let announcesLength: Bool

    init(to request: LoopbackServer.Request, _ behavior: LoopbackServer.Behavior) {
        announcesLength = behavior.announcesLength
        fields = behavior.fields[request.path] ?? []
        if let target = behavior.redirections[request.path] {
            status = 302
            fields.append("Location: \(target)")
        } else if let other = behavior.status {
            status = other
            body = Array("no file here".utf8)[...]
        } else if let file = behavior.files[request.path] {
            body = file[...]
            fields += behavior.tag.map { ["ETag: \($0)"] } ?? []
            fields += behavior.date.map { ["Last-Modified: \($0)"] } ?? []
            takeRange(request, file, behavior)
        } else {
            status = 404
        }
    }

    var head: String {
        let length = announcesLength ? ["Content-Length: \(body.count)"] : []
        return (["HTTP/1.1 \(status) Status", "Connection: close"] + fields + length)
            .joined(separator: "\r\n") + "\r\n\r\n"
    }

    /// Reduces the body to the requested range, if the client's version is still current.
    private mutating func takeRange(
        _ request: LoopbackServer.Request,
        _ file: [UInt8],
        _ behavior: LoopbackServer.Behavior
    ) {
        guard behavior.honorsRange, let range = request.range, range.hasPrefix("bytes="),
            let start = Int(range.dropFirst(6).prefix { $0 != "-" }),
            behavior.ignoresIfRange || request.ifRange == nil
                || request.ifRange == (behavior.tag ?? behavior.date)
        else { return }
        if start >= file.count {
            status = 416
            body = []
            fields.append("Content-Range: bytes */\(file.count)")
        } else {
            status = 206
            body = file[start...]
            fields.append("Content-Range: bytes \(start)-\(file.count - 1)/\(file.count)")
        }
    }
}
