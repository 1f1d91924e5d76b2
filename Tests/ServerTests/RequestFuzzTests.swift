// Requests damaged in random ways: each has an answer, and the server survives.

import FileIO
import Server
import TestSupport
import Testing
import TextGeneration

private let bodies: [(path: String, body: String)] = [
    (
        "/v1/chat/completions",
        """
        {"model":"alphabet","messages":[{"role":"system","content":"Be kind."},{"role":"user",\
        "content":[{"type":"text","text":"Hi \\u00e9\\ud83d\\ude42"}]}],"n":2,"seed":1,"stop":["a",\
        "b"],"temperature":0.5,"top_p":0.9,"max_tokens":3,"logprobs":true,"top_logprobs":2,\
        "stream":true,"stream_options":{"include_usage":true},"logit_bias":{"65":1.5,"66":-100}}
        """
    ),
    (
        "/v1/completions",
        """
        {"prompt":["a","bc"],"n":2,"max_tokens":3,"logprobs":1,"stop":"xyz","top_k":5,"min_p":0.1,\
        "presence_penalty":-1.5,"frequency_penalty":1e-3,"repetition_penalty":1.2,"echo":false}
        """
    ),
    ("/v1/completions", #"{"prompt":[[97,98],[99]],"max_tokens":2,"seed":9223372036854775807}"#),
    ("/tokenize", #"{"content":"Once upon a time <|im_end|>","add_special":true}"#),
    ("/detokenize", #"{"tokens":[79,110,99,101,259,0,255]}"#),
]

@Suite struct RequestFuzzTests {
    /// Reads an answer to its end.
    private func status(_ reply: HTTPReply) async throws -> Int {
        switch reply.body {
        case .whole(let bytes):
            _ = try parsed(String(decoding: bytes, as: UTF8.self))
        case .events(let events):
            for try await event in events where event != "[DONE]" { _ = try parsed(event) }
        }
        return reply.status
    }

    @Test(arguments: bodies.indices)
    func damagedBodiesAreAnswered(index: Int) async throws {
        let reports = Reports()
        let server = try TestServer(.babble, places: 4) { reports.add($0) }
        let (path, body) = bodies[index]
        #expect(try await status(server.post(path, body)) == 200)
        var mutations = Mutations(of: Array(body.utf8), seed: UInt64(index))
        var statuses: [Int: Int] = [:]
        for _ in 0..<2000 {
            let request = HTTPRequest(method: "POST", path: path, body: mutations.next())
            let reply = await server.router.reply(to: request)
            statuses[try await status(reply), default: 0] += 1
        }
        // Damage is the client's fault.
        #expect(Set(statuses.keys).isSubset(of: [200, 400, 404, 422]), "\(statuses)")
        #expect(reports.all == [])
        #expect(try await status(server.post(path, body)) == 200)
    }

    /// Values in place of others that are expected.
    private static let values = [
        "null", "true", "0", "-1", "-0", "1e999", "-1e999", "1e-999", "NaN", "Infinity", "1e19",
        "9223372036854775807", "-9223372036854775808", "9223372036854775808", "0.1", "1e5", "\"\"",
        "\"\\u0000\"", "\"\\ud800\"", "\"\\udc00\\ud800\"", "\"\u{FEFF}\"", "[]", "{}", "[null]",
        "[[]]", "[0]", "[-1]", "[1e300]", "[\"\"]", "[\"\\u0000\"]", "{\"a\":1}", "{\"-1\":1}",
        "{\"99999999999999999999\":1}", "{\"1\":1e300}", "[[1],2]", "[[1,[2]]]", "[{}]",
        "[{\"role\":\"user\",\"content\":null}]", "[{\"role\":\"user\",\"content\":[]}]",
        "[{\"role\":\"user\",\"content\":[{\"type\":\"text\"}]}]", "\"a\u{301}\u{301}\"",
        String(repeating: "9", count: 63), String(repeating: "9", count: 400),
        "\"" + String(repeating: "\\n", count: 2000) + "\"",
    ]

    @Test func everyFieldMayHaveAnyValue() async throws {
        let reports = Reports()
        let server = try TestServer(.babble, places: 4) { reports.add($0) }
        let names = [
            "model", "messages", "prompt", "n", "seed", "stop", "temperature", "top_p", "top_k",
            "min_p", "max_tokens", "max_completion_tokens", "logprobs", "top_logprobs", "stream",
            "stream_options", "logit_bias", "presence_penalty", "frequency_penalty",
            "repetition_penalty", "tools", "tool_choice", "functions", "function_call", "best_of",
            "response_format", "modalities", "audio", "echo", "suffix", "content", "add_special",
            "tokens", "unheard_of",
        ]
        let starts = [
            ("/v1/chat/completions", #""messages":[{"role":"user","content":"a"}],"#, "messages"),
            ("/v1/completions", #""prompt":"a","#, "prompt"),
            ("/tokenize", #""content":"a","#, "content"),
            ("/detokenize", #""tokens":[],"#, "tokens"),
        ]
        for (path, start, used) in starts {
            for name in names {
                for value in Self.values {
                    let limit = name == "max_tokens" ? "" : #","max_tokens":2"#
                    let body = "{\(name == used ? "" : start)\"\(name)\":\(value)\(limit)}"
                    let reply = await server.post(path, body)
                    let status = try await status(reply)
                    #expect([200, 400, 404, 422].contains(status), "\(path) \(body)")
                }
            }
        }
        #expect(reports.all == [])
    }

    @Test func bodiesThatAreNotJSONAreAnswered() async throws {
        let server = try TestServer()
        let nested = String(repeating: "[", count: 10_000)
        let objects = String(repeating: "{\"a\":", count: 10_000)
        var odd = [nested, "{\"prompt\":\(nested)", objects].map { Array($0.utf8) }
        odd += [
            [], [0], [0xFF, 0xFE], [0xEF, 0xBB, 0xBF], [0x7B, 0x22, 0xC3, 0x28, 0x22, 0x3A, 0x31],
            Array("{\"prompt\":\"\u{0}\"}".utf8), Array("{\"prompt\":\"a".utf8),
            Array("{\"prompt\":\"\\u12\"}".utf8), Array("{\"prompt\":\"\\x\"}".utf8),
            Array("{'prompt':1}".utf8), Array("{\"a\":1,}".utf8), Array("{,}".utf8),
            [UInt8](repeating: 0x20, count: 1 << 20), Array("{}{}".utf8),
            Array("{\"prompt\":\"".utf8) + [0xED, 0xA0, 0x80] + Array("\"}".utf8),
        ]
        for body in odd {
            for path in ["/v1/completions", "/v1/chat/completions", "/tokenize", "/detokenize"] {
                let reply = await server.router.reply(
                    to: HTTPRequest(method: "POST", path: path, body: body)
                )
                #expect(reply.status == 400, "\(body.prefix(20))")
                #expect(try reply.json.message != nil)
                #expect(reply.bytes.count < 500)
            }
        }
    }

    @Test func aBodyOfTooManyValuesIsRefused() async throws {
        let wide = String(repeating: "1,", count: 1 << 20)
        let reply = try await TestServer().complete("{\"prompt\":[\(wide)1]}")
        #expect(reply.status == 400)
        #expect(try reply.json.message?.contains("no more than") == true)
    }

    @Test func longRequestsAreReadBesideShortOnes() async throws {
        let server = try TestServer(.babble, places: 1, queue: 40)
        let prompt = String(repeating: "é ", count: 40_000)
        try await withThrowingTaskGroup { group in
            for number in 0..<30 {
                group.addTask {
                    let isLong = number % 3 == 0
                    let body = #"{"prompt":"\#(isLong ? prompt : "a")","max_tokens":2}"#
                    let reply = await server.complete(body)
                    let isRight = reply.status == (isLong ? 400 : 200)
                    #expect(isRight)
                    if isLong {
                        let message = try reply.json.message
                        #expect(message?.contains("120000 tokens") == true)
                    }
                }
            }
            try await group.waitForAll()
        }
        let tokens = await server.post("/tokenize", #"{"content":"\#(prompt)"}"#)
        #expect(try tokens.json["tokens"]?.array?.count == 120_000)
    }

    @Test func oddPathsMethodsAndFieldsAreAnswered() async throws {
        let server = try TestServer(
            access: Access(apiKey: "k", checksHost: true, corsOrigin: "https://a.example")
        )
        let texts = [
            "", "/", "//", "/../", "/v1/models/\0", "/v1/models/é/\u{202E}", "a\r\nb", "\u{FFFD}",
            String(repeating: "/a", count: 10_000), "*", "http://a/",
        ]
        for path in texts {
            for method in ["GET", "HEAD", "OPTIONS", "", "GE\0T", "POST"] {
                for value in texts {
                    let request = HTTPRequest(
                        method: method,
                        path: path,
                        query: value,
                        headers: ["Authorization": value, "Host": value, "Origin": value]
                    )
                    let reply = await server.router.reply(to: request)
                    #expect(
                        reply.headers.fields.allSatisfy { field in
                            field.value.unicodeScalars.allSatisfy { $0.value >= 0x20 }
                        }
                    )
                    #expect([401, 403].contains(reply.status), "\(method) \(path)")
                }
            }
        }
    }
}
