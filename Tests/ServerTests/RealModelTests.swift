// A server for stories260K, the smallest of the story models.

import FileIO
import Inference
import LanguageModels
import Server
import Tensors
import TestSupport
import Testing
import TextGeneration
import Tokenization

@Suite(.enabled(if: TestData.isAvailable, Comment(rawValue: TestData.skipReason)))
struct RealModelTests {
    private let server: TestServer

    init() throws {
        let path = try TestData.path("llama2/stories260K.bin")
        let model = try Llama2Decoder(
            openWeights(at: path, as: Llama2Configuration.self),
            precision: .float32,
            ops: Ops(threadCount: 1)
        )
        let tokenizer = try SentencePieceTokenizer(
            contentsOf: TestData.path("llama2/tok512.bin"),
            vocabularySize: model.vocabularySize
        )
        server = try TestServer(
            TextGenerator(model, tokenizer: tokenizer),
            tokenizer,
            template: KnownChatTemplate(.plain),
            places: 4,
            queue: 20
        )
    }

    @Test func aStoryIsTheSameWholeAndStreamed() async throws {
        let body = #""prompt":"Once upon a time, there was","temperature":0,"max_tokens":40"#
        let json = try await server.complete("{\(body)}").json
        let text = try #require(json.content())
        #expect(text.hasPrefix(" a little girl named Lily. She loved to play outside in the park."))
        let (chunks, _) = try await server.complete("{\(body),\"stream\":true}").events()
        let pieces = chunks.compactMap { $0["choices"]?[0]?["text"]?.string }
        #expect(pieces.count > 20)
        #expect(pieces.joined() == text)
    }

    @Test func aRequestGetsTheSameTextAmongAnyOthers() async throws {
        let asked = #""prompt":"Lily saw","seed":11,"max_tokens":60,"n":2"#
        let alone = try await server.complete("{\(asked)}").json
        let expected = [alone.content(0), alone.content(1)]
        #expect(expected[0] != expected[1])
        let server = server
        try await withThrowingTaskGroup { group in
            for number in 0..<12 {
                group.addTask {
                    let long = String(repeating: "The dog ran. ", count: number * 2)
                    let other = #"{"prompt":"\#(long)","max_tokens":\#(20 + number * 3)}"#
                    let reply = await server.complete(number % 3 == 0 ? "{\(asked)}" : other)
                    #expect(reply.status == 200)
                    let json = try reply.json
                    if number % 3 == 0 { #expect([json.content(0), json.content(1)] == expected) }
                }
            }
            try await group.waitForAll()
        }
    }

    @Test func tokensAddUpToTheText() async throws {
        let json = try await server.complete(
            #"{"prompt":"One day","logprobs":5,"max_tokens":50,"temperature":0}"#
        ).json
        let choice = try #require(json["choices"]?[0])
        let tokens = choice["logprobs"]?["tokens"]?.array?.compactMap(\.string) ?? []
        #expect(tokens.joined() == choice["text"]?.string)
        var offset = 0
        for (index, token) in tokens.enumerated() {
            #expect(choice["logprobs"]?["text_offset"]?[index]?.integer == offset)
            offset += token.unicodeScalars.count
        }
    }

    @Test func aTokenWithoutTextHasItsName() async throws {
        // Among the twenty likeliest of 512 tokens is one of these now and then.
        let reply = await server.chat(
            """
            {"messages":[{"role":"user","content":"Hi"}],"logprobs":true,"top_logprobs":20,
            "max_tokens":300,"temperature":0}
            """
        )
        let tokens = try reply.json["choices"]?[0]?["logprobs"]?["content"]?.array ?? []
        let top = tokens.flatMap { $0["top_logprobs"]?.array ?? [] }
        let named = top.filter { $0["bytes"] == nil }
        #expect(!named.isEmpty)
        for token in named {
            let name = token["token"]?.string?.filter { !$0.isWhitespace }
            #expect(["<s>", "</s>", "<unk>"].contains(name), "\(name ?? "")")
        }
    }

    @Test func aReplyHasNoSpaceBeforeItsFirstWord() async throws {
        let json = try await server.chat(
            #"{"messages":[{"role":"user","content":"Hi"}],"temperature":0,"max_tokens":5}"#
        ).json
        #expect(json.content()?.hasPrefix(" ") == false)
    }
}
