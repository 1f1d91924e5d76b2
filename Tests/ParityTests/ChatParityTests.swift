// Llama 2's chat template compared with transformers, token for token. The fixture comes from
// scripts/export_chat_fixtures.py.

import FileIO
import Inference
import TestSupport
import Testing
import TextGeneration
import Tokenization

/// A conversation: messages and replies in turn, and the tokens before each reply.
private struct Conversation: Decodable {
    let system: String?
    let texts: [String]
    let prompts: [[Int32]]
}

/// Replies with given texts as fast as possible, and records the tokens it holds.
private struct RecitingModel: LanguageModel {
    let vocabularySize = 32000
    let contextLength = 512
    let session: RecitingSession

    func makeSession(sequenceCount: Int, tokenCapacity: Int) -> any DecodingSession { session }
}

private final class RecitingSession: DecodingSession {
    let vocabularySize = 32000
    let sequenceCount = 1
    let tokenCapacity = 512
    /// The next reply.
    var lines: [TokenID] = []
    private(set) var tokens: [TokenID] = []

    func tokenCount(of sequence: Int) -> Int { tokens.count }

    func append(_ parts: [SequencePart], predicting logits: inout MutableSpan<Float>) {
        tokens += parts[0].tokens
        logits.update(repeating: 0)
        logits[Int(lines.removeFirst())] = 1
    }

    func truncate(_ sequence: Int, to tokenCount: Int) {
        tokens.removeLast(tokens.count - tokenCount)
    }

    func copy(_ source: Int, to destination: Int, tokenCount: Int) {}
}

@Suite(.enabled(if: TestData.isAvailable, Comment(rawValue: TestData.skipReason)))
struct ChatParityTests {
    @Test func tokensOfConversationsMatchTransformers() throws {
        let conversations: [Conversation] = try recorded(at: fixture("llama2_chats.json"))
        #expect(conversations.count == 6)
        let tokenizer = try SentencePieceTokenizer(
            contentsOf: TestData.path("llama2/tokenizer.model")
        )
        for conversation in conversations {
            let model = RecitingModel(session: RecitingSession())
            let chat = try ChatSession(
                model,
                tokenizer: tokenizer,
                instructions: conversation.system,
                options: TextGenerationOptions(maxTokens: 100, sampling: .greedy),
                seed: 1
            )
            for (turn, prompt) in conversation.prompts.enumerated() {
                let texts = conversation.texts.dropFirst(2 * turn)
                let reply = texts.dropFirst().first ?? "x"
                model.session.lines = try tokenizer.encode(reply) + [2]
                var held: [TokenID] = []
                let made = try chat.streamResponse(to: texts.first ?? "")
                while try made.next() != nil {
                    if held.isEmpty { held = model.session.tokens }
                }
                #expect(held == prompt)
                #expect(made.response.content == reply)
            }
        }
    }
}
