// Conversations longer than the context: what is forgotten, what never is, and what is refused.

import Testing
import TextGeneration

@Suite struct ChatContextTests {
    @Test func aFullContextForgetsTheOldestTurnsButNotTheSystemPrompt() throws {
        let model = NotingModel(contextLength: 120)
        let chat = try makeChat(model, system: "Be kind.", maxTokens: 8)
        var forgotten: [Int] = []
        for turn in 0..<12 {
            let reply = try chat.respond(to: "Message \(turn)")
            #expect(reply.content == " OK")
            forgotten.append(reply.forgottenTurnCount)
            let held = shown(model.session.tokens)
            #expect(held.hasPrefix("<s>[INST] <<SYS>>\nBe kind.\n<</SYS>>\n\nMessage "))
            #expect(held.contains("Message \(turn) [/INST]"))
            #expect(held.ranges(of: "<<SYS>>").count == 1)
        }
        #expect(forgotten.first == 0 && (forgotten.last ?? 0) >= 6)
        #expect(forgotten == forgotten.sorted())
        // Room for more than one turn is made at a time.
        #expect(Set(forgotten).count < 8)
    }

    @Test func aReplyThatFillsTheContextForgetsAndContinues() throws {
        let model = NotingModel(contextLength: 100, reply: [0x61])
        let chat = try makeChat(model, system: "S", maxTokens: 40)
        for _ in 0..<5 {
            let reply = try chat.respond(to: "Go")
            #expect(reply.content == String(repeating: "a", count: 40))
            #expect(reply.stopReason == .length)
            #expect(shown(model.session.tokens).hasPrefix("<s>[INST] <<SYS>>\nS\n<</SYS>>\n\nGo"))
        }
    }

    @Test func aReplyWithNothingLeftToForgetEnds() throws {
        let model = NotingModel(contextLength: 60, reply: [0x61])
        let chat = try makeChat(model, maxTokens: 1000)
        let reply = try chat.respond(to: "Go")
        #expect(reply.stopReason == .context)
        // The last token is predicted from a full context.
        #expect(reply.tokens.count == 60 - (1 + "[INST] Go [/INST]".utf8.count) + 1)
        #expect(try chat.respond(to: "Again").forgottenTurnCount == 1)
    }

    @Test func aMessageLongerThanTheContextIsRefusedAndLeavesTheRest() throws {
        let model = NotingModel(contextLength: 80)
        let chat = try makeChat(model)
        _ = try chat.respond(to: "Hello")
        #expect(throws: TextGenerationError.turnTooLong(tokenCount: 116, maximum: 80)) {
            try chat.respond(to: String(repeating: "x", count: 100))
        }
        let reply = try chat.respond(to: "Bye")
        #expect(reply.forgottenTurnCount == 0)
        #expect(reply.promptTokenCount == 3 + "[INST] Bye [/INST]".utf8.count)
    }
}
