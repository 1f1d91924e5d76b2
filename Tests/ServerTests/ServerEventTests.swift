import Server
import Synchronization
import Testing

@Suite struct ServerEventTests {
    /// Events that arrive at once.
    private static func events(_ texts: String...) -> TestHandler {
        TestHandler { _ in
            let (events, continuation) = AsyncThrowingStream<String, any Error>.makeStream()
            for text in texts { continuation.yield(text) }
            continuation.finish()
            return HTTPReply(
                headers: ["Content-Type": "text/event-stream"],
                body: .events(events)
            )
        }
    }

    @Test func eventsAreSentInChunks() async throws {
        try await withServer(Self.events("one", "zwölf")) { _, port in
            let answer = try await exchange(port, get("/", "Connection: close"))
            #expect(answer?.contains("\r\nTransfer-Encoding: chunked\r\n") == true)
            let body = "\r\n\r\nb\r\ndata: one\n\n\r\ne\r\ndata: zwölf\n\n\r\n0\r\n\r\n"
            #expect(answer?.hasSuffix(body) == true)
        }
    }

    @Test func aConnectionIsKeptAfterEvents() async throws {
        try await withServer(Self.events("one")) { _, port in
            let answers = try await onThread {
                let client = try RawClient(port: port)
                return (0..<2).map { _ in
                    client.send(get("/"))
                    return client.receive(until: "\r\n0\r\n\r\n")
                }
            }
            #expect(answers.allSatisfy { $0.contains("data: one\n\n") })
        }
    }

    @Test func aClientOfHTTP10GetsEventsUntilTheConnectionEnds() async throws {
        try await withServer(Self.events("one", "two")) { _, port in
            let text = "GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n"
            let answer = try await exchange(port, text)
            #expect(answer?.contains("\r\nConnection: close\r\n") == true)
            #expect(answer?.hasSuffix("\r\n\r\ndata: one\n\ndata: two\n\n") == true)
        }
    }

    @Test func headIsAnsweredWithoutEvents() async throws {
        try await withServer(Self.events("one")) { _, port in
            let text = "HEAD / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
            let answer = try await exchange(port, text)
            #expect(answer?.contains("\r\nTransfer-Encoding: chunked\r\n") == true)
            #expect(answer?.hasSuffix("\r\n\r\n") == true)
            #expect(answer?.contains("data") == false)
        }
    }

    @Test func aClientThatWaitsForAnEventGetsComments() async throws {
        let (events, continuation) = AsyncThrowingStream<String, any Error>.makeStream()
        var limits = ServerLimits()
        limits.commentInterval = .milliseconds(20)
        let handler = TestHandler { _ in HTTPReply(body: .events(events)) }
        try await withServer(handler, limits: limits) { _, port in
            let answer = try await onThread {
                let client = try RawClient(port: port)
                client.send(get("/"))
                let comments = client.receive(until: "3\r\n:\n\n\r\n3\r\n:\n\n\r\n")
                continuation.yield("at last")
                continuation.finish()
                return comments + client.receive(until: "\r\n0\r\n\r\n")
            }
            #expect(answer.contains("\r\n\r\n3\r\n:\n\n\r\n"))
            #expect(answer.contains("data: at last\n\n"))
        }
    }

    @Test func noCommentFollowsTheLastEvent() async throws {
        var limits = ServerLimits()
        limits.commentInterval = .zero
        try await withServer(Self.events("one"), limits: limits) { _, port in
            let answers = try await onThread {
                let client = try RawClient(port: port)
                return (0..<2000).map { _ in
                    client.send(get("/"))
                    return client.receive(until: "\r\n0\r\n\r\n")
                }
            }
            #expect(answers.allSatisfy { $0.hasPrefix("HTTP/1.1 200 OK\r\n") })
        }
    }

    @Test func aClientThatHasFinishedSendingGetsWhatIsReadyAtOnce() async throws {
        try await withServer { _, port in
            let answer = try await onThread {
                let client = try RawClient(port: port)
                client.send(get("/1"))
                client.finishSending()
                return client.receiveAll()
            }
            #expect(answer?.hasSuffix("\r\n\r\nGET /1") == true)
        }
    }

    @Test func eventsThatFailEndTheConnectionWithoutTheLastChunk() async throws {
        struct Failure: Error {}
        let handler = TestHandler { _ in
            let (events, continuation) = AsyncThrowingStream<String, any Error>.makeStream()
            continuation.yield("one")
            continuation.finish(throwing: Failure())
            return HTTPReply(body: .events(events))
        }
        try await withServer(handler) { _, port in
            let answer = try await exchange(port, get("/"))
            #expect(answer?.hasSuffix("data: one\n\n\r\n") == true)
        }
    }

    /// How a client can leave.
    enum Leaving: CaseIterable {
        case closing
        case breakingOff
        case finishingToSend
    }

    @Test(arguments: Leaving.allCases)
    func aClientThatLeavesEndsItsEvents(_ leaving: Leaving) async throws {
        let (gone, goneContinuation) = AsyncStream<Void>.makeStream()
        let handler = TestHandler { _ in
            let (events, continuation) = AsyncThrowingStream<String, any Error>.makeStream()
            continuation.onTermination = { _ in goneContinuation.yield() }
            continuation.yield("one")
            return HTTPReply(body: .events(events))
        }
        try await withServer(handler) { _, port in
            let client = try await onThread {
                let client = try RawClient(port: port)
                client.send(get("/"))
                #expect(client.receive(until: "data: one\n\n\r\n").contains("data"))
                if leaving == .breakingOff { client.breakOff() }
                if leaving == .finishingToSend { client.finishSending() }
                return leaving == .finishingToSend ? client : nil
            }
            // Nothing is written meanwhile: the server must notice by itself.
            for await _ in gone { break }
            withExtendedLifetime(client) {}
        }
    }

    @Test func aClientThatLeavesCancelsTheTaskThatWorksOnItsAnswer() async throws {
        let (cancelled, continuation) = AsyncStream<Void>.makeStream()
        let handler = TestHandler { _ in
            try? await Task.sleep(for: .seconds(600))
            if Task.isCancelled { continuation.yield() }
            return HTTPReply()
        }
        try await withServer(handler) { _, port in
            try await onThread { _ = try RawClient(port: port).send(get("/")) }
            for await _ in cancelled { break }
        }
    }
}
