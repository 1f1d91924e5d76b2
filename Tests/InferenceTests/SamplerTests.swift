import Foundation
import Inference
import RandomNumbers
import Testing

/// How often each token is drawn in many draws.
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

/// Logits that neither rise nor fall.
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

    @Test func idsFromTheLimitOnAreNeverDrawn() throws {
        // Far likelier than the others, and one of them NaN.
        let logits: [Float] = [1, 2, 3, 90, 80, .nan]
        let chains = [
            SamplingOptions.greedy, try SamplingOptions(), try SamplingOptions(topK: 5, topP: 0.9),
            try SamplingOptions(temperature: 0, repetitionPenalty: 3, logitBias: [0: 5]),
            try SamplingOptions(minP: 0.01, repetitionPenalty: 3, logitBias: [0: 5]),
        ]
        for options in chains {
            var limited = Sampler(options, seed: 1, tokenLimit: 3)
            var whole = Sampler(options, seed: 1)
            limited.prompt([2, 1])
            whole.prompt([2, 1])
            for _ in 0..<50 {
                let token = try limited.sample(logits)
                #expect(token == (try whole.sample(Array(logits[..<3]))))
            }
        }
        var biased = Sampler(try SamplingOptions(logitBias: [3: 1]), seed: 1, tokenLimit: 3)
        #expect(throws: InferenceError.unknownBiasToken(token: 3, vocabularySize: 3)) {
            try biased.sample(logits)
        }
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
    func aNaNLogitIsAnError(value: Float) throws {
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

    @Test func optionsThatExcludeEveryTokenAreAnError() throws {
        for temperature in [Float(0), 1, 0.5] {
            let options = try SamplingOptions(
                temperature: temperature,
                topK: 1,
                topP: 0.5,
                minP: 0.5,
                logitBias: [0: -.infinity, 1: -.infinity]
            )
            var sampler = Sampler(options, seed: 1)
            #expect(throws: InferenceError.nothingToDraw) { try sampler.sample([1, 2]) }
        }
    }

    @Test func aProcessorThatMakesNaNIsAnError() throws {
        struct Broken: LogitsProcessor {
            func process(_ logits: inout MutableSpan<Float>) {
                logits[1] = .nan
            }
        }
        for draw in [TokenDraw.greedy, .random(seed: 1)] {
            var sampler = Sampler([Broken()], draw: draw)
            #expect(throws: InferenceError.nothingToDraw) { try sampler.sample([1, 2, 3]) }
        }
    }

    @Test func aVanishingTemperatureIsGreedy() throws {
        let options = try SamplingOptions(temperature: .leastNonzeroMagnitude)
        #expect(try histogram([3, 1, 3.5, -2], options, draws: 50) == [2: 50])
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
