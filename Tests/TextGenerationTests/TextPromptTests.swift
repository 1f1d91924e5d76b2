// Text prompts, and the defaults.

import Inference
import Testing
import TextGeneration
import Tokenization

@Suite struct TextPromptTests {
    @Test func aTextFollowsTheModelsStartToken() throws {
        let model = NotingModel(contextLength: 40)
        let generator = try TextGenerator(model, tokenizer: ByteTokenizer())
        let stream = try generator.stream(prompt: "Hi", options: greedyOptions(), seed: 1)
        while try stream.next() != nil {}
        #expect(stream.text == " OK")
        #expect(stream.promptTokenCount == 3)
        #expect(shown(model.session.parts[0]) == "<s>Hi")
    }

    @Test func tokensAreTakenAsTheyAre() throws {
        let model = NotingModel(contextLength: 40)
        let generator = try TextGenerator(model, tokenizer: ByteTokenizer())
        _ = try generator.stream(tokens: [0x48, 0x69], options: greedyOptions()).next()
        #expect(shown(model.session.parts[0]) == "Hi")
    }

    @Test func withoutAPromptATextBegins() throws {
        let model = NotingModel(contextLength: 40)
        let generator = try TextGenerator(model, tokenizer: ByteTokenizer())
        _ = try generator.stream(options: greedyOptions()).next()
        #expect(shown(model.session.parts[0]) == "<s>")
    }

    @Test func aTextNeedsATokenizer() throws {
        let model = PlaybackModel(vocabularySize: 257, tokens: [0x61])
        let generator = try TextGenerator(model, vocabulary: byteVocabulary)
        #expect(throws: TextGenerationError.noTokenizer) { try generator.stream(prompt: "Hi") }
        #expect(try generator.stream(options: greedyOptions()).next() == "a")
    }

    @Test func textsAreSampledWithDefaultsUnlessOptionsSayOtherwise() throws {
        let options = TextGenerationOptions()
        #expect(options.maxTokens == 256)
        #expect(options.sampling == (try SamplingOptions(temperature: 0.8, topP: 0.95)))
        let model = PlaybackModel(vocabularySize: 258, contextLength: 500, tokens: [0x61])
        let stream = try TextGenerator(model, tokenizer: ByteTokenizer()).stream(prompt: "Hi")
        while try stream.next() != nil {}
        #expect(stream.tokens.count == 256)
    }

    @Test func aStreamIsASequenceOfItsPieces() async throws {
        let tokens = "né".utf8.map { Int32($0) } + [257]
        let model = PlaybackModel(vocabularySize: 258, tokens: tokens)
        let generator = try TextGenerator(model, tokenizer: ByteTokenizer())
        var pieces: [String] = []
        for try await piece in try generator.stream(prompt: "Hi", options: greedyOptions()) {
            pieces.append(piece)
        }
        #expect(pieces == ["n", "é"])
    }

    @Test func aReplyIsASequenceOfItsPieces() async throws {
        let chat = try makeChat(NotingModel(contextLength: 200))
        var pieces: [String] = []
        for try await piece in try chat.streamResponse(to: "Hello") { pieces.append(piece) }
        #expect(pieces == [" ", "O", "K"])
        #expect(chat.messages.last?.content == " OK")
    }

    @Test func logProbabilitiesComeWithTextsAndReplies() throws {
        var options = greedyOptions(2)
        options.topLogprobs = 2
        let model = PlaybackModel(vocabularySize: 258, contextLength: 200, tokens: [0x61])
        let stream = try TextGenerator(model, tokenizer: ByteTokenizer())
            .stream(prompt: "Hi", options: options)
        while try stream.next() != nil {}
        let chat = try ChatSession(model, tokenizer: ByteTokenizer(), options: options)
        for logprobs in [stream.generated.logprobs, try chat.respond(to: "Hi").logprobs] {
            #expect(logprobs.map(\.token) == [0x61, 0x61])
            // Equals are ordered by id.
            #expect(logprobs.allSatisfy { $0.top.map(\.token) == [0x61, 0] })
        }
        options.topLogprobs = -1
        #expect(throws: InferenceError.self) {
            try ChatSession(model, tokenizer: ByteTokenizer(), options: options)
        }
    }
}
