// Conversations: what is read in each turn, what is forgotten, and what never is.

import Inference
import LanguageModels
import Tensors
import TestSupport
import Testing
import TextGeneration
import Tokenization

/// Every byte is a token; 256 starts a text and 257 ends it.
private struct ByteTokenizer: Tokenizer {
    var vocabularySize: Int { 258 }
    var startOfText: TokenID { 256 }
    var endsOfText: [TokenID] { [257, 256] }

    func bytes(of id: TokenID, after previous: TokenID?) -> ArraySlice<UInt8> {
        id < 256 ? [UInt8(id)] : []
    }

    func encode(_ text: String) -> [TokenID] { text.utf8.map { TokenID($0) } }
    func promptTokens(of text: String) -> [TokenID] { [startOfText] + encode(text) }
}

/// Replies `OK` and the end of the text, over and over, and notes what it is given.
private struct NotingModel: LanguageModel {
    var vocabularySize: Int { 258 }
    let contextLength: Int
    let reply: [TokenID]
    let session: NotingSession

    init(contextLength: Int, reply: [TokenID] = [0x4F, 0x4B, 257]) {
        self.contextLength = contextLength
        self.reply = reply
        session = NotingSession(contextLength: contextLength, reply: reply)
    }

    func makeSession(sequenceCount: Int, tokenCapacity: Int) -> NotingSession { session }
}

private final class NotingSession: DecodingSession {
    let vocabularySize = 258
    let sequenceCount = 1
    let tokenCapacity: Int
    private let reply: [TokenID]
    private var place = 0
    /// What it holds.
    private(set) var tokens: [TokenID] = []
    /// What every call appended.
    private(set) var parts: [[TokenID]] = []
    /// The error of the next call.
    var error: (any Error)?

    init(contextLength: Int, reply: [TokenID]) {
        tokenCapacity = contextLength
        self.reply = reply
    }

    func tokenCount(of sequence: Int) -> Int { tokens.count }

    func append(_ parts: [SequencePart], predicting logits: inout MutableSpan<Float>) throws {
        if let error {
            self.error = nil
            throw error
        }
        self.parts.append(parts[0].tokens)
        tokens += parts[0].tokens
        #expect(tokens.count <= tokenCapacity)
        logits.update(repeating: 0)
        logits[Int(reply[place % reply.count])] = 1
        place += 1
    }

    func truncate(_ sequence: Int, to tokenCount: Int) {
        tokens.removeLast(tokens.count - tokenCount)
    }

    func copy(_ source: Int, to destination: Int) {}
}

private func options(_ maxTokens: Int = 40) -> GenerationOptions {
    GenerationOptions(maxTokens: maxTokens, sampling: .greedy)
}

@Suite struct ChatSessionTests {
    private let tokenizer = ByteTokenizer()

    private func chat(
        _ model: NotingModel,
        system: String? = nil,
        maxTokens: Int = 40
    ) throws -> ChatSession<NotingModel> {
        try ChatSession(
            model,
            tokenizer: tokenizer,
            system: system,
            options: options(maxTokens),
            seed: 1
        )
    }

    private func text(_ tokens: [TokenID]) -> String {
        tokens.map { $0 == 256 ? "<s>" : $0 == 257 ? "</s>" : String(Unicode.Scalar(UInt8($0))) }
            .joined()
    }

    @Test func turnsAreReadInTheFormOfLlama2() throws {
        let model = NotingModel(contextLength: 200)
        let chat = try chat(model, system: "Be kind.")
        let first = try chat.reply(to: "Hello") { _ in true }
        #expect(first.text == "OK")
        #expect(first.tokens == [0x4F, 0x4B])
        #expect(first.stopReason == .endOfText)
        _ = try chat.reply(to: "Bye") { _ in true }
        #expect(
            text(model.session.tokens)
                == "<s>[INST] <<SYS>>\nBe kind.\n<</SYS>>\n\nHello [/INST]OK</s>"
                + "<s>[INST] Bye [/INST]OK"
        )
    }

    @Test func aTurnReadsOnlyItsOwnTokens() throws {
        let model = NotingModel(contextLength: 200)
        let chat = try chat(model)
        let first = try chat.reply(to: "Hello") { _ in true }
        #expect(first.promptTokenCount == 1 + "[INST] Hello [/INST]".utf8.count)
        let second = try chat.reply(to: "Bye") { _ in true }
        // The end of the first reply, which was predicted but not read, is among them.
        #expect(second.promptTokenCount == 2 + "[INST] Bye [/INST]".utf8.count)
        #expect(
            model.session.parts.map(\.count) == [
                first.promptTokenCount, 1, 1, second.promptTokenCount, 1, 1,
            ]
        )
    }

    @Test func aFullContextForgetsTheOldestTurnsButNotTheSystemPrompt() throws {
        let model = NotingModel(contextLength: 120)
        let chat = try chat(model, system: "Be kind.", maxTokens: 8)
        var forgotten: [Int] = []
        for turn in 0..<12 {
            let reply = try chat.reply(to: "Message \(turn)") { _ in true }
            #expect(reply.text == "OK")
            forgotten.append(reply.forgottenTurnCount)
            let held = text(model.session.tokens)
            #expect(held.hasPrefix("<s>[INST] <<SYS>>\nBe kind.\n<</SYS>>\n\nMessage "))
            #expect(held.contains("Message \(turn) [/INST]"))
            #expect(held.ranges(of: "<<SYS>>").count == 1)
        }
        #expect(forgotten.first == 0 && (forgotten.last ?? 0) >= 6)
        #expect(forgotten == forgotten.sorted())
        // Room for more than one turn is made at a time.
        #expect(Set(forgotten).count < 8)
    }

    @Test func aReplyThatFillsTheContextForgetsAndGoesOn() throws {
        let model = NotingModel(contextLength: 100, reply: [0x61])
        let chat = try chat(model, system: "S", maxTokens: 40)
        for _ in 0..<5 {
            let reply = try chat.reply(to: "Go") { _ in true }
            #expect(reply.text == String(repeating: "a", count: 40))
            #expect(reply.stopReason == .length)
            #expect(text(model.session.tokens).hasPrefix("<s>[INST] <<SYS>>\nS\n<</SYS>>\n\nGo"))
        }
    }

    @Test func aReplyWithNothingLeftToForgetEnds() throws {
        let model = NotingModel(contextLength: 60, reply: [0x61])
        let chat = try chat(model, maxTokens: 1000)
        let reply = try chat.reply(to: "Go") { _ in true }
        #expect(reply.stopReason == .context)
        // The last token is predicted by a full context.
        #expect(reply.tokens.count == 60 - (1 + "[INST] Go [/INST]".utf8.count) + 1)
        #expect(try chat.reply(to: "Again") { _ in true }.forgottenTurnCount == 1)
    }

    @Test func aMessageLongerThanTheContextIsRefusedAndLeavesTheRest() throws {
        let model = NotingModel(contextLength: 80)
        let chat = try chat(model)
        _ = try chat.reply(to: "Hello") { _ in true }
        #expect(throws: TextGenerationError.turnTooLong(tokenCount: 116, maximum: 80)) {
            try chat.reply(to: String(repeating: "x", count: 100)) { _ in true }
        }
        let reply = try chat.reply(to: "Bye") { _ in true }
        #expect(reply.forgottenTurnCount == 0)
        #expect(reply.promptTokenCount == 2 + "[INST] Bye [/INST]".utf8.count)
    }

    @Test func anErrorOfTheModelLeavesTheConversationAsItWas() throws {
        struct Failure: Error {}
        let model = NotingModel(contextLength: 200)
        let chat = try chat(model)
        _ = try chat.reply(to: "Hello") { _ in true }
        model.session.error = Failure()
        #expect(throws: Failure.self) { try chat.reply(to: "Lost") { _ in true } }
        #expect(throws: Failure.self) { try chat.reply(to: "Lost") { _ in throw Failure() } }
        _ = try chat.reply(to: "Bye") { _ in true }
        #expect(!text(model.session.tokens).contains("Lost"))
        #expect(text(model.session.tokens).contains("OK</s><s>[INST] Bye [/INST]"))
    }

    @Test func aReplyEndsWhenTheCallerSaysSo() throws {
        let chat = try chat(NotingModel(contextLength: 200, reply: [0x61]))
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
        var options = options(100)
        // Every token may be part of it.
        options.stopStrings = [String(repeating: "a", count: 90)]
        let chat = try ChatSession(
            NotingModel(contextLength: 200, reply: [0x61]),
            tokenizer: tokenizer,
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
        let chat = try chat(model)
        let reply = try chat.reply(to: "Go") { _ in false }
        #expect(reply.stopReason == .interrupted)
        #expect(reply.tokens == [])
        #expect(model.session.parts.count == 1)
    }

    @Test func noTokensMakeAnEmptyReply() throws {
        let model = NotingModel(contextLength: 200)
        let chat = try chat(model, maxTokens: 0)
        let reply = try chat.reply(to: "Go") { _ in true }
        #expect(reply.stopReason == .length)
        #expect(reply.tokens == [])
        #expect(throws: InferenceError.self) { try self.chat(model, maxTokens: -1) }
    }

    @Test(.enabled(if: TestData.isAvailable, Comment(rawValue: TestData.skipReason)))
    func turnsHaveTheIDsOfSentencePiece() throws {
        let tokenizer = try SentencePieceTokenizer(
            contentsOf: TestData.path("llama2/tokenizer.model")
        )
        let template = Llama2ChatTemplate()
        let first = template.opening(
            of: "Who are you?",
            system: "Be kind.",
            tokenizer: tokenizer
        )
        let second = template.opening(
            of: "Say it\nin French, s'il te plaît.",
            system: nil,
            tokenizer: tokenizer
        )
        // Made with version 0.2.3 of the sentencepiece package, from Meta's template.
        #expect(
            first == [
                1, 518, 25580, 29962, 3532, 14816, 29903, 6778, 13, 3629, 2924, 29889, 13, 29966,
                829, 14816, 29903, 6778, 13, 13, 22110, 526, 366, 29973, 518, 29914, 25580, 29962,
            ]
        )
        #expect(template.closing(tokenizer: tokenizer) == [2])
        #expect(
            second == [
                1, 518, 25580, 29962, 14891, 372, 13, 262, 5176, 29892, 269, 29915, 309, 734, 2174,
                13871, 29889, 518, 29914, 25580, 29962,
            ]
        )
    }

    @Test func repliesAreThoseOfTheWholeConversationReadAnew() throws {
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
            Llama2Checkpoint(randomWeights: configuration, using: &generator),
            ops: Ops(threadCount: 1)
        )
        let chat = try ChatSession(
            model,
            tokenizer: tokenizer,
            system: "Be kind.",
            options: options(12),
            seed: 1
        )
        let template = Llama2ChatTemplate()
        var tokens: [TokenID] = []
        for (turn, message) in ["Hello", "And then?", "Bye"].enumerated() {
            let reply = try chat.reply(to: message) { _ in true }
            tokens += template.opening(
                of: message,
                system: turn == 0 ? "Be kind." : nil,
                tokenizer: tokenizer
            )
            let whole = try TokenGenerator(
                model,
                prompt: tokens,
                sampler: Sampler(.greedy, seed: 1),
                limits: GenerationLimits(maxTokens: 12, endTokens: [256, 257])
            )
            while try whole.next() != nil {}
            #expect(reply.tokens == whole.tokens)
            tokens += reply.tokens + template.closing(tokenizer: tokenizer)
        }
    }
}
