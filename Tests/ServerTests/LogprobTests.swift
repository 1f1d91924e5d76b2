// How likely tokens were, as reported to clients.

import FileIO
import Server
import Testing
import TextGeneration

@Suite struct LogprobTests {
    private let hello = #""messages":[{"role":"user","content":"Hi"}],"logprobs":true"#

    @Test func tokensOfRepliesAreListedWithTheirBytes() async throws {
        let server = try TestServer(.saying("né"))
        let json = try await server.chat("{\(hello),\"top_logprobs\":2}").json
        let logprobs = try #require(json["choices"]?[0]?["logprobs"])
        #expect(logprobs.object?["refusal"] == .null)
        let tokens = try #require(logprobs["content"]?.array)
        // Half a character is shown as OpenAI shows it.
        #expect(tokens.map { $0["token"]?.string } == ["n", "\\xc3", "\\xa9"])
        #expect(
            tokens.map { $0["bytes"]?.array } == [[.number(110)], [.number(195)], [.number(169)]]
        )
        for token in tokens {
            guard case .number(let logprob)? = token["logprob"] else {
                Issue.record("no number")
                continue
            }
            #expect(logprob <= 0)
            let top = try #require(token["top_logprobs"]?.array)
            #expect(top.count == 2)
            #expect(top[0]["token"] == token["token"])
            #expect(top[0]["logprob"] == token["logprob"])
            #expect(top[0].object?["bytes"] != nil)
        }
    }

    @Test func theLikeliestTokensAreListedOnlyOnRequest() async throws {
        let server = try TestServer(.saying("a"))
        let json = try await server.chat("{\(hello)}").json
        let tokens = json["choices"]?[0]?["logprobs"]?["content"]
        #expect(tokens?[0]?["top_logprobs"]?.array == [])
    }

    @Test func aSpecialTokenIsListedByItsName() async throws {
        let model = ScriptModel { _ in [65: 1, 259: 0.5] }
        let server = try TestServer(model)
        let json = try await server.chat(
            "{\(hello),\"top_logprobs\":2,\"max_tokens\":1,\"temperature\":0}"
        ).json
        let top = json["choices"]?[0]?["logprobs"]?["content"]?[0]?["top_logprobs"]
        #expect(top?[1]?["token"]?.string == "<|im_end|>")
        #expect(top?[1]?["bytes"]?.array?.count == 10)
    }

    @Test func completionsHaveTheirTokensInFourLists() async throws {
        let server = try TestServer(.saying("né!x"))
        let json = try await server.complete(
            #"{"prompt":"\n","logprobs":2,"max_tokens":4,"temperature":0}"#
        ).json
        let logprobs = try #require(json["choices"]?[0]?["logprobs"])
        let tokens = logprobs["tokens"]?.array?.map(\.string)
        #expect(tokens == ["n", "bytes:\\xc3", "bytes:\\xa9", "!"])
        // In characters, as Python counts them.
        #expect(logprobs["text_offset"]?.array?.map(\.integer) == [0, 1, 1, 2])
        #expect(logprobs["token_logprobs"]?.array?.count == 4)
        let top = try #require(logprobs["top_logprobs"]?.array)
        #expect(top.count == 4)
        #expect(top[0].object?.count == 2)
        #expect(top[0]["n"] == logprobs["token_logprobs"]?[0])
    }

    @Test func theDrawnTokenIsAmongTheLikeliestOfCompletions() async throws {
        let server = try TestServer(ScriptModel { _ in [65: 1, 66: 0.5] })
        let json = try await server.complete(
            #"{"prompt":"a","logprobs":1,"max_tokens":1,"logit_bias":{"66":50}}"#
        ).json
        #expect(json.content() == "B")
        let top = json["choices"]?[0]?["logprobs"]?["top_logprobs"]?[0]
        #expect(top?.object.map { Set($0.keys) } == ["A", "B"])
    }

    @Test func impossibleTokensStillHaveANumber() async throws {
        let model = ScriptModel { _ in [65: 50_000] }
        let json = try await TestServer(model).complete(
            #"{"prompt":"a","logprobs":2,"max_tokens":1}"#
        ).json
        let top = json["choices"]?[0]?["logprobs"]?["top_logprobs"]?[0]
        #expect(top?.object?.values.contains(.number(-9999)) == true)
    }

    @Test(arguments: [#""ef""#, #""x""#, #""fgz""#])
    func aStreamListsTheSameTokensAsAWholeReply(stop: String) async throws {
        let server = try TestServer()
        let body = #""prompt":"abc","logprobs":1,"max_tokens":6,"stop":\#(stop)"#
        let whole = try #require(try await server.complete("{\(body)}").json["choices"]?[0])
        let (chunks, _) = try await server.complete("{\(body),\"stream\":true}").events()
        var lists: [String: [JSONTree]] = [:]
        var text = ""
        for chunk in chunks {
            let choice = try #require(chunk["choices"]?[0])
            text += choice["text"]?.string ?? ""
            for name in ["tokens", "token_logprobs", "top_logprobs", "text_offset"] {
                lists[name, default: []] += choice["logprobs"]?[name]?.array ?? []
            }
        }
        #expect(text == whole["text"]?.string)
        for (name, list) in lists { #expect(whole["logprobs"]?[name]?.array == list, "\(name)") }
        // The tokens of a stop string are not part of the text.
        #expect(lists["tokens"]?.compactMap(\.string).joined() == text)
        #expect(chunks.last?["choices"]?[0]?.object?["logprobs"] == .null)
    }

    @Test func tokensOfUnfinishedCharactersAreListed() async throws {
        let server = try TestServer(.saying([0x61, 0xF0, 0x9F, 0x62, 0xFF, 0xE2, 0x82]))
        let body = #""prompt":"\n","logprobs":0,"max_tokens":7"#
        let whole = try #require(try await server.complete("{\(body)}").json["choices"]?[0])
        #expect(whole["text"]?.string == "a\u{FFFD}b\u{FFFD}\u{FFFD}")
        #expect(whole["logprobs"]?["tokens"]?.array?.count == 7)
        #expect(whole["logprobs"]?["text_offset"]?.array?.map(\.integer) == [0, 1, 1, 1, 3, 4, 4])
        let (chunks, _) = try await server.complete("{\(body),\"stream\":true}").events()
        let tokens = chunks.flatMap { $0["choices"]?[0]?["logprobs"]?["tokens"]?.array ?? [] }
        #expect(tokens == whole["logprobs"]?["tokens"]?.array)
    }
}
