import Testing

@testable import Server

/// Reads all requests in some bytes, which arrive in pieces.
func requests(_ pieces: [[UInt8]], _ limits: ServerLimits = .init()) throws -> [HTTPRequest] {
    var reader = RequestReader(limits)
    var requests: [HTTPRequest] = []
    for piece in pieces {
        reader.append(piece)
        reading: while true {
            switch try reader.next() {
            case .incomplete: break reading
            case .head: continue
            case .request(let request, _): requests.append(request)
            }
        }
    }
    return requests
}

/// Reads all requests in a text.
func requests(_ text: String, _ limits: ServerLimits = .init()) throws -> [HTTPRequest] {
    try requests([Array(text.utf8)], limits)
}

/// The only request of a text with a first line and fields.
private func request(_ line: String, _ fields: String...) throws -> HTTPRequest? {
    let all = try requests(([line, "Host: a"] + fields + ["", ""]).joined(separator: "\r\n"))
    return all.count == 1 ? all[0] : nil
}

/// What is wrong with a request that is sent as these lines.
private func problem(_ lines: String..., limits: ServerLimits = .init()) -> HTTPProblem? {
    do {
        _ = try requests((lines + ["", ""]).joined(separator: "\r\n"), limits)
        return nil
    } catch {
        return error as? HTTPProblem
    }
}

private func isMalformed(_ problem: HTTPProblem?) -> Bool {
    if case .malformed = problem { true } else { false }
}

@Suite struct RequestReaderTests {
    @Test func aRequestIsReadWithItsFieldsInTheirOrder() throws {
        let text =
            "POST /a?b=c&d HTTP/1.1\r\nHost: x:1\r\nX-B:  2 \r\nX-a:\r\nContent-Length: 2\r\n\r\nok"
        let request = try #require(try requests(text).first)
        #expect((request.method, request.path, request.query) == ("POST", "/a", "b=c&d"))
        #expect(request.headers.fields.map(\.name) == ["Host", "X-B", "X-a", "Content-Length"])
        #expect(request.headers.fields.map(\.value) == ["x:1", "2", "", "2"])
        #expect(request.body == Array("ok".utf8))
    }

    @Test func percentEscapesInAPathAreDecoded() throws {
        #expect(try request("GET /a%20b/%C3%A4%2f?q=%20 HTTP/1.1")?.path == "/a b/ä/")
        #expect(try request("GET /a?q=%20 HTTP/1.1")?.query == "q=%20")
        for path in ["/%", "/%2", "/%g0", "/%0g", "/%+1", "/%ff", "/%c3", "/%00", "/%0d", "/%7f"] {
            #expect(isMalformed(problem("GET \(path) HTTP/1.1", "Host: a")), "\(path)")
        }
    }

    @Test func aURLAsTargetNamesTheHost() throws {
        let url = try request("GET http://b.example:8/c?d HTTP/1.1")
        #expect(url?.path == "/c")
        #expect(url?.query == "d")
        #expect(url?.headers.values("Host") == ["b.example:8"])
        #expect(try request("GET HTTPS://b HTTP/1.1")?.path == "/")
        #expect(try request("GET http://b?d HTTP/1.1")?.query == "d")
        for url in ["http://", "http:///a", "http://u@b/", "http:/b", "ftp://b/", "b/c"] {
            #expect(isMalformed(problem("GET \(url) HTTP/1.1", "Host: a")), "\(url)")
        }
    }

    @Test func anAsteriskIsATargetOfOptionsOnly() throws {
        #expect(try request("OPTIONS * HTTP/1.1")?.path == "*")
        #expect(isMalformed(problem("GET * HTTP/1.1", "Host: a")))
    }

    @Test(arguments: [
        "", "GET", "GET /", "GET / ", "GET  / HTTP/1.1", " GET / HTTP/1.1", "GET / HTTP/1.1 ",
        "GET /\tHTTP/1.1", "GET / http/1.1", "GET / HTTP/1", "GET / HTTP/11", "GET / HTTP/1.10",
        "GET / HTTP/a.b", "G(T / HTTP/1.1", "GET a HTTP/1.1", "GET /# HTTP/1.1", "GET /ä HTTP/1.1",
        "GET / X/1.1", "/ HTTP/1.1", "{\"model\": 1}",
    ])
    func aFirstLineOfAnotherFormIsMalformed(_ line: String) {
        // One empty line before it is skipped, so that an empty first line is the second here.
        #expect(isMalformed(problem("", line, "Host: a")))
    }

    @Test func otherVersionsAreNotSupported() {
        for version in ["0.9", "1.2", "2.0", "3.0"] {
            #expect(problem("GET / HTTP/\(version)", "Host: a") == .unsupportedVersion)
        }
        #expect(problem("PRI * HTTP/2.0", "", "SM") != nil)
    }

    @Test func oneEmptyLineBeforeARequestIsSkipped() throws {
        #expect(try requests("\r\n" + get("/")).count == 1)
        #expect(throws: HTTPProblem.self) { try requests("\r\n\r\n" + get("/")) }
    }

    @Test(arguments: [
        "X-A : 1", " X-A: 1", "\tX-A: 1", ": 1", "X-A", "X A: 1", "X-Ä: 1", "X(A): 1",
        "X-A: 1\u{0}", "X-A: \u{1}", "X-A: \u{7F}", "X-\u{0}A: 1", "X-A: 1\rX-B: 2",
        "X-A: 1\nX-B: 2", "X-A: 1\r\r",
    ])
    func aFieldThatProgramsReadDifferentlyIsMalformed(_ field: String) {
        #expect(isMalformed(problem("GET / HTTP/1.1", "Host: a", field)))
        #expect(isMalformed(problem("GET / HTTP/1.1", field, "Host: a")))
    }

    @Test func fieldsThatAreNotUTF8AreMalformed() {
        let start = Array("GET / HTTP/1.1\r\nHost: a\r\nX-A: ".utf8)
        #expect(throws: HTTPProblem.self) { try requests([start + [0xE4] + Array("\r\n".utf8)]) }
    }

    @Test func linesMustEndWithCRLF() {
        for text in ["GET / HTTP/1.1\nHost: a\n\n", "GET / HTTP/1.1\rHost: a\r\r", "\n"] {
            #expect(throws: HTTPProblem.self) { try requests(text) }
        }
    }

    @Test func bytesThatAreNotTextAreRefusedAtTheFirst() {
        // How a client starts that expects TLS.
        #expect(throws: HTTPProblem.self) { try requests([[0x16, 0x03, 0x01]]) }
    }

    @Test func exactlyOneHostIsNeeded() throws {
        #expect(isMalformed(problem("GET / HTTP/1.1")))
        #expect(isMalformed(problem("GET / HTTP/1.1", "Host: a", "host: a")))
        #expect(isMalformed(problem("GET http://a/ HTTP/1.1")))
        #expect(problem("GET / HTTP/1.0") == nil)
        #expect(isMalformed(problem("GET / HTTP/1.0", "Host: a", "Host: b")))
        for host in ["a b", "a/b", "u@a", "a?b", "a#b", "ä", "a\"", "\\"] {
            #expect(isMalformed(problem("GET / HTTP/1.1", "Host: \(host)")), "\(host)")
        }
        for host in ["", "localhost", "127.0.0.1:8080", "[::1]:80", "a_b.example"] {
            #expect(problem("GET / HTTP/1.1", "Host: \(host)") == nil, "\(host)")
        }
    }

    @Test func ambiguousLengthsAreMalformed() {
        for fields in [
            ["Content-Length: 1", "Transfer-Encoding: chunked"],
            ["Transfer-Encoding: chunked", "Content-Length: 0"],
            ["Content-Length: 1", "Content-Length: 2"], ["Content-Length: 1", "Content-Length: 1"],
            ["Content-Length: 1, 1"], ["Content-Length: +1"], ["Content-Length: -1"],
            ["Content-Length:"], ["Content-Length: 0x1"], ["Content-Length: 1 2"],
            ["Content-Length: 1.0"], ["Content-Length: ١"],
            ["Transfer-Encoding: chunked, chunked"], ["Transfer-Encoding: chunked, gzip"],
            ["Transfer-Encoding: chunked", "Transfer-Encoding: chunked"],
            ["Transfer-Encoding: identity"], ["Transfer-Encoding:"],
            ["Transfer-Encoding: chunked,"],
            ["Transfer-Encoding: chun\u{212A}ed"], ["Transfer-Encoding: xchunked"],
            ["Transfer-Encoding: \"chunked\""],
        ] {
            let text = (["POST / HTTP/1.1", "Host: a"] + fields + ["", ""]).joined(
                separator: "\r\n"
            )
            #expect(throws: HTTPProblem.self, "\(fields)") { try requests(text) }
        }
        #expect(isMalformed(problem("POST / HTTP/1.0", "Transfer-Encoding: chunked")))
    }

    @Test func codingsBeforeChunkedAreNotSupported() {
        let field = "Transfer-Encoding: gzip, Chunked"
        #expect(problem("POST / HTTP/1.1", "Host: a", field) == .unsupportedTransferEncoding)
    }

    @Test func aRequestFollowsAnother() throws {
        let text =
            "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc" + get("/2") + get("/3")
        #expect(try requests(text).map(\.path) == ["/", "/2", "/3"])
    }
}

@Suite struct RequestLimitTests {
    @Test func aHeadOfTheGreatestSizeIsReadAndALongerOneRefused() throws {
        var limits = ServerLimits()
        let text = get("/", "X-A: 1")
        limits.headByteCount = text.utf8.count
        #expect(try requests(text, limits).count == 1)
        limits.headByteCount -= 1
        #expect(throws: HTTPProblem.headTooLarge) { try requests(text, limits) }
    }

    @Test func anEndlessFirstLineIsTooLarge() {
        let text = "GET /" + String(repeating: "a", count: ServerLimits().headByteCount)
        #expect(throws: HTTPProblem.headTooLarge) { try requests(text) }
    }

    @Test func fieldsAreReadUpToTheirLimit() throws {
        var limits = ServerLimits()
        limits.fieldCount = 3
        #expect(try requests(get("/", "A: 1", "B: 2"), limits).count == 1)
        #expect(throws: HTTPProblem.headTooLarge) {
            try requests(get("/", "A: 1", "B: 2", "C: 3"), limits)
        }
    }

    @Test func aBodyIsRefusedAsSoonAsItsLengthIsKnown() throws {
        var limits = ServerLimits()
        limits.bodyByteCount = 2
        let start = "POST / HTTP/1.1\r\nHost: a\r\n"
        #expect(try requests(start + "Content-Length: 2\r\n\r\nok", limits).count == 1)
        for length in ["3", "99999999999999999999999"] {
            #expect(throws: HTTPProblem.bodyTooLarge(limit: 2)) {
                try requests(start + "Content-Length: \(length)\r\n\r\n", limits)
            }
        }
        let chunked = start + "Transfer-Encoding: chunked\r\n\r\n"
        #expect(try requests(chunked + "1\r\na\r\n1\r\nb\r\n0\r\n\r\n", limits).count == 1)
        for size in ["3", "7fffffffffffffff", "ffffffffffffffff"] {
            #expect(throws: HTTPProblem.bodyTooLarge(limit: 2)) {
                try requests(chunked + "\(size)\r\n", limits)
            }
            #expect(throws: HTTPProblem.bodyTooLarge(limit: 2)) {
                try requests(chunked + "1\r\na\r\n\(size)\r\n", limits)
            }
        }
    }
}

@Suite struct ChunkedBodyTests {
    private static let start =
        "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"

    @Test func chunksAreJoined() throws {
        for (chunks, body) in [
            ("0\r\n\r\n", ""),
            ("3\r\nabc\r\n0\r\n\r\n", "abc"),
            (
                "0003\r\nabc\r\nA;x=\"y\"\r\n0123456789\r\n000;last\r\nX-A: 1\r\n\r\n",
                "abc0123456789"
            ),
        ] {
            let all = try requests(Self.start + chunks + get("/next"))
            #expect(all.first?.body == Array(body.utf8))
            #expect(all.last?.path == "/next")
        }
    }

    @Test(arguments: [
        "\r\n", "x\r\n", "-1\r\n", "+1\r\n", " 1\r\n", "1 \r\n", "0x1\r\n", "1,\r\n", ";\r\n",
        "1\n", "1\r\nab\r\n", "1\r\na\n", "1\r\na0\r\n\r\n", "00000000000000001\r\n",
        "1;\u{0}\r\n", "1;a\rb\r\n", "1;a\nb\r\n", "0\r\nX A: 1\r\n\r\n", "0\r\n X: 1\r\n\r\n",
        "0\r\nX-A\r\n\r\n", "0\r\n\n",
    ])
    func aChunkOfAnotherFormIsMalformed(_ chunks: String) {
        #expect(throws: HTTPProblem.self) { try requests(Self.start + chunks) }
    }

    @Test func extensionsAndTrailersAreLimited() throws {
        var limits = ServerLimits()
        limits.headByteCount = 100
        limits.fieldCount = 4
        let chunk = "1;\(String(repeating: "x", count: 48))\r\na\r\n"
        #expect(try requests(Self.start + chunk + chunk + "0\r\n\r\n", limits).count == 1)
        #expect(throws: HTTPProblem.self) {
            try requests(Self.start + chunk + chunk + chunk, limits)
        }
        #expect(throws: HTTPProblem.self) {
            try requests(Self.start + "1;" + String(repeating: "x", count: 200), limits)
        }
        let fields = String(repeating: "A: 1\r\n", count: 5)
        #expect(throws: HTTPProblem.headTooLarge) {
            try requests(Self.start + "0\r\n" + fields + "\r\n", limits)
        }
        #expect(throws: HTTPProblem.headTooLarge) {
            try requests(Self.start + "0\r\nA: " + String(repeating: "x", count: 200), limits)
        }
    }
}
