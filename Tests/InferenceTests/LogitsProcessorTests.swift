import Foundation
import Inference
import RandomNumbers
import Testing

private func processed(
    _ logits: [Float],
    _ processor: some LogitsProcessor,
    after tokens: [Int32] = []
) throws -> [Float] {
    var logits = logits
    var processor = processor
    processor.prompt(tokens)
    var span = logits.mutableSpan
    try processor.process(&span)
    return logits
}

/// The tokens that are not excluded.
private func kept(_ logits: [Float], _ processor: some LogitsProcessor) throws -> [Int] {
    let after = try processed(logits, processor)
    for (before, after) in zip(logits, after) where after > -.infinity { #expect(before == after) }
    return after.indices.filter { after[$0] > -.infinity }
}

/// Logits in random order, many of them equal.
private func tiedLogits(_ count: Int) -> [Float] {
    var generator = MersenneTwister(seed: 3)
    return (0..<count).map { _ in (generator.nextFloat() * 40).rounded() / 4 - 5 }
}

private func ranked(_ logits: [Float]) -> [Int] {
    logits.indices.sorted { (-logits[$0], $0) < (-logits[$1], $1) }
}

private let least = -Float.infinity

@Suite struct LogitsProcessorTests {
    @Test func aRepeatedTokenIsPenalizedOnceWhateverItsSign() throws {
        let penalty = try RepetitionPenalty(2)
        #expect(try processed([4, -4, 0, 3], penalty, after: [1, 0, 1, 0, 2]) == [2, -8, 0, 3])
        #expect(try processed([4, -4, 0, 3], penalty) == [4, -4, 0, 3])
    }

    @Test func aWindowForgetsEarlierTokens() throws {
        let penalty = try RepetitionPenalty(2, window: 2)
        #expect(try processed([4, 4, 4], penalty, after: [0, 1, 2]) == [4, 2, 2])
        #expect(try processed([4, 4, 4], penalty, after: [0]) == [2, 4, 4])
    }

    @Test func aPenaltyForgetsTheSequenceBefore() throws {
        var penalty = try RepetitionPenalty(2)
        penalty.prompt([0, 1])
        penalty.didSample(3)
        #expect(try processed([4, 4, 4, 4], penalty, after: [2]) == [4, 4, 2, 4])
    }

    @Test func aPenaltyIsNewInEveryCall() throws {
        var penalty = try RepetitionPenalty(2)
        penalty.prompt([2])
        for vocabularySize in [3, 3, 5] {
            var logits = [Float](repeating: 4, count: vocabularySize)
            var span = logits.mutableSpan
            penalty.process(&span)
            #expect(logits == [4, 4, 2] + logits[3...])
        }
    }

    /// Compared with counting from scratch every time.
    @Test(arguments: [0, 1, 2, 3, 7, 100])
    func aPenaltyFedTokenByTokenIsThatOfTheLastTokens(window: Int) throws {
        var generator = MersenneTwister(seed: 5)
        var tokens = (0..<4).map { _ in Int32(generator.next32() % 9) }
        var penalty = try RepetitionPenalty(2, window: window)
        penalty.prompt(tokens)
        for _ in 0..<200 {
            var logits = [Float](repeating: 4, count: 9)
            var span = logits.mutableSpan
            penalty.process(&span)
            let seen = Set(window == 0 ? tokens[...] : tokens.suffix(window))
            #expect(logits == (0..<9).map { seen.contains($0) ? 2 : 4 })
            tokens.append(Int32(generator.next32() % 9))
            penalty.didSample(tokens[tokens.count - 1])
        }
    }

    @Test func presenceAndFrequencyCountGeneratedTokensOnly() throws {
        var penalty = try OccurrencePenalty(presence: 0.5, frequency: 0.25)
        penalty.prompt([0, 1, 1])
        for token: Int32 in [1, 2, 2, 2] { penalty.didSample(token) }
        var logits: [Float] = [4, 4, -4, least]
        var span = logits.mutableSpan
        penalty.process(&span)
        // OpenAI's formula: minus count * frequency, and minus presence where the count is above 0.
        #expect(logits == [4, 4 - 0.75, -4 - 1.25, least])
        #expect(try processed([4, 4, 4, 4], penalty, after: [2]) == [4, 4, 4, 4])
    }

    @Test func penaltiesBelowZeroEncourage() throws {
        var penalty = try OccurrencePenalty(presence: -1, frequency: -2)
        penalty.didSample(1)
        var logits: [Float] = [1, 1]
        var span = logits.mutableSpan
        penalty.process(&span)
        #expect(logits == [1, 4])
    }

    @Test func biasesAreAdded() throws {
        let bias = try LogitBias([0: 2, 2: -.infinity])
        #expect(try processed([1, 1, 1], bias) == [3, 1, least])
    }

    @Test func aBiasForAnUnknownTokenIsAnError() throws {
        let bias = try LogitBias([1: 2, 3: 1, 7: 1])
        #expect(throws: InferenceError.unknownBiasToken(token: 3, vocabularySize: 3)) {
            try processed([1, 1, 1], bias)
        }
        let options = try SamplingOptions(logitBias: [3: 1])
        #expect(throws: InferenceError.unknownBiasToken(token: 3, vocabularySize: 3)) {
            try options.check(vocabularySize: 3)
        }
        try options.check(vocabularySize: 4)
    }

    @Test func temperatureDividesDifferences() throws {
        #expect(try processed([1, 3, least], Temperature(0.5)) == [-4, 0, least])
        #expect(try processed([1, 3], Temperature(.leastNonzeroMagnitude)) == [least, 0])
        #expect(
            try processed([1, 3], Temperature(.greatestFiniteMagnitude)).allSatisfy { $0 > -1 }
        )
    }

    @Test(arguments: [1, 2, 3, 15, 16, 17, 40, 99, 100, 101, Int.max])
    func topKKeepsTheFirstOfTheRanking(k: Int) throws {
        let orders = [
            tiedLogits(100), (0..<100).map { Float($0) }, (0..<100).map { -Float($0) },
            [Float](repeating: 1, count: 100),
        ]
        for logits in orders {
            #expect(try kept(logits, TopK(k)) == ranked(logits).prefix(k).sorted())
        }
    }

    @Test func topKOfAVocabularyLikeGPT2s() throws {
        let logits = tiedLogits(50257)
        #expect(try kept(logits, TopK(40)) == ranked(logits).prefix(40).sorted())
    }

    @Test func topKKeepsFewerIfFewerAreLeft() throws {
        #expect(try kept([least, 1, least, 0, least], TopK(4)) == [1, 3])
    }

    @Test(arguments: [Float(1e-30), 0.01, 0.3, 0.5, 0.9, 0.99, 0.9999, 1])
    func topPKeepsTheFewestThatReachIt(p: Float) throws {
        for count in [1, 5, 16, 333, 2000] {
            let logits = tiedLogits(count)
            let weights = logits.map { Double($0) }.map { exp($0) }
            let total = weights.reduce(0, +)
            var expected: [Int] = []
            var sum = 0.0
            for token in ranked(logits) {
                if sum >= Double(p) * total * (1 + 1e-12) { break }
                expected.append(token)
                sum += weights[token]
            }
            #expect(try kept(logits, TopP(p)) == expected.sorted())
        }
    }

    @Test func topPPrefersTheLowerOfEqualTokens() throws {
        #expect(try kept([0, 0, 0, 0], TopP(0.6)) == [0, 1, 2])
    }

    @Test func theOnlyTokenLeftStays() throws {
        let logits = [Float](repeating: least, count: 20) + [-70]
        #expect(try kept(logits, TopP(0.1)) == [20])
        #expect(try kept(logits, TopK(1)) == [20])
        #expect(try kept(logits, MinP(1)) == [20])
    }

    @Test func minPKeepsTokensNearTheMostLikely() throws {
        // Probabilities in the proportion 1 : e^-1 : e^-2.
        #expect(try kept([2, 1, 0], MinP(0.3)) == [0, 1])
        #expect(try kept([2, 1, 0], MinP(0.13)) == [0, 1, 2])
        #expect(try kept([2, 2, 0], MinP(1)) == [0, 1])
        #expect(try kept([2, -80, least], MinP(0)) == [0, 1])
    }

    @Test func valuesOutsideTheirRangeAreErrors() {
        #expect(throws: InferenceError.self) { try Temperature(0) }
        #expect(throws: InferenceError.self) { try TopK(0) }
        #expect(throws: InferenceError.self) { try RepetitionPenalty(0) }
        #expect(throws: InferenceError.self) { try RepetitionPenalty(.nan) }
        #expect(throws: InferenceError.self) { try RepetitionPenalty(1, window: -1) }
        #expect(throws: InferenceError.self) { try OccurrencePenalty(presence: .nan) }
        #expect(throws: InferenceError.self) { try SamplingOptions(frequencyPenalty: .infinity) }
        #expect(throws: InferenceError.self) { try LogitBias([-1: 1]) }
        #expect(throws: InferenceError.self) { try LogitBias([1: .nan]) }
        #expect(throws: InferenceError.self) { try LogitBias([1: .infinity]) }
        #expect(throws: InferenceError.self) { try SamplingOptions(minP: 1.1) }
        #expect(throws: InferenceError.self) { try SamplingOptions(minP: -0.1) }
        #expect(throws: InferenceError.self) { try SamplingOptions(minP: .nan) }
        #expect(throws: InferenceError.self) { try SamplingOptions(repetitionPenalty: -1) }
    }
}
