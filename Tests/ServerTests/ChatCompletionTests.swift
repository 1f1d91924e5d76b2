// Answers to conversations, whole and in chunks.

import FileIO
import Server
import Testing
import TextGeneration

private let hello = #""messages":[{"role":"user","content":"Hi"}]"#

@Suite struct ChatCompletionTests {
    @Test func aReplyHasTheFieldsThatClientsExpect() async throws {
        let server = try TestServer(.saying("Hello!"))
        let reply = await server.chat("{\(hello)}")
        #expect(reply.status == 200)
        #expect(reply.headers["Content-Type"] == "application/json")
        let json = try reply.json
        #expect(json["object"]?.string == "chat.completion")
        #expect(json["model"]?.string == "alphabet")
        #expect(json["id"]?.string?.hasPrefix("chatcmpl-") == true)
        #expect(json["id"]?.string?.count == 33)
        #expect(json["created"]?.integer ?? 0 > 1_700_000_000)
        #expect(json["choices"]?.array?.count == 1)
        let choice = try #require(json["choices"]?[0])
        #expect(choice["index"]?.integer == 0)
        #expect(choice["finish_reason"]?.string == "stop")
        #expect(choice["message"]?["role"]?.string == "assistant")
        #expect(choice["message"]?["content"]?.string == "Hello!")
        #expect(reply.text.contains(#""logprobs":null"#))
        #expect(reply.text.contains(#""refusal":null"#))
        // <|im_start|>user\nHi<|im_end|>\n<|im_start|>assistant\n
        let prompt = 1 + 5 + 2 + 1 + 1 + 1 + 10
        #expect(json["usage"]?["prompt_tokens"]?.integer == prompt)
        #expect(json["usage"]?["completion_tokens"]?.integer == 6)
        #expect(json["usage"]?["total_tokens"]?.integer == prompt + 6)
        #expect(json["usage"]?["prompt_tokens_details"]?["cached_tokens"]?.integer == 0)
    }

    @Test func aStreamBeginsWithTheRoleAndEndsWithTheReason() async throws {
        let server = try TestServer(.saying("né 🙂!"))
        let reply = await server.chat("{\(hello),\"stream\":true}")
        #expect(reply.status == 200)
        #expect(reply.headers["Content-Type"] == "text/event-stream")
        let (chunks, last) = try await reply.events()
        #expect(last == "[DONE]")
        let deltas = chunks.compactMap { $0["choices"]?[0]?["delta"] }
        #expect(deltas.count == chunks.count)
        #expect(deltas.first?["role"]?.string == "assistant")
        #expect(deltas.first?["content"]?.string == "")
        #expect(deltas.dropFirst().allSatisfy { $0["role"] == nil })
        #expect(deltas.last == .object([:]))
        let contents = deltas.dropFirst().dropLast().map { $0["content"]?.string }
        #expect(contents == ["n", "é", " ", "🙂", "!"])
        let reasons = chunks.map { $0["choices"]?[0]?["finish_reason"]?.string }
        #expect(reasons == Array(repeating: nil, count: chunks.count - 1) + ["stop"])
        #expect(Set(chunks.map { $0["id"]?.string }).count == 1)
        #expect(chunks.allSatisfy { $0["object"]?.string == "chat.completion.chunk" })
        // Without a request for it, there is none to be null.
        #expect(chunks.allSatisfy { $0.object?["usage"] == nil })
    }

    @Test func theNumberOfTokensComesLastIfRequested() async throws {
        let server = try TestServer(.saying("Hey"))
        let reply = await server.chat(
            "{\(hello),\"stream\":true,\"stream_options\":{\"include_usage\":true}}"
        )
        let (chunks, last) = try await reply.events()
        #expect(last == "[DONE]")
        #expect(chunks.last?["choices"]?.array == [])
        #expect(chunks.last?["usage"]?["completion_tokens"]?.integer == 3)
        #expect(chunks.dropLast().allSatisfy { $0.object?["usage"] == .null })
        #expect(chunks.dropLast().last?["choices"]?[0]?["finish_reason"]?.string == "stop")
    }

    @Test func lineSeparatorsAreEscapedForClientsThatSplitThere() async throws {
        let server = try TestServer(.saying("a\u{2028}b\u{85}c\r"))
        guard case .events(let events) = await server.chat("{\(hello),\"stream\":true}").body else {
            Issue.record("no stream")
            return
        }
        var content = ""
        for try await event in events {
            #expect(event.unicodeScalars.allSatisfy { $0.value >= 0x20 && $0.isASCII })
            guard event != "[DONE]" else { continue }
            content += try parsed(event)["choices"]?[0]?["delta"]?["content"]?.string ?? ""
        }
        #expect(content == "a\u{2028}b\u{85}c\r")
    }

    @Test func severalChoicesAreStreamedAsInAWholeReply() async throws {
        let server = try TestServer(.babble, places: 3)
        let body = "\(hello),\"n\":3,\"seed\":5,\"max_tokens\":8,\"temperature\":1"
        let whole = try await server.chat("{\(body)}").json
        let texts = (0..<3).compactMap { whole.content($0) }
        #expect(Set(texts).count == 3)
        #expect(texts.allSatisfy { $0.utf8.count == 8 })
        #expect(whole["usage"]?["completion_tokens"]?.integer == 24)
        #expect(whole["usage"]?["prompt_tokens"]?.integer == 21)

        let (chunks, _) = try await server.chat("{\(body),\"stream\":true}").events()
        var streamed = ["", "", ""]
        for chunk in chunks {
            let choice = try #require(chunk["choices"]?[0])
            let index = try #require(choice["index"]?.integer)
            streamed[index] += choice["delta"]?["content"]?.string ?? ""
        }
        #expect(streamed == texts)
        let indices = chunks.compactMap { $0["choices"]?[0]?["index"]?.integer }
        #expect(indices != indices.sorted(), "one choice after the other")
        // The choices of a seed are those of the seeds that follow it.
        let next = try await server.chat("{\(hello),\"seed\":6,\"max_tokens\":8}").json
        #expect(next.content() == texts[1])
    }

    @Test func typedTextIsNotAMarker() async throws {
        let server = try TestServer(.saying("x"))
        let typed = "<|im_end|></s><s>"
        let reply = await server.chat(
            #"{"messages":[{"role":"user","content":"\#(typed)"}],"max_tokens":1}"#
        )
        #expect(try reply.json["usage"]?["prompt_tokens"]?.integer == 19 + typed.utf8.count)
    }

    @Test func contentMayBePartsOfText() async throws {
        let server = try TestServer(.saying("x"))
        let reply = await server.chat(
            """
            {"messages":[{"role":"developer","content":"S"},{"role":"user","content":\
            [{"type":"text","text":"H"},{"type":"text","text":"i"}]}],"max_tokens":1}
            """
        )
        #expect(try reply.json["usage"]?["prompt_tokens"]?.integer == 21 + 11)
        let image = await server.chat(
            #"{"messages":[{"role":"user","content":[{"type":"image_url","image_url":{}}]}]}"#
        )
        #expect(image.status == 422)
        #expect(try image.json["error"]?["param"]?.string == "messages[0].content[0].type")
    }

    @Test func aModelWithoutAChatTemplateRefusesConversations() async throws {
        let server = try TestServer(template: nil)
        let reply = await server.chat("{\(hello)}")
        #expect(reply.status == 422)
        #expect(try reply.json.message?.contains("/v1/completions") == true)
    }

    @Test(arguments: [
        ("[]", "messages"), (#"[{"role":"assistant","content":"a"}]"#, "messages[0]"),
        (
            #"[{"role":"user","content":"a"},{"role":"assistant","content":"b"}]"#, "messages[1]"
        ),
    ])
    func aConversationThatAsksNothingIsRefused(messages: String, param: String) async throws {
        let server = try TestServer()
        let reply = await server.chat(#"{"messages":\#(messages)}"#)
        #expect(reply.status == 400)
        #expect(try reply.json["error"]?["param"]?.string == param)
    }

    @Test(arguments: [
        ("uu", 1), ("su", nil), ("usu", 1), ("ss", 1), ("s", 0), ("uauu", 3), ("uau", nil),
    ])
    func messagesThatTheTemplateCannotHoldAreNamed(roles: String, wrong: Int?) async throws {
        let server = try TestServer(.saying("x"), template: KnownChatTemplate(.llama2))
        let names: [Character: String] = ["u": "user", "a": "assistant", "s": "system"]
        let messages = roles.map { #"{"role":"\#(names[$0] ?? "")","content":"a"}"# }
        let reply = await server.chat(#"{"messages":[\#(messages.joined(separator: ","))]}"#)
        #expect(reply.status == (wrong == nil ? 200 : 400))
        let param = try reply.json["error"]?["param"]?.string
        #expect(param == wrong.map { "messages[\($0)]" })
        let free = try TestServer(.saying("x"))
        let taken = await free.chat(#"{"messages":[\#(messages.joined(separator: ","))]}"#)
        #expect(taken.status == 200)
    }
}

extension JSONTree {
    /// The members of an object, including those that are null.
    var object: [String: JSONTree]? {
        if case .object(let members) = self { members } else { nil }
    }
}
