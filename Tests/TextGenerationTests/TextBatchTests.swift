import Inference
import Testing
import TextGeneration
import Tokenization

@Suite struct TextBatchTests {
    private func generator() throws -> TextGenerator {
        let model = PlaybackModel(vocabularySize: 257, tokens: "né!".utf8.map { Int32($0) } + [256])
        return try TextGenerator(model, vocabulary: byteVocabulary)
    }

    private func options(_ maxTokens: Int, stop: [String] = []) -> TextGenerationOptions {
        TextGenerationOptions(maxTokens: maxTokens, sampling: .greedy, stopStrings: stop)
    }

    @Test func everyTextEndsWithALastPiece() throws {
        let batch = try generator().batch(
            tokens: [[1], [], [1]],
            options: options(3),
            seeds: [0, 1, 2]
        )
        #expect(batch.count == 3)
        var texts = ["", "", ""]
        var ended: [Int] = []
        while let pieces = try batch.next() {
            for piece in pieces {
                #expect(!ended.contains(piece.index))
                texts[piece.index] += piece.text
                if piece.isLast { ended.append(piece.index) }
            }
        }
        #expect(ended.sorted() == [0, 1, 2])
        #expect(texts == ["né", "né", "né"])
        #expect((0..<3).map { batch[$0].text } == texts)
        #expect(batch[1].promptTokenCount == 1)
        #expect(batch[1].stopReason == .length)
    }

    @Test func aStopStringEndsItsTextOnly() throws {
        // Sequences of a playback differ only in their number.
        let batch = try generator().batch(
            tokens: [[1], [2]],
            options: options(9, stop: ["!"]),
            seeds: [0, 0]
        )
        while try batch.next() != nil {}
        #expect(batch[0].text == "né")
        #expect(batch[0].stopReason == .stopString)
        #expect(batch[0].tokens.count == 4)
    }

    @Test func anInterruptedBatchReturnsWhatIsHeldBack() throws {
        let batch = try generator().batch(tokens: [[1]], options: options(9), seeds: [0])
        _ = try batch.next()
        _ = try batch.next()
        batch.interrupt()
        // The first byte of é.
        let pieces = try #require(try batch.next())
        #expect(pieces.map(\.text) == ["\u{FFFD}"])
        #expect(pieces.map(\.isLast) == [true])
        #expect(try batch.next() == nil)
        #expect(batch[0].stopReason == .interrupted)
    }

    @Test func aBiasForAnUnknownTokenIsAnErrorBeforeTheModelRuns() throws {
        let options = TextGenerationOptions(
            maxTokens: 1,
            sampling: try SamplingOptions(logitBias: [257: 1])
        )
        #expect(throws: InferenceError.unknownBiasToken(token: 257, vocabularySize: 257)) {
            try generator().batch(tokens: [[1]], options: options, seeds: [0])
        }
    }
}
