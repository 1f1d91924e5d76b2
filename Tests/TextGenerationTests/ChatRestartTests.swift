// A conversation that continues from other messages, and how full its context is.

import Testing
import TextGeneration

@Suite struct ChatRestartTests {
    @Test func aCommonBeginningOfConversationsIsNotReadAgain() throws {
        let model = NotingModel(contextLength: 200)
        let chat = try makeChat(model)
        _ = try chat.respond(to: "Hello")
        _ = try chat.respond(to: "Bye")
        // A different reply to the last message.
        try chat.restart(with: chat.messages.dropLast(2))
        let again = try chat.respond(to: "Bye")
        #expect(again.promptTokenCount == 1)
        #expect(chat.messages.map(\.content) == ["Hello", " OK", "Bye", " OK"])
    }

    @Test func aConversationStartsOver() throws {
        let model = NotingModel(contextLength: 200)
        let chat = try makeChat(model)
        let first = try chat.respond(to: "Hello")
        try chat.restart(with: [])
        #expect(chat.messages.isEmpty)
        _ = try chat.respond(to: "Bye")
        #expect(shown(model.session.tokens) == "<s>[INST] Bye [/INST] OK")
        try chat.restart(with: [])
        #expect(try chat.respond(to: "Hello").tokens == first.tokens)
    }

    @Test func newInstructionsReplaceTheOld() throws {
        let model = NotingModel(contextLength: 200)
        let chat = try makeChat(model, system: "Old.")
        _ = try chat.respond(to: "Hello")
        let turns = chat.messages.dropFirst()
        try chat.restart(with: [ChatMessage(role: .system, content: "New.")] + turns)
        _ = try chat.respond(to: "Bye")
        #expect(
            shown(model.session.tokens).hasPrefix(
                "<s>[INST] <<SYS>>\nNew.\n<</SYS>>\n\nHello [/INST] OK </s><s>[INST] Bye [/INST]"
            )
        )
    }

    @Test func anUnfinishedReplyIsDropped() throws {
        let model = NotingModel(contextLength: 200)
        let chat = try makeChat(model)
        let lost = try chat.streamResponse(to: "Lost")
        #expect(try lost.next() == "")
        try chat.restart(with: [])
        #expect(try lost.next() == nil)
        #expect(chat.messages.isEmpty)
    }

    @Test func messagesOutOfTurnChangeNothing() throws {
        let chat = try makeChat(NotingModel(contextLength: 200))
        _ = try chat.respond(to: "Hello")
        #expect(throws: TextGenerationError.noReply) {
            try chat.restart(with: [ChatMessage(role: .user, content: "Bye")])
        }
        #expect(chat.messages.map(\.content) == ["Hello", " OK"])
    }

    @Test func theContextHoldsWhatIsNotForgotten() throws {
        let chat = try makeChat(NotingModel(contextLength: 60))
        #expect(chat.contextLength == 60)
        #expect(try chat.contextTokenCount() == 0)
        _ = try chat.respond(to: "Hello")
        let turn = 1 + "[INST] Hello [/INST] OK ".utf8.count + 1
        #expect(try chat.contextTokenCount() == turn)
        for _ in 0..<9 { _ = try chat.respond(to: "Hello") }
        #expect(chat.messages.count == 20)
        #expect(try chat.contextTokenCount() <= 60)
        try chat.restart(with: [])
        #expect(try chat.contextTokenCount() == 0)
    }
}
