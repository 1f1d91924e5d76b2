// A real model that was trained to chat, end to end, against what transformers makes of it.

import FileIO
import Foundation
import Swiftlet
import TestSupport
import Testing

@Suite(
    .serialized,
    .enabled(
        if: TestData.isAvailable && TestData.instructModel != nil,
        "SWIFTLET_TEST_DATA or SWIFTLET_INSTRUCT_MODEL does not name the real data"
    )
) struct InstructModelTests {
    /// `smollm2/expected.json`.
    private struct Expected: Decodable {
        let text: String
        let text_ids: [Int32]
        let chat_prompt_ids: [Int32]
        let chat_reply_ids: [Int32]
        let greedy: [Int32]
        let top: [Int32]
        let top_logits: [Double]
    }

    /// What `sample --json` and `chat --json` have in common.
    private struct Reply: Decodable {
        struct Logprob: Decodable {
            struct Choice: Decodable {
                let token: Int32
                let logprob: Double
            }
            let top: [Choice]
        }
        let text: String
        let tokens: [Int32]
        let logprobs: [Logprob]?
    }

    private let model: FilePath
    private let expected: Expected

    init() throws {
        model = try #require(TestData.instructModel)
        let path = try TestData.path("smollm2/expected.json")
        expected = try JSONDecoder().decode(
            Expected.self,
            from: Data(MappedFile(path).contents())
        )
    }

    @Test func itContinuesATextAsTransformersDoes() throws {
        let outcome = try swiftlet([
            "sample", "--model", model.string, "--prompt", "The capital of France is",
            "--temperature", "0", "--max-tokens", "40", "--precision", "float32", "--logprobs", "5",
            "--json",
        ])
        let reply = try JSONDecoder().decode(Reply.self, from: Data(outcome.output.utf8))
        // The last of those expected ends the text.
        #expect(reply.tokens == Array(expected.greedy.dropLast()))
        let top = try #require(reply.logprobs?.first?.top)
        #expect(top.map(\.token) == expected.top)
        // Log-probabilities differ by what logits do.
        for (found, logit) in zip(top, expected.top_logits) {
            let difference = top[0].logprob - found.logprob
            #expect(abs(difference - (expected.top_logits[0] - logit)) < 1e-3)
        }
    }

    @Test func itAnswersInItsOwnPrecision() throws {
        let chat = ["chat", "--model", model.string, "--temperature", "0", "--json"]
        let outcome = try swiftlet(chat, input: "What is the capital of France?\n")
        let reply = try JSONDecoder().decode(Reply.self, from: Data(outcome.output.utf8))
        #expect(reply.text == "The capital of France is Paris.")
        #expect(reply.tokens == Array(expected.chat_reply_ids.dropLast()))
    }

    @Test func textAndConversationsBecomeItsTokens() throws {
        let source = try ModelSource(model)
        let tokenizer = try source.tokenizer()
        #expect(try tokenizer.promptTokens(of: expected.text) == expected.text_ids)
        let template = try source.chatTemplate(tokenizer)
        let message = ChatMessage(role: .user, content: "What is the capital of France?")
        let ids = try template.promptTokens(of: [message], tokenizer: tokenizer)
        #expect(ids == expected.chat_prompt_ids)
    }
}
