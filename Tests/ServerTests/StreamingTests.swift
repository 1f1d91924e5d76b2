// What happens to texts whose readers go away, and what is counted of them all.

import FileIO
import Server
import Testing
import TextGeneration

@Suite struct StreamingTests {
    /// Waits until a service has nothing to do; a text that was not abandoned would take seconds.
    private func wait(for server: TestServer) async throws {
        while true {
            let statistics = await server.service.statistics
            if statistics.running == 0, statistics.queued == 0 { return }
            try await Task.sleep(for: .milliseconds(1))
        }
    }

    @Test func aStreamThatNobodyReadsToItsEndFreesItsPlaces() async throws {
        let server = try TestServer(.slow, places: 2)
        let reply = await server.complete(#"{"n":3,"stream":true,"max_tokens":500}"#)
        guard case .events(let events) = reply.body else {
            Issue.record("no stream")
            return
        }
        let reader = Task {
            for try await _ in events {}
        }
        while await server.service.statistics.generatedTokens < 4 { await Task.yield() }
        reader.cancel()
        try await wait(for: server)
        let statistics = await server.service.statistics
        #expect(statistics.finished == [.interrupted: 3])
        #expect(statistics.generatedTokens < 100)
        let metrics = await server.get("/metrics").text
        #expect(metrics.contains(#"{endpoint="/v1/completions",status="499"} 1"#))
    }

    @Test func aStreamThatNobodyReadsAtAllFreesItsPlace() async throws {
        let server = try TestServer(.slow)
        _ = await server.complete(#"{"stream":true,"max_tokens":500}"#)
        try await wait(for: server)
        #expect(await server.service.statistics.finished == [.interrupted: 1])
    }

    @Test func aWholeReplyThatNobodyWaitsForFreesItsPlace() async throws {
        let server = try TestServer(.slow)
        let asking = Task { await server.complete(#"{"n":2,"max_tokens":500}"#) }
        while await server.service.statistics.running == 0 { await Task.yield() }
        asking.cancel()
        _ = await asking.value
        try await wait(for: server)
        #expect(await server.service.statistics.finished == [.interrupted: 2])
        let metrics = await server.get("/metrics").text
        #expect(metrics.contains(#"{endpoint="/v1/completions",status="499"} 1"#))
    }

    @Test func textsCutOffByTheServersEndAreErrors() async throws {
        let server = try TestServer(.slow)
        let reply = await server.complete(#"{"stream":true,"max_tokens":500}"#)
        let whole = Task { await server.complete(#"{"max_tokens":500}"#) }
        while await server.service.statistics.running < 2 { await Task.yield() }
        await server.service.end(patience: .zero)
        let (_, last) = try await reply.events()
        #expect(try parsed(last)["error"]?["code"]?.string == "service_unavailable")
        #expect(await whole.value.status == 503)
    }

    @Test func aLongRequestThatNobodyWaitsForIsNotRead() async throws {
        let tokenizer = HeldTokenizer()
        let server = try TestServer(
            TextGenerator(ScriptModel.alphabet, tokenizer: byteTokenizer),
            tokenizer
        )
        let body = #"{"content":"\#(String(repeating: "a", count: 40_000))"}"#
        let first = Task { await server.post("/tokenize", body) }
        while tokenizer.callCount == 0 { await Task.yield() }
        let second = Task { await server.post("/tokenize", body) }
        // It waits behind the first, or has not come so far; either way it is not read.
        second.cancel()
        tokenizer.letGo()
        #expect(await first.value.status == 200)
        _ = await second.value
        #expect(tokenizer.callCount == 1)
        let metrics = await server.get("/metrics").text
        #expect(metrics.contains(#"{endpoint="/tokenize",status="499"} 1"#))
    }

    @Test func metricsAreInTheFormatOfPrometheus() async throws {
        let server = try TestServer(.saying("abc"), places: 3, queue: 5)
        _ = await server.complete(#"{"prompt":"\n"}"#)
        _ = try await server.complete(#"{"prompt":"\n","n":2,"stream":true}"#).events()
        _ = await server.complete("{")
        _ = await server.get("/secret/\(String(repeating: "x", count: 100))")
        _ = server.router.reply(to: .timedOut)
        let reply = await server.get("/metrics")
        #expect(reply.headers["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8")
        let lines = reply.text.split(separator: "\n")
        let sample = /swiftlet_[a-z_]+(\{[a-z]+="[^"]*"(,[a-z]+="[^"]*")*\})? [0-9.e+-]+/
        var types: [Substring: Substring] = [:]
        for line in lines {
            let words = line.split(separator: " ")
            if line.hasPrefix("# TYPE ") {
                #expect(types.updateValue(words[3], forKey: words[2]) == nil)
            } else if !line.hasPrefix("# HELP ") {
                #expect(line.wholeMatch(of: sample) != nil, "\(line)")
                let name = words[0].prefix { $0 != "{" }
                let isKnown =
                    types[name] != nil
                    || types.contains { family, type in
                        type == "histogram"
                            && ["_bucket", "_sum", "_count"].contains { family + $0 == name }
                    }
                #expect(isKnown, "\(name) has no type")
                #expect(types[name] != "counter" || name.hasSuffix("_total"))
            }
        }
        for line in [
            #"requests_total{endpoint="/v1/completions",status="200"} 2"#,
            #"requests_total{endpoint="/v1/completions",status="400"} 1"#,
            #"requests_total{endpoint="other",status="404"} 1"#,
            #"requests_total{endpoint="other",status="408"} 1"#,
            #"texts_finished_total{reason="end_of_text"} 3"#, "texts_failed_total 0",
            "generated_tokens_total 9", "prompt_tokens_total 2", "prompt_tokens_reused_total 1",
            "texts_running 0", "texts_waiting 0", "slots 3", "queue_capacity 5",
            #"request_seconds_bucket{le="+Inf"} 2"#, "request_seconds_count 2",
            "first_token_seconds_count 2",
        ] {
            #expect(lines.contains("swiftlet_\(line)"), "\(line)")
        }
        #expect(!reply.text.contains("secret"))
    }

    @Test func textsAreTokenizedAndTokensDetokenized() async throws {
        let server = try TestServer()
        let tokens = await server.post("/tokenize", #"{"content":"é</s>","add_special":false}"#)
        #expect(tokens.text == #"{"tokens":[195,169,60,47,115,62]}"#)
        // Read like a prompt, in which names of tokens are those tokens.
        let prompt = await server.post("/tokenize", #"{"content":"a</s>","add_special":true}"#)
        #expect(prompt.text == #"{"tokens":[97,257]}"#)
        let text = await server.post("/detokenize", #"{"tokens":[195,169,65,195]}"#)
        #expect(text.text == "{\"content\":\"éA\u{FFFD}\"}")
        #expect(await server.post("/tokenize", #"{"content":""}"#).text == #"{"tokens":[]}"#)
        #expect(await server.post("/detokenize", #"{"tokens":[]}"#).text == #"{"content":""}"#)
    }

    @Test func theModelIsListedAndFoundByItsName() async throws {
        let server = try TestServer()
        let list = try await server.get("/v1/models").json
        #expect(list["object"]?.string == "list")
        #expect(list["data"]?.array?.count == 1)
        let model = try await server.get("/v1/models/alphabet").json
        #expect(list["data"]?[0] == model)
        #expect(model["id"]?.string == "alphabet")
        #expect(model["object"]?.string == "model")
        #expect(model["created"]?.integer == 1)
        let other = await server.get("/v1/models/gpt-4")
        #expect(other.status == 404)
        #expect(try other.json["error"]?["code"]?.string == "model_not_found")
    }
}
