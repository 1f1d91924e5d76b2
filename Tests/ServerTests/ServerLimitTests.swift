import Server
import Testing

@Suite struct ServerLimitTests {
    /// Limits with one short timeout.
    private static func impatient(_ time: WritableKeyPath<ServerLimits, Duration>) -> ServerLimits {
        var limits = ServerLimits()
        limits[keyPath: time] = .milliseconds(100)
        return limits
    }

    @Test func aProblemIsAnsweredAndEndsTheConnection() async throws {
        try await withServer { _, port in
            for (text, status) in [
                ("GET / HTTP/1.1\r\n\r\n", "400 Bad Request"),
                ("GET / HTTP/2.0\r\n", "505 HTTP Version Not Supported"),
                (
                    "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n",
                    "501 Not Implemented"
                ),
                (
                    "GET /" + String(repeating: "a", count: 20_000),
                    "431 Request Header Fields Too Large"
                ),
                (
                    "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5000000\r\n\r\n",
                    "413 Content Too Large"
                ),
                // A second request after one that cannot be read is not looked for.
                ("GET / HTTP/1.1\nHost: a\n\n" + get("/"), "400 Bad Request"),
            ] {
                let answer = try await onThread {
                    let client = try RawClient(port: port)
                    client.send(text)
                    return client.receiveAll()
                }
                #expect(answer?.hasPrefix("HTTP/1.1 \(status)\r\n") == true)
                #expect(answer?.contains("\r\nConnection: close\r\n") == true)
                #expect(answer?.contains("200 OK") == false)
            }
        }
    }

    @Test func aClientThatSendsATooLargeBodyToItsEndStillReadsTheAnswer() async throws {
        try await withServer { _, port in
            let answer = try await onThread {
                let client = try RawClient(port: port)
                client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 20000000\r\n\r\n")
                let piece = [UInt8](repeating: 97, count: 1_000_000)
                for _ in 0..<20 where !client.send(piece) { return nil as String? }
                return client.receiveAll()
            }
            #expect(answer?.hasPrefix("HTTP/1.1 413 ") == true)
        }
    }

    @Test func aClientThatWaitsToSendATooLargeBodyIsNotToldToContinue() async throws {
        try await withServer { _, port in
            let answer = try await exchange(
                port,
                "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5000000\r\n"
                    + "Expect: 100-continue\r\n\r\n"
            )
            #expect(answer?.hasPrefix("HTTP/1.1 413 ") == true)
        }
    }

    @Test(arguments: ["G", "GET / HTTP/1.1\r\nHost: a\r\n"])
    func aHeaderThatIsNotSentInTimeIsNotWaitedFor(_ start: String) async throws {
        try await withServer(limits: Self.impatient(\.headDuration)) { _, port in
            let answer = try await exchange(port, start)
            #expect(answer?.hasPrefix("HTTP/1.1 408 Request Timeout\r\n") == true)
        }
    }

    @Test(arguments: ["Content-Length: 9\r\n\r\na", "Transfer-Encoding: chunked\r\n\r\n1\r\na"])
    func aBodyThatIsNotSentInTimeIsNotWaitedFor(_ rest: String) async throws {
        try await withServer(limits: Self.impatient(\.bodyDuration)) { _, port in
            let answer = try await exchange(port, "POST / HTTP/1.1\r\nHost: a\r\n" + rest)
            #expect(answer?.hasPrefix("HTTP/1.1 408 Request Timeout\r\n") == true)
        }
    }

    @Test func aRequestThatDripsInIsNotWaitedFor() async throws {
        try await withServer(limits: Self.impatient(\.headDuration)) { _, port in
            let answer = try await onThread {
                let client = try RawClient(port: port)
                client.send("GET / HTTP/1.1\r\nHost: a\r\n")
                // Each byte arrives in time, but all of them together do not.
                for _ in 0..<1000 {
                    guard client.send("X") else { break }
                    if client.hasInput(within: 10) { break }
                }
                return client.receiveAll()
            }
            #expect(answer?.hasPrefix("HTTP/1.1 408 ") == true)
        }
    }

    @Test func aConnectionWithoutARequestIsClosedSilently() async throws {
        try await withServer(limits: Self.impatient(\.idleDuration)) { _, port in
            let answer = try await exchange(port, "")
            #expect(answer == "")
        }
    }

    @Test func anEmptyLineAfterARequestIsNotALateRequest() async throws {
        try await withServer(limits: Self.impatient(\.headDuration)) { _, port in
            let (isQuiet, answer) = try await onThread {
                let client = try RawClient(port: port)
                client.send(get("/1") + "\r\n")
                _ = client.receive(until: "GET /1")
                let isQuiet = !client.hasInput(within: 400)
                client.send(get("/2", "Connection: close"))
                return (isQuiet, client.receiveAll())
            }
            #expect(isQuiet)
            #expect(answer?.hasSuffix("GET /2") == true)
        }
    }

    @Test func aClientThatDoesNotTakeItsAnswerIsNotWaitedFor() async throws {
        let (over, overContinuation) = AsyncStream<Void>.makeStream()
        let handler = TestHandler { _ in
            let (events, continuation) = AsyncThrowingStream<String, any Error>.makeStream()
            continuation.onTermination = { _ in overContinuation.yield() }
            let text = String(repeating: "x", count: 1 << 20)
            for _ in 0..<64 { continuation.yield(text) }
            return HTTPReply(body: .events(events))
        }
        try await withServer(handler, limits: Self.impatient(\.writeDuration)) { _, port in
            let client = try await onThread {
                let client = try RawClient(port: port)
                client.send(get("/"))
                return client
            }
            for await _ in over { break }
            withExtendedLifetime(client) {}
        }
    }

    @Test func aLongAnswerReachesAClientThatReadsSlowly() async throws {
        let body = [UInt8](repeating: 97, count: 20 << 20)
        let handler = TestHandler { _ in HTTPReply(body: .whole(body)) }
        try await withServer(handler) { _, port in
            let answer = try await exchange(port, get("/", "Connection: close"))
            #expect(answer.map { $0.utf8.count > body.count } == true)
            #expect(answer?.utf8.suffix(body.count).allSatisfy { $0 == 97 } == true)
        }
    }

    @Test func aClientBeyondTheLimitIsToldSo() async throws {
        var limits = ServerLimits()
        limits.connectionCount = 2
        try await withServer(limits: limits) { _, port in
            let (answer, later) = try await onThread {
                let first = try RawClient(port: port)
                var second: RawClient? = try RawClient(port: port)
                for client in [first, second] {
                    client?.send(get("/"))
                    _ = client?.receive(until: "GET /")
                }
                let third = try RawClient(port: port)
                third.send(get("/"))
                let answer = third.receiveAll()
                second = nil
                // There is room again as soon as the server has seen the second one leave.
                for _ in 0..<1000 {
                    let fourth = try RawClient(port: port)
                    fourth.send(get("/", "Connection: close"))
                    let later = fourth.receiveAll() ?? ""
                    if later.hasPrefix("HTTP/1.1 200") { return (answer, later) }
                    _ = first.hasInput(within: 10)
                }
                return (answer, "")
            }
            #expect(answer?.hasPrefix("HTTP/1.1 503 Service Unavailable\r\n") == true)
            #expect(answer?.contains("\r\nRetry-After: 1\r\n") == true)
            #expect(later.hasPrefix("HTTP/1.1 200"))
        }
    }
}
