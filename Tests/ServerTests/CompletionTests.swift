// Continuations of prompts, whole and in chunks.

import FileIO
import Server
import Testing
import TextGeneration

@Suite struct CompletionTests {
    @Test func aReplyHasTheFieldsThatClientsExpect() async throws {
        let server = try TestServer()
        let reply = await server.complete(#"{"prompt":"abc","max_tokens":3,"temperature":0}"#)
        #expect(reply.status == 200)
        let json = try reply.json
        #expect(json["object"]?.string == "text_completion")
        #expect(json["id"]?.string?.hasPrefix("cmpl-") == true)
        let choice = try #require(json["choices"]?[0])
        #expect(choice["text"]?.string == "def")
        #expect(choice["finish_reason"]?.string == "length")
        #expect(choice.object?["logprobs"] == .null)
        #expect(json["usage"]?["prompt_tokens"]?.integer == 3)
        #expect(json["usage"]?["completion_tokens"]?.integer == 3)
    }

    @Test func sixteenTokensAreGeneratedByDefault() async throws {
        let json = try await TestServer().complete(#"{"prompt":"@"}"#).json
        #expect(json.content() == "ABCDEFGHIJKLMNOP")
        let none = try await TestServer().complete(#"{"prompt":"@","max_tokens":0}"#).json
        #expect(none.content() == "")
        #expect(none["choices"]?[0]?["finish_reason"]?.string == "length")
    }

    @Test func chunksOfAStreamHoldTheTextAndTheLastOneTheReason() async throws {
        let server = try TestServer()
        let reply = await server.complete(
            """
            {"prompt":"abc","max_tokens":3,"stream":true,"stream_options":{"include_usage":true}}
            """
        )
        let (chunks, last) = try await reply.events()
        #expect(last == "[DONE]")
        #expect(chunks.allSatisfy { $0["object"]?.string == "text_completion" })
        let texts = chunks.map { $0["choices"]?[0]?["text"]?.string }
        #expect(texts == ["d", "e", "f", "", nil])
        let reasons = chunks.map { $0["choices"]?[0]?["finish_reason"]?.string }
        #expect(reasons == [nil, nil, nil, "length", nil])
        #expect(chunks.last?["usage"]?["total_tokens"]?.integer == 6)
    }

    @Test func choicesAreNumberedPromptByPrompt() async throws {
        let server = try TestServer()
        let json = try await server.complete(
            #"{"prompt":["a","k"],"n":2,"max_tokens":2,"temperature":0}"#
        ).json
        #expect((0..<4).map { json.content($0) } == ["bc", "bc", "lm", "lm"])
        #expect(json["choices"]?.array?.map { $0["index"]?.integer } == [0, 1, 2, 3])
        #expect(json["usage"]?["prompt_tokens"]?.integer == 2)
        #expect(json["usage"]?["completion_tokens"]?.integer == 8)
    }

    @Test(arguments: [
        ("\"a\"", ["b"]), ("[97]", ["b"]), ("[[97],[98,99]]", ["b", "d"]),
        (#"["a","b"]"#, ["b", "c"]),
    ])
    func promptsAreTextsOrTokens(prompt: String, expected: [String]) async throws {
        let json = try await TestServer().complete(#"{"prompt":\#(prompt),"max_tokens":1}"#).json
        #expect(json["choices"]?.array?.map { $0["text"]?.string } == expected)
    }

    @Test func noPromptStartsANewText() async throws {
        // After the start of texts, which is token 256, comes token 1.
        for body in ["{}", #"{"prompt":null}"#, #"{"prompt":""}"#, #"{"prompt":[[]]}"#] {
            let json = try await TestServer().complete(body).json
            #expect(json.content()?.hasPrefix("\u{1}\u{2}") == true, "\(body)")
            #expect(json["usage"]?["prompt_tokens"]?.integer == 1)
        }
    }

    @Test func stopStringsAreNotPartOfTheText() async throws {
        let server = try TestServer()
        for stop in [#""ef""#, #"["zz","ef"]"#] {
            let json = try await server.complete(#"{"prompt":"abc","stop":\#(stop)}"#).json
            #expect(json.content() == "d")
            #expect(json["choices"]?[0]?["finish_reason"]?.string == "stop")
        }
        let (chunks, _) = try await server.complete(
            #"{"prompt":"abc","stop":"fx","max_tokens":4,"stream":true}"#
        ).events()
        #expect(chunks.compactMap { $0["choices"]?[0]?["text"]?.string } == ["d", "e", "fg", ""])
    }

    @Test func moreTokensThanTheContextHasAreCutThere() async throws {
        let prompt = String(repeating: "a", count: 510)
        let server = try TestServer(.babble)
        let json = try await server.complete(
            #"{"prompt":"\#(prompt)","max_tokens":9223372036854775807}"#
        ).json
        #expect(json["choices"]?[0]?["finish_reason"]?.string == "length")
        #expect(json["usage"]?["total_tokens"]?.integer == 512)
        let chat = try await server.chat(
            #"{"messages":[{"role":"user","content":"Hi"}],"max_completion_tokens":600}"#
        ).json
        #expect(chat["usage"]?["total_tokens"]?.integer == 512)
    }

    @Test func aPromptLongerThanTheContextIsRefused() async throws {
        let server = try TestServer()
        // One token is to follow.
        let prompt = String(repeating: "a", count: 512)
        let reply = await server.complete(#"{"prompt":"\#(prompt)"}"#)
        #expect(reply.status == 400)
        let error = try reply.json["error"]
        #expect(error?["code"]?.string == "context_length_exceeded")
        #expect(error?["param"]?.string == "prompt")
        #expect(error?["message"]?.string?.contains("512 tokens") == true)
        let chat = await server.chat(
            #"{"messages":[{"role":"user","content":"\#(prompt)"}],"stream":true}"#
        )
        #expect(chat.status == 400)
        #expect(try chat.json["error"]?["param"]?.string == "messages")
    }

    @Test func theSameSeedGivesTheSameTextAmongAnyOthers() async throws {
        let body = #"{"prompt":"abc","seed":-7,"max_tokens":40,"temperature":1.5}"#
        let alone = try await TestServer(.babble).complete(body).json.content()
        let server = try TestServer(.babble, places: 3, queue: 20)
        try await withThrowingTaskGroup { group in
            for number in 0..<12 {
                group.addTask {
                    let other = #"{"prompt":"x\#(number)","max_tokens":30}"#
                    let reply = await server.complete(number % 3 == 0 ? body : other)
                    #expect(reply.status == 200)
                    let text = try reply.json.content()
                    if number % 3 == 0 { #expect(text == alone) }
                }
            }
            try await group.waitForAll()
        }
        let other = try await server.complete(#"{"prompt":"abc","seed":8,"max_tokens":40}"#).json
        #expect(other.content() != alone)
    }

    @Test func seedsOf64BitsAreToldApart() async throws {
        let server = try TestServer(.babble)
        func text(_ seed: Int) async throws -> String? {
            try await server.complete(#"{"prompt":"abc","seed":\#(seed),"max_tokens":40}"#)
                .json.content()
        }
        #expect(try await text(.max) == text(.max))
        #expect(try await text(.max) != text(.max - 1))
        #expect(try await text(.min) != text(.min + 1))
    }
}
