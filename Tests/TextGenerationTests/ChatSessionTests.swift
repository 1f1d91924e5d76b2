// Conversations: what is read in each turn, and in which form.

import Inference
import LanguageModels
import RandomNumbers
import Tensors
import TestSupport
import Testing
import TextGeneration
import Tokenization

@Suite struct ChatSessionTests {
    private let tokenizer = ByteTokenizer()

    @Test func turnsFollowTheFormOfLlama2() throws {
        let model = NotingModel(contextLength: 200)
        let chat = try makeChat(model, system: "Be kind.")
        let first = try chat.respond(to: "Hello")
        #expect(first.content == " OK")
        #expect(first.tokens == [0x20, 0x4F, 0x4B])
        #expect(first.stopReason == .endOfText)
        _ = try chat.respond(to: "Bye")
        #expect(
            shown(model.session.tokens)
                == "<s>[INST] <<SYS>>\nBe kind.\n<</SYS>>\n\nHello [/INST] OK </s>"
                + "<s>[INST] Bye [/INST] OK"
        )
    }

    @Test func aTurnReadsOnlyItsOwnTokens() throws {
        let model = NotingModel(contextLength: 200)
        let chat = try makeChat(model)
        let first = try chat.respond(to: "Hello")
        #expect(first.promptTokenCount == 1 + "[INST] Hello [/INST]".utf8.count)
        let second = try chat.respond(to: "Bye")
        // A space and the end of the first reply are among them.
        #expect(second.promptTokenCount == 3 + "[INST] Bye [/INST]".utf8.count)
        #expect(
            model.session.parts.map(\.count) == [
                first.promptTokenCount, 1, 1, 1, second.promptTokenCount, 1, 1, 1,
            ]
        )
    }

    @Test func aReplyIsKeptAsTextAndReadAgainWhereThatDiffers() throws {
        // White space around it, and the model's own end of it.
        let model = NotingModel(contextLength: 200, reply: [0x20, 0x20, 0x41, 0x42, 0x0A, 257])
        let chat = try makeChat(model, system: " S\n")
        let first = try chat.respond(to: " \u{1C}A b\t\u{3000}")
        #expect(first.content == "  AB\n")
        let second = try chat.respond(to: "\nC ")
        let beginning = "<s>[INST] <<SYS>>\n S\n\n<</SYS>>\n\n \u{1C}A b [/INST] "
        #expect(shown(model.session.tokens).hasPrefix(beginning + "AB </s><s>[INST] C [/INST]"))
        #expect(second.promptTokenCount == "AB ".count + 2 + "[INST] C [/INST]".count)
    }

    @Test func aStopStringIsNotPartOfWhatIsKept() throws {
        var options = greedyOptions()
        options.stopStrings = ["STOP"]
        let model = NotingModel(contextLength: 200, reply: " ASTOP".utf8.map { TokenID($0) })
        let chat = try ChatSession(model, tokenizer: ByteTokenizer(), options: options, seed: 1)
        let reply = try chat.respond(to: "Go")
        #expect(reply.content == " A" && reply.stopReason == .stopString)
        _ = try chat.respond(to: "On")
        #expect(shown(model.session.tokens).hasPrefix("<s>[INST] Go [/INST] A </s><s>[INST] On"))
    }

    @Test func idsThatTheTokenizerLacksAreNeverDrawn() throws {
        // The model says nothing but 290.
        let model = PlaybackModel(vocabularySize: 300, contextLength: 200, tokens: [290])
        let chat = try ChatSession(
            model,
            tokenizer: ByteTokenizer(),
            options: greedyOptions(5),
            seed: 1
        )
        #expect(try chat.respond(to: "Go").tokens == [0, 0, 0, 0, 0])
        #expect(
            throws: TextGenerationError.vocabularyMismatch(tokenizerSize: 258, modelSize: 257)
        ) {
            try ChatSession(
                PlaybackModel(vocabularySize: 257, tokens: [0]),
                tokenizer: ByteTokenizer(),
                options: greedyOptions(),
                seed: 1
            )
        }
    }

    @Test func anErrorOfTheModelLeavesTheConversationUnchanged() throws {
        struct Failure: Error {}
        let model = NotingModel(contextLength: 200)
        let chat = try makeChat(model)
        _ = try chat.respond(to: "Hello")
        model.session.error = Failure()
        #expect(throws: Failure.self) { try chat.respond(to: "Lost") }
        let lost = try chat.streamResponse(to: "Lost")
        #expect(try lost.next() == "")
        model.session.error = Failure()
        #expect(throws: Failure.self) { while try lost.next() != nil {} }
        #expect(try lost.next() == nil)
        #expect(chat.messages.map(\.content) == ["Hello", " OK"])
        _ = try chat.respond(to: "Bye")
        #expect(!shown(model.session.tokens).contains("Lost"))
        #expect(shown(model.session.tokens).contains(" OK </s><s>[INST] Bye [/INST]"))
    }

    @Test(.enabled(if: TestData.isAvailable, Comment(rawValue: TestData.skipReason)))
    func idsOfTurnsMatchSentencePiece() throws {
        let tokenizer = try SentencePieceTokenizer(
            contentsOf: TestData.path("llama2/tokenizer.model")
        )
        let template = KnownChatTemplate(.llama2)
        let system = ChatMessage(role: .system, content: "Be kind.")
        let first = try template.promptTokens(
            of: [system, ChatMessage(role: .user, content: "Who are you?")],
            tokenizer: tokenizer
        )
        let second = try template.promptTokens(
            of: [ChatMessage(role: .user, content: "Say it\nin French, s'il te plaît.")],
            tokenizer: tokenizer
        )
        // Produced by version 0.2.3 of the sentencepiece package, from Meta's template.
        #expect(
            first == [
                1, 518, 25580, 29962, 3532, 14816, 29903, 6778, 13, 3629, 2924, 29889, 13, 29966,
                829, 14816, 29903, 6778, 13, 13, 22110, 526, 366, 29973, 518, 29914, 25580, 29962,
            ]
        )
        #expect(
            second == [
                1, 518, 25580, 29962, 14891, 372, 13, 262, 5176, 29892, 269, 29915, 309, 734, 2174,
                13871, 29889, 518, 29914, 25580, 29962,
            ]
        )
    }

    @Test func repliesMatchThoseOfTheWholeConversationReadAgain() throws {
        let configuration = try Llama2Configuration(
            contextLength: 256,
            vocabularySize: 258,
            layerCount: 2,
            headCount: 4,
            keyValueHeadCount: 2,
            channels: 32,
            hiddenChannels: 48,
            hasSeparateClassifier: true
        )
        var generator = MersenneTwister(seed: 4)
        let model = try Llama2Decoder(
            MemoryWeights(randomWeights: configuration, using: &generator),
            ops: Ops(threadCount: 1)
        )
        let chat = try ChatSession(
            model,
            tokenizer: tokenizer,
            instructions: "Be kind.",
            options: greedyOptions(12),
            seed: 1
        )
        let template = KnownChatTemplate(.llama2)
        var messages = [ChatMessage(role: .system, content: "Be kind.")]
        for message in ["Hello", "And then?", "Bye"] {
            let reply = try chat.respond(to: message)
            messages.append(ChatMessage(role: .user, content: message))
            let whole = try TokenGenerator(
                model,
                prompt: try template.promptTokens(of: messages, tokenizer: tokenizer),
                sampler: Sampler(.greedy, seed: 1),
                limits: GenerationLimits(maxTokens: 12, endTokens: [256, 257])
            )
            while try whole.next() != nil {}
            #expect(reply.tokens == whole.tokens)
            messages.append(ChatMessage(role: .assistant, content: reply.content))
            #expect(chat.messages == messages)
        }
    }
}
