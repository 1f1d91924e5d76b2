import Server
import Testing

@Suite struct ServerConversationTests {
    @Test func aRequestIsAnsweredAndTheConnectionKept() async throws {
        try await withServer { _, port in
            let answers = try await onThread {
                let client = try RawClient(port: port)
                return (0..<3).map { index in
                    client.send(get("/\(index)"))
                    return client.receive(until: "GET /\(index)")
                }
            }
            for answer in answers {
                #expect(answer.hasPrefix("HTTP/1.1 200 OK\r\n"))
                #expect(answer.contains("\r\nContent-Length: 6\r\n"))
                #expect(answer.contains("\r\nDate: "))
                #expect(!answer.contains("Connection"))
            }
        }
    }

    @Test func aConnectionIsClosedAfterTheAnswerOnRequest() async throws {
        try await withServer { _, port in
            let answer = try await exchange(port, get("/", "Connection: close"))
            #expect(answer?.contains("\r\nConnection: close\r\n") == true)
            #expect(answer?.hasSuffix("\r\n\r\nGET /") == true)
        }
    }

    @Test func requestsSentAtOnceAreAnsweredInTheirOrder() async throws {
        let handler = TestHandler { request in
            if request.path == "/slow" { try? await Task.sleep(for: .milliseconds(50)) }
            return HTTPReply(body: .whole(Array("[\(request.path)]".utf8)))
        }
        try await withServer(handler) { _, port in
            let text = get("/slow") + get("/2") + get("/3", "Connection: close")
            let answer = try #require(try await exchange(port, text))
            let bodies = answer.split(separator: "[").dropFirst().map { $0.prefix { $0 != "]" } }
            #expect(bodies == ["/slow", "/2", "/3"])
        }
    }

    @Test func theBodyOfARequestIsRead() async throws {
        let text =
            "POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc"
            + "POST /b HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n"
            + "Connection: close\r\n\r\n"
            + "2\r\nxy\r\n1;n=v\r\nz\r\n0\r\nTrailer: 1\r\n\r\n"
        try await withServer { _, port in
            let answer = try await exchange(port, text)
            #expect(answer?.contains("POST /aabc") == true)
            #expect(answer?.hasSuffix("POST /bxyz") == true)
        }
    }

    @Test func aBodyOfTheGreatestSizeIsRead() async throws {
        let count = ServerLimits().bodyByteCount
        let handler = TestHandler { request in
            let isWhole = request.body.count == count && request.body.allSatisfy { $0 == 97 }
            return HTTPReply(body: .whole(Array("\(isWhole)".utf8)))
        }
        try await withServer(handler) { _, port in
            let answer = try await exchange(
                port,
                "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: \(count)\r\n"
                    + "Connection: close\r\n\r\n" + String(repeating: "a", count: count)
            )
            #expect(answer?.hasSuffix("\r\n\r\ntrue") == true)
        }
    }

    @Test func aClientThatSendsFarAheadHasToWait() async throws {
        let (going, continuation) = AsyncStream<Void>.makeStream()
        let handler = TestHandler { request in
            if request.path == "/first" { for await _ in going { break } }
            return HTTPReply(body: .whole([UInt8(ascii: "!")]))
        }
        let large = Array(get("/", "X-A: \(String(repeating: "x", count: 8000))").utf8)
        let most = 64 << 20
        try await withServer(handler) { _, port in
            let (sent, answers) = try await onThread {
                let client = try RawClient(port: port)
                client.send(get("/first"))
                let sent = client.sendWithoutWaiting(large, upTo: most)
                continuation.yield()
                // Nothing of what was sent is lost.
                let count = 1 + sent / large.count
                var answers = 0
                while answers < count, let bytes = client.receive(), !bytes.isEmpty {
                    answers += bytes.count { $0 == UInt8(ascii: "!") }
                }
                return (sent, answers)
            }
            #expect(sent < most)
            #expect(answers == 1 + sent / large.count)
        }
    }

    @Test func aClientThatWaitsToSendItsBodyIsToldToContinue() async throws {
        try await withServer { _, port in
            let (first, second) = try await onThread {
                let client = try RawClient(port: port)
                client.send(
                    "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\nExpect: 100-continue\r\n"
                        + "Connection: close\r\n\r\n"
                )
                let first = client.receive(until: "\r\n\r\n")
                client.send("ok")
                return (first, client.receiveAll())
            }
            #expect(first == "HTTP/1.1 100 Continue\r\n\r\n")
            #expect(second?.hasSuffix("POST /ok") == true)
        }
    }

    @Test func anAnswerToHeadHasNoBody() async throws {
        try await withServer { _, port in
            let text = "HEAD / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
            let answer = try await exchange(port, text)
            #expect(answer?.contains("\r\nContent-Length: 6\r\n") == true)
            #expect(answer?.hasSuffix("\r\n\r\n") == true)
        }
    }

    @Test func connectionsOfHTTP10AreClosedUnlessTheClientAsksToStay() async throws {
        try await withServer { _, port in
            let left = try await exchange(port, "GET / HTTP/1.0\r\n\r\n")
            #expect(left?.contains("\r\nConnection: close\r\n") == true)
            let kept = try await onThread {
                let client = try RawClient(port: port)
                client.send("GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n")
                let first = client.receive(until: "GET /")
                client.send("GET /2 HTTP/1.0\r\n\r\n")
                return (first, client.receiveAll())
            }
            #expect(kept.0.contains("\r\nConnection: keep-alive\r\n"))
            #expect(kept.1?.hasSuffix("GET /2") == true)
        }
    }

    @Test func fieldsOfAHandlerCannotContainLineEnds() async throws {
        let handler = TestHandler { _ in
            HTTPReply(headers: ["X-A": "1\r\nX-B: 2", "Content-Length": "9"])
        }
        try await withServer(handler) { _, port in
            let answer = try await exchange(port, get("/", "Connection: close"))
            #expect(answer?.contains("X-A: 1  X-B: 2\r\n") == true)
            #expect(answer?.contains("Content-Length: 9") == false)
        }
    }
}
