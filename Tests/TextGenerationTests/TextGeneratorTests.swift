import Inference
import Testing
import TextGeneration
import Tokenization

private func pieces(
    of tokens: [Int32],
    maxTokens: Int = 60,
    ignoresEndOfText: Bool = false
) throws -> (pieces: [String], stream: TextStream) {
    let model = PlaybackModel(vocabularySize: 257, tokens: tokens)
    let generator = try TextGenerator(model, vocabulary: byteVocabulary)
    let stream = try generator.stream(
        options: TextGenerationOptions(
            maxTokens: maxTokens,
            sampling: .greedy,
            ignoresEndOfText: ignoresEndOfText
        ),
        seed: 1
    )
    var pieces: [String] = []
    while let piece = try stream.next() { pieces.append(piece) }
    return (pieces, stream)
}

@Suite struct TextGeneratorTests {
    @Test func aCharacterOfSeveralTokensIsNeverSplit() throws {
        let text = "né 🙂!"
        let bytes = text.utf8.map { Int32($0) }
        let (pieces, stream) = try pieces(of: bytes + [256])
        #expect(pieces == ["n", "", "é", " ", "", "", "", "🙂", "!"])
        #expect(stream.text == text)
        #expect(stream.tokens == bytes)
        #expect(stream.stopReason == .endOfText)
    }

    @Test func aCharacterLeftUnfinishedIsReplacedOnce() throws {
        let (pieces, stream) = try pieces(of: [0x61, 0xF0, 0x9F], maxTokens: 3)
        #expect(pieces == ["a", "", "", "\u{FFFD}"])
        #expect(stream.text == "a\u{FFFD}")
        #expect(stream.stopReason == .length)
    }

    @Test func bytesThatAreNotUTF8AreReplaced() throws {
        #expect(try pieces(of: [0xFF, 0x62, 256]).stream.text == "\u{FFFD}b")
    }

    @Test func anIgnoredEndOfTextIsPartOfTheText() throws {
        let (_, stream) = try pieces(of: [0x61, 256, 0x62], maxTokens: 3, ignoresEndOfText: true)
        #expect(stream.text == "a<|endoftext|>b")
        #expect(stream.tokens == [0x61, 256, 0x62])
        #expect(stream.stopReason == .length)
    }

    @Test func withoutAPromptTheTextStartsFromTheEndOfTextToken() throws {
        #expect(try pieces(of: [0x61, 256]).stream.promptTokenCount == 1)
    }

    @Test func whatCannotBeGeneratedIsAnError() throws {
        let model = PlaybackModel(vocabularySize: 257, contextLength: 4, tokens: [0x61])
        let generator = try TextGenerator(model, vocabulary: byteVocabulary)
        var options = TextGenerationOptions(maxTokens: 5, sampling: .greedy)
        #expect(throws: TextGenerationError.noPrompts) {
            try generator.batch(tokens: [], options: options, seeds: [])
        }
        #expect(throws: InferenceError.promptTooLong(tokenCount: 5, maximum: 4)) {
            try generator.batch(tokens: [[], [1, 2, 3, 4, 5]], options: options, seeds: [1, 2])
        }
        options.maxTokens = -1
        #expect(
            throws: InferenceError.invalidOption(
                name: "number of tokens to generate",
                requirement: "0 or more",
                found: "-1"
            )
        ) { try generator.stream(options: options, seed: 1) }
    }

    @Test func withoutATokenThatStartsTextsAPromptIsNeeded() throws {
        let model = PlaybackModel(vocabularySize: 257, tokens: [0x61])
        let generator = try TextGenerator(model, vocabulary: StartlessVocabulary())
        let options = TextGenerationOptions(maxTokens: 2, sampling: .greedy)
        #expect(throws: TextGenerationError.nothingToStart) {
            try generator.stream(options: options, seed: 1)
        }
        let stream = try generator.stream(tokens: [0x62], options: options, seed: 1)
        while try stream.next() != nil {}
        #expect(stream.text == "aa")
    }

    @Test func aPromptIsNotPartOfTheText() throws {
        let model = PlaybackModel(vocabularySize: 257, tokens: [0x63, 256])
        let stream = try TextGenerator(model, vocabulary: byteVocabulary).stream(
            tokens: [0x61, 0x62],
            options: TextGenerationOptions(maxTokens: 5, sampling: .greedy),
            seed: 1
        )
        while try stream.next() != nil {}
        #expect(stream.promptTokenCount == 2)
        #expect(stream.text == "c")
    }

    @Test func anInterruptedTextKeepsWhatIsThere() throws {
        let model = PlaybackModel(vocabularySize: 257, tokens: [0x61, 0xC3])
        let stream = try TextGenerator(model, vocabulary: byteVocabulary).stream(
            options: TextGenerationOptions(maxTokens: 50, sampling: .greedy),
            seed: 1
        )
        #expect(try stream.next() == "a")
        #expect(try stream.next() == "")
        stream.interrupt()
        #expect(try stream.next() == "\u{FFFD}")
        #expect(try stream.next() == nil)
        #expect(stream.stopReason == .interrupted)
    }

    @Test func aTokenizerWithMoreTokensThanTheModelIsRefused() {
        let model = PlaybackModel(vocabularySize: 256, tokens: [0])
        #expect(
            throws: TextGenerationError.vocabularyMismatch(tokenizerSize: 257, modelSize: 256)
        ) {
            try TextGenerator(model, vocabulary: byteVocabulary)
        }
    }

    @Test func idsThatTheTokenizerLacksAreNeverDrawn() throws {
        // The model would always say 290; of the others, the first is as likely as any.
        let model = PlaybackModel(vocabularySize: 300, tokens: [290])
        let generator = try TextGenerator(model, vocabulary: byteVocabulary)
        var options = TextGenerationOptions(
            maxTokens: 20,
            sampling: try SamplingOptions(temperature: 0, repetitionPenalty: 2),
            ignoresEndOfText: true
        )
        let greedy = try generator.stream(tokens: [1], options: options, seed: 1)
        while try greedy.next() != nil {}
        #expect(greedy.tokens == Array(repeating: 0, count: 20))
        options.sampling = try SamplingOptions()
        let batch = try generator.batch(
            tokens: [[1], [], [2]],
            options: options,
            seeds: [1, 2, 3]
        )
        while try batch.next() != nil {}
        #expect((0..<3).allSatisfy { batch[$0].tokens.allSatisfy { $0 <= 256 } })
        options.sampling = try SamplingOptions(logitBias: [257: 1])
        #expect(throws: InferenceError.unknownBiasToken(token: 257, vocabularySize: 257)) {
            try generator.stream(options: options, seed: 1)
        }
        options.sampling = .greedy
        #expect(throws: TextTokenizerError.unknownToken(id: 257, vocabularySize: 257)) {
            try generator.stream(tokens: [1, 257], options: options, seed: 1)
        }
    }

    @Test func aLongPromptIsCutWhenTheContextSlides() throws {
        let model = PlaybackModel(vocabularySize: 257, contextLength: 8, tokens: [0x61])
        let stream = try TextGenerator(model, vocabulary: byteVocabulary).stream(
            tokens: Array(0..<20),
            options: TextGenerationOptions(
                maxTokens: 6,
                sampling: .greedy,
                contextOverflow: .slide
            ),
            seed: 1
        )
        while try stream.next() != nil {}
        #expect(stream.text == "aaaaaa")
        #expect(stream.promptTokenCount == 4)
    }
}
