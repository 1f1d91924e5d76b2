// What is reported about requests that cannot be answered.

import FileIO
import Server
import Testing
import TextGeneration

private let completions = "/v1/completions"
private let chat = "/v1/chat/completions"
private let hello = #""messages":[{"role":"user","content":"Hi"}]"#

@Suite struct RequestErrorTests {
    /// Fields of the wrong type or out of range, and ones that are missing.
    private static let mistakes: [(path: String, body: String, param: String?, message: String)] = [
        (
            chat, #"{"messages":[{"role":"user","content":5}]}"#, "messages[0].content",
            "`messages[0].content` must be a string, but is a number"
        ),
        (
            chat, "{}", "messages",
            "`messages` is missing"
        ),
        (
            chat, #"{"messages":{}}"#, "messages",
            "`messages` must be an array, but is an object"
        ),
        (
            chat, #"{"messages":[null]}"#, "messages[0].role",
            "`messages[0].role` is missing"
        ),
        (
            chat, #"{"messages":["Hi"]}"#, nil,
            "`messages[0]` must be an object, but is a string"
        ),
        (
            chat, #"{"messages":[{"role":"user"}]}"#, "messages[0].content",
            "`messages[0].content` is missing"
        ),
        (
            chat, "{\(hello),\"max_tokens\":0}", "max_tokens",
            "`max_tokens` must be 1 or more, but is 0"
        ),
        (
            chat, "{\(hello),\"top_logprobs\":2}", "top_logprobs",
            "`top_logprobs` is only for requests with `logprobs` true"
        ),
        (
            chat, "{\(hello),\"logprobs\":2}", "logprobs",
            "`logprobs` must be true or false, but is a number"
        ),
        (
            chat, "{\(hello),\"stream_options\":{\"include_usage\":true}}", "stream_options",
            "`stream_options` is only for requests with `stream` true"
        ),
        (
            completions, #"{"temperature":3}"#, "temperature",
            "`temperature` must be from 0 to 2, but is 3"
        ),
        (
            completions, #"{"temperature":1e999}"#, "temperature",
            "`temperature` must be from 0 to 2, but is inf"
        ),
        (
            completions, #"{"n":1.5}"#, "n",
            "`n` must be a whole number, but is 1.5"
        ),
        (
            completions, #"{"n":129}"#, "n",
            "`n` must be from 1 to 128, but is 129"
        ),
        (
            completions, #"{"seed":18446744073709551615}"#, "seed",
            "`seed` must be a whole number, but is 1.8446744073709552e+19"
        ),
        (
            completions, #"{"stop":["a",""]}"#, "stop[1]",
            "`stop[1]` must not be empty"
        ),
        (
            completions, #"{"stop":"\#(String(repeating: "é", count: 501))"}"#, "stop",
            "`stop` may have 1000 bytes, but has 1002"
        ),
        (
            completions, #"{"stop":[null]}"#, "stop[0]",
            "`stop[0]` must not be null"
        ),
        (
            completions, #"{"stop":5}"#, "stop",
            "`stop` must be a string or an array, but is a number"
        ),
        (
            completions, #"{"logit_bias":{"x":1}}"#, "logit_bias",
            "`logit_bias.x` must have the id of a token as its name"
        ),
        (
            completions, #"{"logit_bias":{"5":101}}"#, "logit_bias.5",
            "`logit_bias.5` must be from -100 to 100, but is 101"
        ),
        (
            completions, #"{"prompt":[]}"#, "prompt",
            "`prompt` must hold a prompt"
        ),
        (
            completions, #"{"prompt":["a",1]}"#, "prompt[1]",
            "`prompt[1]` must be a string, but is a number"
        ),
        (
            completions, #"{"stream":"yes"}"#, "stream",
            "`stream` must be true or false, but is a string"
        ),
        (
            "/tokenize", "{}", "content",
            "`content` is missing"
        ),
        (
            "/detokenize", #"{"tokens":["a"]}"#, "tokens[0]",
            "`tokens[0]` must be a whole number, but is a string"
        ),
    ]

    @Test(arguments: mistakes)
    func aMistakeIsReportedInOneSentence(
        path: String,
        body: String,
        param: String?,
        message: String
    ) async throws {
        let reply = try await TestServer().post(path, body)
        #expect(reply.status == 400)
        let error = try #require(try reply.json["error"])
        #expect(error["type"]?.string == "invalid_request_error")
        #expect(error["message"]?.string == message)
        if let param { #expect(error["param"]?.string == param) }
    }

    @Test(arguments: [
        ("", "the body is empty, but should be a JSON object"),
        ("[1]", "the body must be a JSON object, but is an array"),
        (
            "{\n \"prompt\": oops}",
            "the body is not valid JSON: at line 2, byte 12, a value was expected"
        ),
        (
            "{\"n\":1}x",
            "the body is not valid JSON: at line 1, byte 8, the end of the body was "
                + "expected"
        ),
        (
            "{\"n\":1,\"n\":2}",
            "the body is not valid JSON: at line 1, byte 8, a name that the object has "
                + "not yet was expected"
        ),
    ])
    func aBodyThatIsNotJSONIsReportedWithItsPlace(body: String, message: String) async throws {
        let reply = try await TestServer().complete(body)
        #expect(reply.status == 400)
        #expect(try reply.json.message == message)
    }

    @Test(arguments: [
        (chat, #"{\#(hello),"tools":[{"type":"function"}]}"#, "tools"),
        (chat, #"{\#(hello),"functions":[{"name":"f"}]}"#, "functions"),
        (chat, #"{\#(hello),"tool_choice":"required"}"#, "tool_choice"),
        (chat, #"{\#(hello),"response_format":{"type":"json_object"}}"#, "response_format"),
        (chat, #"{\#(hello),"modalities":["audio"]}"#, "modalities"),
        (chat, #"{"messages":[{"role":"tool","content":"x"}]}"#, "messages[0].role"),
        (
            chat, #"{"messages":[{"role":"assistant","tool_calls":[{}]},{"role":"user"}]}"#,
            "messages[0].tool_calls"
        ),
        (completions, #"{"echo":true}"#, "echo"), (completions, #"{"suffix":"x"}"#, "suffix"),
        (completions, #"{"best_of":2}"#, "best_of"),
        (completions, #"{"prompt":[300]}"#, "prompt"),
        (completions, #"{"prompt":[-1]}"#, "prompt"),
        (completions, #"{"prompt":[99999999999]}"#, "prompt[0]"),
        (completions, #"{"logit_bias":{"260":1}}"#, "logit_bias"),
        ("/detokenize", #"{"tokens":[260]}"#, "tokens"),
    ])
    func unsupportedOptionsAreRefused(path: String, body: String, param: String) async throws {
        let reply = try await TestServer().post(path, body)
        #expect(reply.status == 422)
        #expect(try reply.json["error"]?["param"]?.string == param)
    }

    @Test func optionsThatAskForNothingAreAccepted() async throws {
        let server = try TestServer(.saying("x"))
        let reply = await server.chat(
            """
            {\(hello),"tools":[],"tool_choice":"none","response_format":{"type":"text"},
            "modalities":["text"],"stop":null,"stream":null,"n":null,"user":5,"store":true,
            "metadata":{"a":"b"},"unheard_of":[[{}]],"logit_bias":{},"top_k":-1,"top_p":0,
            "model":"alphabet","stream_options":null,"max_tokens":null,"seed":null}
            """
        )
        #expect(reply.status == 200)
        let completion = await server.complete(
            #"{"echo":false,"suffix":null,"best_of":2,"n":2,"model":"","prompt":"\n"}"#
        )
        #expect(completion.status == 200)
    }

    @Test func anotherModelIsNotFoundAndTheServedOneIsNamed() async throws {
        let reply = try await TestServer().complete(#"{"model":"gpt-4"}"#)
        #expect(reply.status == 404)
        let error = try #require(try reply.json["error"])
        #expect(error["code"]?.string == "model_not_found")
        #expect(error["message"]?.string?.contains("'alphabet'") == true)
        #expect(error["message"]?.string?.contains("'gpt-4'") == true)
    }

    @Test func errorsAboutLongNamesAreShort() async throws {
        let name = String(repeating: "x", count: 1_000_000)
        for (path, body) in [
            (completions, #"{"model":"\#(name)"}"#),
            (completions, #"{"logit_bias":{"\#(name)":1}}"#),
            (chat, #"{"messages":[{"role":"\#(name)"}]}"#), ("/" + name, ""),
            (completions, "{\"model\":\"a\(String(repeating: "\u{301}", count: 500_000))\"}"),
        ] {
            let reply = try await TestServer().post(path, body)
            #expect(reply.status >= 400)
            #expect(reply.bytes.count < 1000)
        }
    }

    @Test func unknownPathsAndOtherMethodsAreRefused() async throws {
        let server = try TestServer()
        #expect(await server.get("/v1/nothing").status == 404)
        #expect(await server.get("/v1/models/").status == 404)
        #expect(await server.get("/v1/models/{model}").status == 404)
        #expect(await server.get("/other").status == 404)
        let get = await server.get(completions)
        #expect(get.status == 405)
        #expect(get.headers["Allow"] == "POST")
        let post = await server.post("/health", "")
        #expect(post.status == 405)
        #expect(post.headers["Allow"] == "GET, HEAD")
        let head = await server.router.reply(to: HTTPRequest(method: "HEAD", path: "/health"))
        #expect(head.status == 200)
    }

    @Test func requestsBeyondTheQueueAreToldWhenToRetry() async throws {
        let server = try TestServer(.slow, places: 1, queue: 1)
        let running = await server.complete(#"{"stream":true,"max_tokens":500}"#)
        let waiting = await server.complete(#"{"stream":true,"max_tokens":500}"#)
        for isStreamed in [true, false] {
            let refused = await server.complete(#"{"stream":\#(isStreamed)}"#)
            #expect(refused.status == 429)
            #expect(refused.headers["Retry-After"] == "1")
            #expect(refused.headers["Content-Type"] == "application/json")
            #expect(try refused.json["error"]?["code"]?.string == "rate_limit_exceeded")
        }
        let metrics = await server.get("/metrics").text
        #expect(metrics.contains("\nswiftlet_texts_running 1\n"))
        #expect(metrics.contains("\nswiftlet_texts_waiting 1\n"))
        withExtendedLifetime((running, waiting)) {}
    }

    @Test func moreTextsThanTheServerCanHoldAreAnError() async throws {
        let server = try TestServer(places: 2, queue: 3)
        #expect(await server.complete(#"{"n":6,"stream":true}"#).status == 400)
        #expect(await server.complete(#"{"prompt":["a","b"],"n":3}"#).status == 400)
        #expect(await server.complete(#"{"prompt":["a","b"],"n":2}"#).status == 200)
    }

    @Test func aStoppingServerSaysSo() async throws {
        let server = try TestServer()
        #expect(await server.get("/health").status == 200)
        await server.service.end(patience: .zero)
        let health = await server.get("/health")
        #expect(health.status == 503)
        #expect(try health.json == .object(["status": .string("ending")]))
        let reply = await server.complete(#"{"stream":true}"#)
        #expect(reply.status == 503)
        #expect(reply.headers["Retry-After"] != nil)
        #expect(try reply.json["error"]?["type"]?.string == "server_error")
    }

    @Test func internalErrorsAreReportedAndNotSent() async throws {
        struct Failure: Error { let path = "/home/somebody/model.bin" }
        let reports = Reports()
        let model = ScriptModel { _ in throw Failure() }
        let server = try TestServer(model) { reports.add($0) }
        let reply = await server.complete(#"{"prompt":"a"}"#)
        #expect(reply.status == 500)
        #expect(try reply.json["error"]?["type"]?.string == "server_error")
        #expect(!reply.text.contains("somebody"))
        #expect(reports.all.count == 1)
        #expect(reports.all.first?.contains("somebody") == true)
    }

    @Test func aStreamThatCannotContinueEndsWithAnError() async throws {
        // After "!" nothing can be drawn.
        let server = try TestServer()
        let (chunks, last) = try await server.complete(
            #"{"prompt":["\u001d","a"],"stream":true,"max_tokens":50}"#
        ).events()
        #expect(try parsed(last)["error"]?["type"]?.string == "server_error")
        #expect(chunks.allSatisfy { $0["error"] == nil })
        let metrics = await server.get("/metrics").text
        #expect(metrics.contains(#"requests_total{endpoint="/v1/completions",status="500"} 1"#))
    }

    @Test func malformedRequestsAreAnsweredInTheSameForm() throws {
        let server = try TestServer()
        for problem in [
            HTTPProblem.malformed("it is not"), .headTooLarge, .bodyTooLarge(limit: 5), .timedOut,
            .tooManyConnections,
        ] {
            let reply = server.router.reply(to: problem)
            #expect(reply.status == problem.status)
            #expect(try reply.json.message == "\(problem)")
        }
        #expect(server.router.reply(to: .tooManyConnections).headers["Retry-After"] == "1")
    }
}
