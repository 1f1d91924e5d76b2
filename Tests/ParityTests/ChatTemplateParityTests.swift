// The known chat templates compared with transformers, token for token, with small tokenizers of
// each kind. The fixtures come from scripts/export_chat_template_fixtures.py.

import FileIO
import Testing
import TextGeneration
import Tokenization

/// A template, and conversations in its form.
struct TemplateFixture: Decodable, Sendable {
    /// A conversation: messages and replies in turn, and the tokens up to each.
    struct Chat: Decodable {
        let system: String?
        let texts: [String]
        let prompts: [[TokenID]]
        /// The positions of tokens that belong to replies, up to the last reply, if they were asked
        /// for and there are any.
        let learnt: [Int]?
    }

    let name: String
    let tokenizer: String
    let jinja: String
    let chats: [Chat]

    static func all() throws -> [TemplateFixture] {
        try recorded(at: fixture("Chat/templates.json"))
    }
}

@Suite struct ChatTemplateParityTests {
    /// The default system prompts in models' own templates.
    private static let systemTexts = [
        "a chatml with a system text": "You are a helpful assistant.",
        "a chatml that begins with a token and strips": "Be brief.",
        "a llama3 whose system text has a name": "You are kind.",
    ]

    /// The template as it was recognized.
    private func template(_ fixture: TemplateFixture) throws -> KnownChatTemplate {
        try #require(KnownChatTemplate(jinja: fixture.jinja))
    }

    @Test func ourTemplatesMatchThoseThatTransformersRan() throws {
        let fixtures = try TemplateFixture.all()
        for form in ChatForm.allCases {
            let fixture = try #require(fixtures.first { $0.name == form.rawValue })
            #expect(KnownChatTemplate(form).jinja == fixture.jinja)
            #expect(try template(fixture) == KnownChatTemplate(form))
        }
    }

    @Test func systemTextsAreReadFromTemplates() throws {
        for fixture in try TemplateFixture.all() {
            #expect(try template(fixture).defaultSystem == Self.systemTexts[fixture.name])
        }
    }

    @Test func tokensOfConversationsMatchTransformers() throws {
        for fixture in try TemplateFixture.all() {
            let tokenizer = try loadTokenizer(at: ParityTests.fixture("Chat/\(fixture.tokenizer)"))
            let template = try template(fixture)
            for chat in fixture.chats {
                var messages = chat.system.map { [ChatMessage(role: .system, content: $0)] } ?? []
                for (index, text) in chat.texts.enumerated() {
                    let role: ChatMessage.Role = index % 2 == 0 ? .user : .assistant
                    messages.append(ChatMessage(role: role, content: text))
                    let tokens = try template.promptTokens(of: messages, tokenizer: tokenizer)
                    #expect(tokens == chat.prompts[index], "\(fixture.name): \(messages)")
                }
            }
        }
    }

    @Test func trainedTokensMatchTheRepliesThatTransformersMarks() throws {
        var forms: Set<String> = []
        for fixture in try TemplateFixture.all() {
            let tokenizer = try loadTokenizer(at: ParityTests.fixture("Chat/\(fixture.tokenizer)"))
            let template = try template(fixture)
            for chat in fixture.chats {
                guard let learnt = chat.learnt else { continue }
                forms.insert(fixture.name)
                var messages = chat.system.map { [ChatMessage(role: .system, content: $0)] } ?? []
                let texts = chat.texts.prefix(chat.texts.count / 2 * 2)
                messages += texts.enumerated().map { index, text in
                    ChatMessage(role: index % 2 == 0 ? .user : .assistant, content: text)
                }
                let result = try template.conversationTokens(of: messages, tokenizer: tokenizer)
                #expect(result.tokens == chat.prompts[texts.count - 1])
                #expect(
                    result.isLearnt.indices.filter { result.isLearnt[$0] } == learnt,
                    "\(fixture.name): \(messages)"
                )
            }
        }
        #expect(forms == Set(ChatForm.allCases.map(\.rawValue)))
    }

    @Test func markersThatAUserTypesAreText() throws {
        for fixture in try TemplateFixture.all() {
            let tokenizer = try loadTokenizer(at: ParityTests.fixture("Chat/\(fixture.tokenizer)"))
            let template = try template(fixture)
            let special = Set(tokenizer.description.addedTokens.map(\.id))
            func markers(_ text: String) throws -> [TokenID] {
                try template.promptTokens(
                    of: [ChatMessage(role: .user, content: text)],
                    tokenizer: tokenizer
                ).filter(special.contains)
            }
            let names = special.sorted().map {
                String(decoding: tokenizer.description.tokens[Int($0)], as: UTF8.self)
            }
            #expect(!names.isEmpty)
            #expect(try markers(names.joined()) == markers("x"), "\(fixture.name)")
        }
    }

    @Test func repliesEndAtTheFormsOwnMarkers() throws {
        for (form, name, ends) in [
            (ChatForm.chatml, "smollm", ["<|im_end|>"]), (.llama3, "llama3", ["<|eot_id|>"]),
            (.zephyr, "zephyr", []),
        ] {
            let tokenizer = try loadTokenizer(at: ParityTests.fixture("Chat/\(name)"))
            let template = KnownChatTemplate(form)
            #expect(
                template.endsOfReply(tokenizer) == ends.compactMap(tokenizer.specialToken)
            )
            #expect(template.endsOfReply(tokenizer).count == ends.count)
            #expect(template.stopStrings(tokenizer).isEmpty)
        }
    }
}
