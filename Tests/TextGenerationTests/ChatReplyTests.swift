// How a reply ends before its text does: by the caller, and by the number of tokens.

import Inference
import Testing
import TextGeneration

@Suite struct ChatReplyTests {
    @Test func aReplyEndsWhenTheCallerSaysSo() throws {
        let chat = try makeChat(NotingModel(contextLength: 200, reply: [0x61]))
        let reply = try chat.streamResponse(to: "Go")
        var pieces: [String] = []
        while let piece = try reply.next() {
            pieces.append(piece)
            if pieces.count == 3 { reply.interrupt() }
        }
        // The first is for the message, which has been read.
        #expect(pieces == ["", "a", "a"])
        #expect(reply.response.content == "aa")
        #expect(reply.response.stopReason == .interrupted)
    }

    @Test func aReplyCanEndWhileNoTextIsCertain() throws {
        var options = greedyOptions(100)
        // Every token may be part of it.
        options.stopStrings = [String(repeating: "a", count: 90)]
        let chat = try ChatSession(
            NotingModel(contextLength: 200, reply: [0x61]),
            tokenizer: ByteTokenizer(),
            options: options,
            seed: 1
        )
        let reply = try chat.streamResponse(to: "Go")
        for _ in 0..<6 { #expect(try reply.next() == "") }
        reply.interrupt()
        #expect(try reply.next() == "aaaaa")
        #expect(try reply.next() == nil)
        #expect(reply.response.stopReason == .interrupted)
        #expect(reply.response.tokens.count == 5)
        #expect(reply.response.content == "aaaaa")
    }

    @Test func aReplyEndsBeforeItBeginsWhenTheCallerSaysSo() throws {
        let model = NotingModel(contextLength: 200)
        let chat = try makeChat(model)
        let reply = try chat.streamResponse(to: "Go")
        #expect(try reply.next() == "")
        reply.interrupt()
        #expect(try reply.next() == nil)
        #expect(reply.response.stopReason == .interrupted)
        #expect(reply.response.tokens == [])
        #expect(model.session.parts.count == 1)
    }

    @Test func noTokensMakeAnEmptyReply() throws {
        let model = NotingModel(contextLength: 200)
        let chat = try makeChat(model, maxTokens: 0)
        let reply = try chat.respond(to: "Go")
        #expect(reply.stopReason == .length)
        #expect(reply.tokens == [])
        #expect(throws: InferenceError.self) { try makeChat(model, maxTokens: -1) }
    }
}
