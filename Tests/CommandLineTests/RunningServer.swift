// `swiftlet serve` as a process, and a client for it.

import Foundation
import Testing

/// A server that listens on a free port of 127.0.0.1.
struct RunningServer {
    /// The answer to a request.
    struct Answer {
        let status: Int
        let body: String

        /// The object of a body in JSON.
        func object() throws -> [String: Any] {
            let object = try JSONSerialization.jsonObject(with: Data(body.utf8))
            return try #require(object as? [String: Any], "\(body)")
        }
    }

    let program: RunningProgram
    let port: UInt16

    /// Serves while `body` runs, then stops it with SIGTERM unless it has already ended.
    static func run(
        _ arguments: [String],
        whileServing body: (RunningServer) throws -> Void = { _ in }
    ) throws -> Outcome {
        try swiftlet(["serve", "--port", "0", "--threads", "1"] + arguments) { program in
            defer { if program.isRunning { program.send(SIGTERM) } }
            var port: UInt16?
            program.wait {
                port = program.errors.firstMatch(of: /on http:\/\/[^ ]*:(\d+),/)
                    .flatMap { UInt16($0.1) }
                return port != nil
            }
            if let port { try body(RunningServer(program: program, port: port)) }
        }
    }

    /// Sends a request, and reads the answer to its end.
    func ask(_ path: String, _ body: String? = nil, key: String? = nil) throws -> Answer {
        let connection = try connect(path, body, key: key)
        defer { close(connection) }
        let text = rest(of: connection)
        let parts = text.split(separator: "\r\n\r\n", maxSplits: 1)
        let status = try #require(text.split(separator: " ").dropFirst().first.flatMap { Int($0) })
        return Answer(status: status, body: parts.count > 1 ? String(parts[1]) : "")
    }

    /// What arrives over a connection until it is closed.
    func rest(of connection: CInt) -> String {
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = recv(connection, &buffer, buffer.count, 0)
            guard count > 0 else { break }
            bytes += buffer.prefix(count)
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// Sends a request, and leaves the answer to the caller, who closes the connection.
    func connect(_ path: String, _ body: String? = nil, key: String? = nil) throws -> CInt {
        #if canImport(Glibc)
            let kind = CInt(SOCK_STREAM.rawValue)
        #else
            let kind = SOCK_STREAM
        #endif
        let connection = socket(AF_INET, kind, 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        address.sin_port = port.bigEndian
        let length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let isConnected = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                Foundation.connect(connection, $0, length) == 0
            }
        }
        try #require(isConnected)
        let request =
            "\(body == nil ? "GET" : "POST") \(path) HTTP/1.0\r\nHost: localhost\r\n"
            + (key.map { "Authorization: Bearer \($0)\r\n" } ?? "")
            + (body.map { "Content-Length: \($0.utf8.count)\r\n" } ?? "") + "\r\n" + (body ?? "")
        let bytes = Array(request.utf8)
        #expect(send(connection, bytes, bytes.count, 0) == bytes.count)
        return connection
    }
}
