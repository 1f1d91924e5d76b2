// Conversations that continue from messages, and their file.

import FileIO
import TestSupport
import Testing
import TextGeneration

private func message(_ role: ChatMessage.Role, _ content: String) -> ChatMessage {
    ChatMessage(role: role, content: content)
}

@Suite struct ChatHistoryTests {
    private let conversation = [
        message(.system, "Be kind."), message(.user, "Hello"), message(.assistant, "Hi\n\"you\""),
    ]

    private func chat(
        _ model: NotingModel,
        instructions: String? = nil,
        history: [ChatMessage]
    ) throws -> ChatSession {
        try ChatSession(
            model,
            tokenizer: ByteTokenizer(),
            instructions: instructions,
            history: history,
            options: greedyOptions(),
            seed: 1
        )
    }

    @Test func aConversationContinuesFromItsMessages() throws {
        let model = NotingModel(contextLength: 200)
        let chat = try chat(model, history: conversation)
        _ = try chat.respond(to: "Bye")
        #expect(
            shown(model.session.tokens).hasPrefix(
                "<s>[INST] <<SYS>>\nBe kind.\n<</SYS>>\n\nHello [/INST] Hi\n\"you\" </s>"
                    + "<s>[INST] Bye [/INST]"
            )
        )
        #expect(
            chat.messages == conversation + [message(.user, "Bye"), message(.assistant, " OK")]
        )
    }

    @Test func instructionsReplaceThoseInTheHistory() throws {
        let chat = try chat(
            NotingModel(contextLength: 200),
            instructions: "Be brief.",
            history: conversation
        )
        #expect(chat.messages == [message(.system, "Be brief.")] + conversation[1...])
    }

    @Test func aHistoryLongerThanTheContextIsKeptButNotRead() throws {
        let turns = (0..<300).flatMap {
            [message(.user, "Message \($0)"), message(.assistant, "Reply \($0)")]
        }
        let model = NotingModel(contextLength: 200)
        let chat = try chat(model, history: conversation.prefix(1) + turns)
        let reply = try chat.respond(to: "Bye")
        #expect(chat.messages.count == 1 + 600 + 2)
        #expect(reply.forgottenTurnCount == 299)
        #expect(shown(model.session.tokens).contains("Be kind.\n<</SYS>>\n\nMessage 299 [/INST]"))
    }

    @Test func messagesOutOfTurnAreRefused() {
        let user = message(.user, "a")
        let assistant = message(.assistant, "b")
        let system = message(.system, "c")
        for (messages, error) in [
            (
                [assistant],
                TextGenerationError.messageOutOfTurn(index: 0, role: .assistant, expected: .user)
            ),
            ([user, user], .messageOutOfTurn(index: 1, role: .user, expected: .assistant)),
            (
                [user, assistant, system],
                .messageOutOfTurn(index: 2, role: .system, expected: .user)
            ),
            ([system, user], .noReply),
        ] {
            #expect(throws: error) {
                try chat(NotingModel(contextLength: 200), history: messages)
            }
        }
    }

    @Test func aMessageDuringAReplyEndsTheReply() throws {
        let chat = try chat(NotingModel(contextLength: 200, reply: [0x61]), history: [])
        let first = try chat.streamResponse(to: "Go")
        for _ in 0..<3 { _ = try first.next() }
        let second = try chat.respond(to: "Stop")
        #expect(try first.next() == nil)
        #expect(first.response.content == "aa")
        #expect(first.response.stopReason == .interrupted)
        #expect(chat.messages.map(\.content) == ["Go", "aa", "Stop", second.content])
    }

    @Test func aFileHoldsTheMessagesAsTheyAre() throws {
        try withTemporaryDirectory { directory in
            let path = directory.appending("chat.json")
            #expect(try ChatHistory.read(path) == [])
            let messages = conversation + [message(.user, "ä\u{1}/\\🦆"), message(.assistant, "")]
            try ChatHistory.write(messages, to: path)
            #expect(try ChatHistory.read(path) == messages)
            try ChatHistory.write([], to: path)
            #expect(try ChatHistory.read(path) == [])
            try write("", to: path)
            #expect(try ChatHistory.read(path) == [])
        }
    }

    @Test(arguments: [
        ("{}", "it is not a JSON list of messages"),
        ("[{\"role\":\"user\",\"content\":\"a\"", "it is not a JSON list of messages"),
        ("[1]", "it is not a JSON list of messages"),
        ("\u{0}\u{FF}", "it is not a JSON list of messages"),
        ("[{\"content\":\"a\"}]", "message 1 has no role that is text"),
        ("[{\"role\":5,\"content\":\"a\"}]", "message 1 has no role that is text"),
        (
            "[{\"role\":\"tool\",\"content\":\"a\"}]",
            "message 1 has the role 'tool'; use one of system, user, assistant"
        ),
        (
            "[{\"role\":\"system\",\"content\":\"a\"},{\"role\":\"user\",\"content\":[]}]",
            "message 2 has no content that is text"
        ),
        (
            "[{\"role\":\"user\",\"content\":\"a\",\"name\":\"b\"}]",
            "message 1 has a 'name', but only a role and a content are supported"
        ),
        (
            "[{\"role\":\"\(String(repeating: "é", count: 5000))\",\"content\":\"a\"}]",
            "message 1 has the role '\(String(repeating: "é", count: 40))...'; use one of system, "
                + "user, assistant"
        ),
        (
            "[{\"role\":\"user\",\"content\":\"a\"}]",
            "\(TextGenerationError.noReply)"
        ),
    ])
    func aFileThatIsNotAConversationIsRefused(text: String, reason: String) throws {
        try withTemporaryDirectory { directory in
            let path = directory.appending("chat.json")
            try write(text, to: path)
            #expect(throws: TextGenerationError.invalidHistory(path: path, reason: reason)) {
                try ChatHistory.read(path)
            }
        }
    }

    private func write(_ text: String, to path: FilePath) throws {
        let file = try AtomicFile(path)
        try file.write(Array(text.utf8))
        try file.commit()
    }
}
