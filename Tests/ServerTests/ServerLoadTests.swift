import Server
import Synchronization
import Testing

#if canImport(Glibc)
    @preconcurrency import Glibc
#elseif canImport(Musl)
    @preconcurrency import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

@Suite(.serialized) struct ServerLoadTests {
    private final class Flag: Sendable {
        let value = Atomic(false)
    }

    /// Events that arrive as fast as they are read.
    private static let streaming = TestHandler { request in
        let (events, continuation) = AsyncThrowingStream<String, any Error>.makeStream()
        for index in 0..<50 { continuation.yield("\(request.path) \(index)") }
        continuation.finish()
        return HTTPReply(body: .events(events))
    }

    @Test func twoHundredConnectionsAtOnceGetTheirOwnEvents() async throws {
        try await withServer(Self.streaming) { _, port in
            let answers = try await onThread {
                let clients = try (0..<200).map { _ in try RawClient(port: port) }
                for (index, client) in clients.enumerated() {
                    client.send(get("/\(index)", "Connection: close"))
                }
                return clients.map { $0.receiveAll() }
            }
            for (index, answer) in answers.enumerated() {
                let events = answer?.split(separator: "data: ").dropFirst().map { event in
                    String(event.prefix { $0 != "\n" })
                }
                #expect(events == (0..<50).map { "/\(index) \($0)" }, "\(index)")
            }
        }
    }

    @Test func clientsThatNeverPauseLeaveRoomForOthers() async throws {
        let threads = max(1, sysconf(CInt(_SC_NPROCESSORS_ONLN)))
        let requests = String(repeating: get("/"), count: 400)
        let isOver = Flag()
        try await withServer { server, port in
            try await withThrowingTaskGroup { group in
                // More of them than there are threads for tasks.
                for _ in 0..<threads + 1 {
                    let client = try RawClient(port: port)
                    group.addTask {
                        try await onThread {
                            while let bytes = client.receive(), !bytes.isEmpty {}
                        }
                    }
                    group.addTask {
                        try await onThread {
                            while !isOver.value.load(ordering: .relaxed), client.send(requests) {}
                        }
                    }
                }
                for _ in 0..<200 {
                    let answer = try await exchange(port, get("/other", "Connection: close"))
                    #expect(answer?.hasSuffix("GET /other") == true)
                }
                isOver.value.store(true, ordering: .relaxed)
                // Otherwise it would answer everything that the system still holds for it.
                await server.end(patience: .zero)
                try await group.waitForAll()
            }
        }
    }

    @Test func twoThousandShortConnectionsAreAllAnswered() async throws {
        try await withServer { _, port in
            let count = try await onThread {
                try (0..<2000).count { index in
                    let client = try RawClient(port: port)
                    client.send(get("/\(index)", "Connection: close"))
                    return client.receiveAll()?.hasSuffix("GET /\(index)") == true
                }
            }
            #expect(count == 2000)
        }
    }

    @Test func aServerSurvivesMisbehavingClients() async throws {
        try await withServer(Self.streaming) { _, port in
            try await onThread {
                for index in 0..<400 {
                    let client = try RawClient(port: port)
                    switch index % 8 {
                    case 0: break
                    case 1: client.send("GET / HT")
                    case 2: client.send([0, 255, 22, 3])
                    case 3: client.send(get("/"))
                    case 4: client.send(String(repeating: get("/"), count: 100))
                    case 5:
                        client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\nabc")
                    case 6: client.send("\r\n\r\n\r\n")
                    default:
                        client.send(get("/"))
                        _ = client.receive()
                    }
                    if index % 3 == 0 { client.breakOff() }
                }
            }
            let answer = try await exchange(port, get("/ok", "Connection: close"))
            #expect(answer?.contains("data: /ok 49\n") == true)
        }
    }

    #if os(Linux)
        /// Open descriptors of this process that are sockets.
        private func socketCount() -> Int {
            (0..<4096).count { number in
                var status = stat()
                return fstat(CInt(number), &status) == 0 && status.st_mode & S_IFMT == S_IFSOCK
            }
        }

        @Test func noDescriptorIsLeftOpen() async throws {
            let before = socketCount()
            try await withServer(Self.streaming) { _, port in
                try await onThread {
                    for index in 0..<300 {
                        let client = try RawClient(port: port)
                        client.send(index % 2 == 0 ? get("/") : "nonsense\r\n")
                        if index % 3 == 0 { _ = client.receive() }
                        if index % 5 == 0 { client.breakOff() }
                    }
                }
            }
            // Descriptors are closed by the server's queue, soon after the connections ended.
            for _ in 0..<1000 where socketCount() > before {
                try await Task.sleep(for: .milliseconds(10))
            }
            #expect(socketCount() <= before)
        }
    #endif
}
