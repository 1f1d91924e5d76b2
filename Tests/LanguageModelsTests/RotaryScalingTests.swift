import Testing

@testable import LanguageModels

@Suite struct RotaryScalingTests {
    /// Llama 3.1's numbers.
    private let llama3 = RotaryScaling.llama3(
        factor: 8,
        lowFrequencyFactor: 1,
        highFrequencyFactor: 4,
        originalContextLength: 8192
    )

    @Test func frequenciesFollowFromTheta() {
        #expect(RotaryScaling.none.frequencies(theta: 10_000, headSize: 4) == [1, 0.01])
        #expect(
            RotaryScaling.linear(factor: 4).frequencies(theta: 10_000, headSize: 4)
                == [0.25, 0.0025]
        )
        #expect(
            RotaryScaling.perPair(divisors: [2, 5]).frequencies(theta: 10_000, headSize: 4)
                == [0.5, 0.002]
        )
    }

    @Test func llama3LeavesFastPairsAndDividesSlowOnes() {
        let divisors = llama3.divisors(theta: 500_000, headSize: 128)
        #expect(divisors.count == 64)
        // Pair 28 turns 4.2 times within 8,192 tokens, pair 29 3.4 times, and pair 35 0.996 times.
        #expect(divisors[...28].allSatisfy { $0 == 1 })
        #expect(divisors[29] > 1 && divisors[34] < 8)
        #expect(divisors[35...].allSatisfy { $0 == 8 })
        #expect(divisors == divisors.sorted())
    }

    @Test func divisorsAreRecognizedAsTheScalingThatGivesThem() {
        let divisors = llama3.divisors(theta: 500_000, headSize: 64)
        #expect(RotaryScaling(divisors: divisors, theta: 500_000) == llama3)
        // As computed by a program in float32.
        let rounded = divisors.map { $0 * (1 + 1e-6) }
        #expect(RotaryScaling(divisors: rounded, theta: 500_000).name == "llama3")
        #expect(RotaryScaling(divisors: [1, 1, 1], theta: 10_000) == .none)
        #expect(RotaryScaling(divisors: [2.5, 2.5], theta: 10_000) == .linear(factor: 2.5))
        #expect(
            RotaryScaling(divisors: [1, 3, 2], theta: 10_000) == .perPair(divisors: [1, 3, 2])
        )
        #expect(RotaryScaling(divisors: [], theta: 10_000) == .perPair(divisors: []))
    }

    @Test(
        arguments: [
            [], [1, 1], [1, 1, 1, 1], [1, 0, 1], [1, -2, 1], [1, .nan, 1], [1, 1, .infinity],
        ] as [[Float]]
    )
    func divisorsThatGiveNoFrequenciesAreRefused(divisors: [Float]) {
        #expect(throws: ModelError.self) {
            try RotaryScaling.perPair(divisors: divisors).check(headSize: 6)
        }
    }
}
