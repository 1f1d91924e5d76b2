// How a reply ends before its text does: by the caller, and by the number of tokens.

import Inference
import Testing
import TextGeneration

@Suite struct ChatReplyTests {
    @Test func aReplyEndsWhenTheCallerSaysSo() throws {
        let chat = try makeChat(NotingModel(contextLength: 200, reply: [0x61]))
        var pieces: [String] = []
        let reply = try chat.reply(to: "Go") { piece in
            pieces.append(piece)
            return pieces.count < 3
        }
        // The first is for the message, which has been read.
        #expect(pieces == ["", "a", "a"])
        #expect(reply.text == "aa")
        #expect(reply.stopReason == .interrupted)
    }

    @Test func aReplyEndsAlsoWhileNoTextIsCertain() throws {
        var options = greedyOptions(100)
        // Every token may be part of it.
        options.stopStrings = [String(repeating: "a", count: 90)]
        let chat = try ChatSession(
            NotingModel(contextLength: 200, reply: [0x61]),
            tokenizer: ByteTokenizer(),
            options: options,
            seed: 1
        )
        var calls = 0
        let reply = try chat.reply(to: "Go") { piece in
            calls += 1
            #expect(piece == (calls <= 6 ? "" : "aaaaa"))
            return calls < 6
        }
        #expect(reply.stopReason == .interrupted)
        #expect(reply.tokens.count == 5)
        #expect(reply.text == "aaaaa")
    }

    @Test func aReplyEndsBeforeItBeginsWhenTheCallerSaysSo() throws {
        let model = NotingModel(contextLength: 200)
        let chat = try makeChat(model)
        let reply = try chat.reply(to: "Go") { _ in false }
        #expect(reply.stopReason == .interrupted)
        #expect(reply.tokens == [])
        #expect(model.session.parts.count == 1)
    }

    @Test func noTokensMakeAnEmptyReply() throws {
        let model = NotingModel(contextLength: 200)
        let chat = try makeChat(model, maxTokens: 0)
        let reply = try chat.reply(to: "Go") { _ in true }
        #expect(reply.stopReason == .length)
        #expect(reply.tokens == [])
        #expect(throws: InferenceError.self) { try makeChat(model, maxTokens: -1) }
    }
}
