// Seeded draws compared with distributions computed by hand.

import Foundation
import Inference
import Testing

/// Logits of the probabilities 0.1, 0.2, 0.3 and 0.4.
private let logits = [1, 2, 3, 4].map { (x: Float) in log(x / 10) }

private struct Case: Sendable, CustomTestStringConvertible {
    let testDescription: String
    let options: SamplingOptions
    /// In proportion to the probabilities.
    let weights: [Double]
    let tokens: [Int32]

    init(
        _ description: String,
        _ options: SamplingOptions,
        _ weights: [Double],
        after tokens: [Int32] = []
    ) {
        testDescription = description
        (self.options, self.weights, self.tokens) = (options, weights, tokens)
    }
}

private func cases() throws -> [Case] {
    try [
        Case("plain", SamplingOptions(), [1, 2, 3, 4]),
        // Square roots and squares.
        Case("temperature 2", SamplingOptions(temperature: 2), [1, 1.414214, 1.732051, 2]),
        Case("temperature 0.5", SamplingOptions(temperature: 0.5), [1, 4, 9, 16]),
        Case("top-k", SamplingOptions(topK: 3), [0, 2, 3, 4]),
        Case("top-k beyond the vocabulary", SamplingOptions(topK: 1000), [1, 2, 3, 4]),
        Case("top-p", SamplingOptions(topP: 0.65), [0, 0, 3, 4]),
        Case("a tiny top-p", SamplingOptions(topP: 1e-30), [0, 0, 0, 4]),
        // 0.6 of 0.4 is 0.24.
        Case("min-p", SamplingOptions(minP: 0.6), [0, 0, 3, 4]),
        Case("bias", SamplingOptions(logitBias: [0: log(5), 2: -.infinity]), [5, 2, 0, 4]),
        // The logit is negative: twice of it is the logarithm of the square, 0.16.
        Case(
            "repetition penalty",
            SamplingOptions(repetitionPenalty: 2),
            [1, 2, 3, 1.6],
            after: [3, 3]
        ),
        // Token 0 is outside the window; 0.2 becomes 0.04.
        Case(
            "repetition penalty within a window",
            SamplingOptions(repetitionPenalty: 2, repetitionWindow: 2),
            [1, 0.4, 3, 4],
            after: [0, 1, 1]
        ),
        // In this order: the bias makes 4, 2, 3, 4, its square root 2, 1.414, 1.732, 2.
        Case(
            "bias, temperature and top-k",
            SamplingOptions(temperature: 2, topK: 3, logitBias: [0: log(4)]),
            [2, 0, 1.732051, 2]
        ),
        // Of what top-k leaves, 4 / 7 are less than 0.6.
        Case("top-p after top-k", SamplingOptions(topK: 2, topP: 0.6), [0, 0, 3, 4]),
        Case("a smaller top-p after top-k", SamplingOptions(topK: 2, topP: 0.55), [0, 0, 0, 4]),
    ]
}

@Suite struct DistributionTests {
    @Test(arguments: try cases())
    private func drawsFollowTheDistribution(_ test: Case) throws {
        let sampler = Sampler(test.options, seed: 7)
        let counts = try counts(of: sampler, logits, after: test.tokens)
        let total = test.weights.reduce(0, +)
        let statistic = chiSquare(counts, test.weights.map { $0 / total })
        let possible = test.weights.count { $0 > 0 }
        // A single possible outcome leaves no freedom.
        let limit = possible == 1 ? 0 : chiSquareLimit(degrees: possible - 1)
        #expect(statistic <= limit, "\(counts)")
    }

    @Test func aWrongDistributionWouldBeNoticed() throws {
        let counts = try counts(
            of: Sampler(try SamplingOptions(temperature: 1.25), seed: 7),
            logits
        )
        #expect(chiSquare(counts, [0.1, 0.2, 0.3, 0.4]) > chiSquareLimit(degrees: 3))
    }

    @Test func allPartsOfALargeVocabularyAreDrawnEqually() throws {
        // Not a multiple of a block; 1003 = 20 * 50 + 3, and the last three are excluded.
        let logits = (0..<1003).map { Float($0 < 1000 ? -30 : -Float.infinity) }
        let counts = try counts(of: Sampler(SamplingOptions(), seed: 3), logits, draws: 1500)
        let groups = (0..<20).map { counts[$0 * 50..<($0 + 1) * 50].reduce(0, +) }
        #expect(groups.reduce(0, +) == 1500)
        let statistic = chiSquare(groups, Array(repeating: 0.05, count: 20))
        #expect(statistic < chiSquareLimit(degrees: 19))
    }

    @Test func neighboringSeedsDrawIndependently() throws {
        var counts = [0, 0, 0, 0]
        for seed in 0..<4000 {
            var sampler = Sampler(try SamplingOptions(), seed: UInt64(seed))
            counts[Int(try sampler.sample(logits))] += 1
        }
        #expect(chiSquare(counts, [0.1, 0.2, 0.3, 0.4]) < chiSquareLimit(degrees: 3))
    }

    @Test func aChainCanBeComposedInAnyOrder() throws {
        // After top-k, the bias raises a token that stays and leaves the others excluded.
        let chain: [any LogitsProcessor] = [
            try TopK(2), try LogitBias([0: 50, 2: log(4) - log(3)]),
        ]
        let counts = try counts(of: Sampler(chain, draw: .random(seed: 7)), logits)
        #expect(chiSquare(counts, [0, 0, 0.5, 0.5]) < chiSquareLimit(degrees: 1))
    }
}
