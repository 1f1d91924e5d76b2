import Foundation
import Inference
import Tensors
import Testing

/// The tokens that many draws give, with how often.
private func histogram(
    _ logits: [Float],
    _ options: SamplingOptions,
    draws: Int = 4000
) throws -> [Int32: Int] {
    var sampler = Sampler(options, seed: 7)
    var counts: [Int32: Int] = [:]
    for _ in 0..<draws { counts[try sampler.sample(logits), default: 0] += 1 }
    return counts
}

/// Logits in an order that is neither rising nor falling.
private func scatteredLogits(_ count: Int) -> [Float] {
    var generator = MersenneTwister(seed: 3)
    return (0..<count).map { _ in generator.nextFloat() * 8 - 4 }
}

@Suite struct SamplerTests {
    @Test func temperatureZeroTakesTheLargestLogit() throws {
        var sampler = Sampler(.greedy, seed: 1)
        #expect(try sampler.sample([-3, 2, 5, 4.9]) == 2)
        #expect(try sampler.sample([-.infinity, -2, -7]) == 1)
    }

    @Test func equalLogitsGiveTheLowestToken() throws {
        var greedy = Sampler(.greedy, seed: 1)
        #expect(try greedy.sample([1, 4, 4, 4]) == 1)
        #expect(try greedy.sample([-0.0, 0]) == 0)
        #expect(try greedy.sample([0, -0.0]) == 0)
        let two = try SamplingOptions(topK: 2)
        #expect(Set(try histogram([-0.0, 0, -0.0, 0], two).keys) == [0, 1])
    }

    @Test(arguments: [Float.nan, -.nan, .signalingNaN, .infinity])
    func aLogitThatIsNoNumberIsAnError(value: Float) throws {
        for options in [SamplingOptions.greedy, try SamplingOptions(topK: 2, topP: 0.5)] {
            for position in 0..<3 {
                var logits: [Float] = [1, 2, 3]
                logits[position] = value
                var sampler = Sampler(options, seed: 1)
                #expect {
                    try sampler.sample(logits)
                } throws: { error in
                    guard case InferenceError.unusableLogit(position, _) = error else {
                        return false
                    }
                    return "\(error)".contains("token \(position)")
                }
            }
        }
    }

    @Test func logitsThatExcludeEveryTokenAreAnError() {
        var sampler = Sampler(.greedy, seed: 1)
        #expect(throws: InferenceError.unusableLogit(token: 0, value: -.infinity)) {
            try sampler.sample([-.infinity, -.infinity])
        }
    }

    @Test func tokensAreDrawnAsOftenAsTheirProbabilitySays() throws {
        // Probabilities 0.1, 0.2, 0.3, 0.4.
        let logits = [1, 2, 3, 4].map { (x: Float) in log(x) }
        let counts = try histogram(logits, SamplingOptions(), draws: 20000)
        for (token, expected) in [2000.0, 4000, 6000, 8000].enumerated() {
            // Five standard deviations of a binomial count are at most 350.
            #expect(abs(Double(counts[Int32(token)] ?? 0) - expected) < 350)
        }
    }

    @Test func temperatureSharpensAndFlattens() throws {
        let logits: [Float] = [0, 1]
        // p(1) = 1 / (1 + exp(-1 / temperature)).
        for (temperature, probability) in [(Float(0.5), 0.8808), (1, 0.7311), (4, 0.5622)] {
            let options = try SamplingOptions(temperature: temperature)
            let count = try histogram(logits, options, draws: 20000)[1] ?? 0
            #expect(abs(Double(count) / 20000 - probability) < 0.018)
        }
    }

    @Test func aVanishingTemperatureIsGreedy() throws {
        let options = try SamplingOptions(temperature: .leastNonzeroMagnitude)
        #expect(try histogram([3, 1, 3.5, -2], options, draws: 50) == [2: 50])
    }

    @Test(arguments: [1, 2, 3, 5, 40, 99, 100, 1000])
    func topKKeepsTheMostLikelyTokens(k: Int) throws {
        let logits = scatteredLogits(100)
        let ranked = logits.indices.sorted { logits[$0] > logits[$1] }
        // A high temperature makes every token that is left likely to appear.
        let options = try SamplingOptions(temperature: 100, topK: k)
        let drawn = Set(try histogram(logits, options).keys.map { Int($0) })
        #expect(drawn == Set(ranked.prefix(k)))
    }

    @Test(arguments: [[Float](repeating: 1, count: 60), (0..<60).map { Float($0) }])
    func topKHoldsForEqualAndForSortedLogits(logits: [Float]) throws {
        let ranked = logits.indices.sorted { (logits[$1], $0) < (logits[$0], $1) }
        for k in [2, 7, 59] {
            let options = try SamplingOptions(temperature: 1000, topK: k)
            let drawn = Set(try histogram(logits, options).keys.map { Int($0) })
            #expect(drawn == Set(ranked.prefix(k)))
        }
    }

    @Test(
        arguments: zip(
            [Float(0.05), 0.39, 0.41, 0.69, 0.71, 0.91, 1],
            [Set<Int32>([3]), [3], [3, 2], [3, 2], [3, 2, 1], [3, 2, 1, 0], [3, 2, 1, 0]]
        )
    )
    func topPKeepsTheFewestTokensThatReachIt(topP: Float, expected: Set<Int32>) throws {
        // Probabilities 0.1, 0.2, 0.3, 0.4.
        let logits = [1, 2, 3, 4].map { (x: Float) in log(x) }
        #expect(Set(try histogram(logits, SamplingOptions(topP: topP)).keys) == expected)
    }

    @Test func topPAppliesToWhatTopKLeaves() throws {
        // Of 0.3 and 0.4, the larger is 0.57 of what top-k leaves.
        let logits = [1, 2, 3, 4].map { (x: Float) in log(x) }
        let options = try SamplingOptions(topK: 2, topP: 0.55)
        #expect(Set(try histogram(logits, options).keys) == [3])
    }

    @Test func anExcludedTokenIsNeverDrawn() throws {
        let logits: [Float] = [-.infinity, 0, -.infinity, 0]
        for options in [
            try SamplingOptions(temperature: 50), try SamplingOptions(topK: 3),
            try SamplingOptions(topP: 0.999),
        ] {
            #expect(Set(try histogram(logits, options).keys) == [1, 3])
        }
    }

    @Test func theSameSeedGivesTheSameTokens() throws {
        let logits = scatteredLogits(500)
        let options = try SamplingOptions(temperature: 2, topP: 0.9)
        func draw(seed: UInt64) throws -> [Int32] {
            var sampler = Sampler(options, seed: seed)
            return try (0..<50).map { _ in try sampler.sample(logits) }
        }
        #expect(try draw(seed: 5) == draw(seed: 5))
        #expect(try draw(seed: 5) != draw(seed: 6))
    }

    @Test func optionsOutsideTheirRangeAreErrors() {
        #expect(throws: InferenceError.self) { try SamplingOptions(temperature: -1) }
        #expect(throws: InferenceError.self) { try SamplingOptions(temperature: .nan) }
        #expect(throws: InferenceError.self) { try SamplingOptions(temperature: .infinity) }
        #expect(throws: InferenceError.self) { try SamplingOptions(topK: -1) }
        #expect(throws: InferenceError.self) { try SamplingOptions(topP: 0) }
        #expect(throws: InferenceError.self) { try SamplingOptions(topP: 1.5) }
        #expect(throws: InferenceError.self) { try SamplingOptions(topP: .nan) }
    }
}
