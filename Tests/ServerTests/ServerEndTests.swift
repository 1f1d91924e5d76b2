import Server
import Testing

@Suite struct ServerEndTests {
    @Test func runningRequestsAreAnsweredBeforeTheServerStops() async throws {
        let (started, startedContinuation) = AsyncStream<Void>.makeStream()
        let (going, goingContinuation) = AsyncStream<Void>.makeStream()
        let handler = TestHandler { _ in
            startedContinuation.yield()
            for await _ in going { break }
            return HTTPReply(body: .whole(Array("done".utf8)))
        }
        let server = Server(handler: handler, host: "127.0.0.1", port: 0)
        let port = try server.listen().port
        let running = Task { try await server.run() }
        let idle = try await onThread { try RawClient(port: port) }
        let answer = Task { try await exchange(port, get("/")) }
        for await _ in started { break }
        let ending = Task { await server.end(patience: .seconds(600)) }
        // The connection that is waiting for a request is closed, while the other one continues.
        #expect(try await onThread { idle.receiveAll() } == "")
        goingContinuation.yield()
        let text = try await answer.value
        #expect(text?.hasSuffix("\r\n\r\ndone") == true)
        #expect(text?.contains("\r\nConnection: close\r\n") == true)
        await ending.value
        try await running.value
    }

    @Test func aStoppingServerAcceptsNoConnections() async throws {
        let server = Server(handler: TestHandler(), host: "127.0.0.1", port: 0)
        let port = try server.listen().port
        let running = Task { try await server.run() }
        _ = try await exchange(port, get("/", "Connection: close"))
        await server.end(patience: .zero)
        try await running.value
        await #expect(throws: RawClient.CannotConnect.self) {
            try await onThread { _ = try RawClient(port: port) }
        }
    }

    @Test func requestsThatOutlastThePatienceAreCutOff() async throws {
        let (started, continuation) = AsyncStream<Void>.makeStream()
        let handler = TestHandler { _ in
            continuation.yield()
            try? await Task.sleep(for: .seconds(600))
            return HTTPReply()
        }
        let server = Server(handler: handler, host: "127.0.0.1", port: 0)
        let port = try server.listen().port
        let running = Task { try await server.run() }
        let answer = Task { try await exchange(port, get("/")) }
        for await _ in started { break }
        await server.end(patience: .milliseconds(50))
        try await running.value
        #expect(try await answer.value == "")
    }

    @Test func aCanceledServerEndsAtOnce() async throws {
        let server = Server(handler: TestHandler(), host: "127.0.0.1", port: 0)
        let port = try server.listen().port
        let running = Task { try await server.run() }
        let client = try await onThread {
            let client = try RawClient(port: port)
            client.send(get("/"))
            _ = client.receive(until: "GET /")
            return client
        }
        running.cancel()
        try await running.value
        #expect(try await onThread { client.receiveAll() } == "")
    }

    @Test func aServerThatNeverRanEnds() async throws {
        let server = Server(handler: TestHandler(), host: "127.0.0.1", port: 0)
        try server.listen()
        await server.end(patience: .zero)
        try await server.run()
    }
}

@Suite struct ServerAddressTests {
    @Test func addressesOfBothFamiliesAndNamesCanBeListenedOn() throws {
        for (host, found) in [
            ("127.0.0.1", ["127.0.0.1"]), ("localhost", ["127.0.0.1", "::1"]),
            ("0.0.0.0", ["0.0.0.0"]),
        ] {
            let server = Server(handler: TestHandler(), host: host, port: 0)
            let address = try server.listen()
            #expect(found.contains(address.host))
            #expect(address.port != 0)
            #expect(address.isLoopback == (host != "0.0.0.0"))
        }
    }

    @Test func anAddressOfIPv6IsWrittenInBrackets() throws {
        for host in ["::1", "[::1]"] {
            let server = Server(handler: TestHandler(), host: host, port: 0)
            do {
                let address = try server.listen()
                #expect(address.description == "http://[::1]:\(address.port)")
                #expect(address.isLoopback)
            } catch .foreignHost {
                // This machine has no IPv6.
            }
        }
    }

    @Test func aPortInUseIsNamed() throws {
        let first = Server(handler: TestHandler(), host: "127.0.0.1", port: 0)
        let port = try first.listen().port
        let second = Server(handler: TestHandler(), host: "127.0.0.1", port: port)
        let error = #expect(throws: ServerError.self) { try second.listen() }
        #expect(error == .portInUse(host: "127.0.0.1", port: port))
        #expect(error?.description.contains("\(port)") == true)
    }

    @Test func theNextAddressOfANameIsNotTakenWhereAPortIsInUse() throws {
        let first = Server(handler: TestHandler(), host: "localhost", port: 0)
        let port = try first.listen().port
        let second = Server(handler: TestHandler(), host: "localhost", port: port)
        let error = #expect(throws: ServerError.self) { try second.listen() }
        #expect(error == .portInUse(host: "localhost", port: port))
    }

    @Test func aHostThatIsNotHereIsNamed() {
        for (host, isExpected) in [
            (
                "no.such.host.invalid",
                { (error: ServerError?) in
                    if case .unknownHost("no.such.host.invalid", _) = error { true } else { false }
                }
            ),
            ("192.0.2.1", { $0 == .foreignHost("192.0.2.1") }),
            ("", { if case .unknownHost = $0 { true } else { false } }),
            ("a b", { if case .unknownHost = $0 { true } else { false } }),
        ] {
            let server = Server(handler: TestHandler(), host: host, port: 0)
            let error = #expect(throws: ServerError.self) { try server.listen() }
            #expect(isExpected(error), "\(host): \(String(describing: error))")
        }
    }

    @Test func aServerCanListenAgainAtOnce() async throws {
        var port: UInt16 = 0
        for _ in 0..<3 {
            let server = Server(handler: TestHandler(), host: "127.0.0.1", port: port)
            port = try server.listen().port
            let running = Task { try await server.run() }
            _ = try await exchange(port, get("/", "Connection: close"))
            await server.end(patience: .zero)
            try await running.value
        }
    }
}
