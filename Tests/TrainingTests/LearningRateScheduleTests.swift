import Testing
import Training

@Suite struct LearningRateScheduleTests {
    private func rates(
        _ shape: LearningRateSchedule.Shape,
        warmup: Int,
        final: Float = 0,
        total: Int
    ) -> [Float] {
        let schedule = LearningRateSchedule(
            shape: shape,
            peak: 1,
            warmupSteps: warmup,
            finalFraction: final,
            totalSteps: total
        )
        return (0..<total).map(schedule.rate(at:))
    }

    private func isClose(_ found: [Float], _ expected: [Float]) -> Bool {
        found.count == expected.count && zip(found, expected).allSatisfy { abs($0 - $1) <= 1e-7 }
    }

    @Test func warmupIsLinearAndReachesThePeakWithItsLastStep() {
        for shape in LearningRateSchedule.Shape.allCases {
            let found = rates(shape, warmup: 4, total: 100).prefix(5)
            #expect(isClose(found + [], [0.25, 0.5, 0.75, 1, 1]), "\(shape)")
        }
    }

    @Test func cosineFallsFromThePeakTowardsTheFinalRate() {
        let halfSqrt2: Float = 0.70710678
        #expect(
            isClose(
                rates(.cosine, warmup: 2, total: 6),
                [0.5, 1, 1, (1 + halfSqrt2) / 2, 0.5, (1 - halfSqrt2) / 2]
            )
        )
        #expect(isClose(rates(.cosine, warmup: 0, final: 0.5, total: 2), [1, 0.75]))
        #expect(isClose(rates(.cosine, warmup: 0, final: 1, total: 3), [1, 1, 1]))
    }

    @Test func linearFallsInAStraightLine() {
        #expect(isClose(rates(.linear, warmup: 1, total: 5), [1, 1, 0.75, 0.5, 0.25]))
        #expect(isClose(rates(.linear, warmup: 0, final: 0.2, total: 4), [1, 0.8, 0.6, 0.4]))
    }

    @Test func constantStaysAtThePeak() {
        #expect(isClose(rates(.constant, warmup: 2, final: 0.1, total: 4), [0.5, 1, 1, 1]))
    }

    @Test func wsdDecaysBySquareRootOverTheLastFifth() {
        // Of 20 steps the last four decline: 1 - sqrt(k / 4).
        let found = rates(.wsd, warmup: 0, total: 20)
        #expect(isClose(found.prefix(17) + [], [Float](repeating: 1, count: 17)))
        #expect(isClose(found.suffix(3) + [], [0.5, 1 - 0.70710678, 1 - 0.86602540]))
        // Of 7 steps the decline starts with step int(0.8 * 7) = 5.
        #expect(isClose(rates(.wsd, warmup: 0, total: 7).suffix(2) + [], [1, 1 - 0.70710678]))
        #expect(isClose(rates(.wsd, warmup: 0, final: 0.5, total: 10).suffix(1) + [], [0.6464466]))
    }

    @Test func wsdWithALongWarmupDecaysFromItsEndWithoutAJump() {
        #expect(
            isClose(
                rates(.wsd, warmup: 6, total: 7).suffix(2) + [],
                [1, 1]
            )
        )
    }

    @Test(arguments: LearningRateSchedule.Shape.allCases)
    func everyEdgeGivesAFiniteRateBetweenZeroAndThePeak(shape: LearningRateSchedule.Shape) {
        for (warmup, total) in [(0, 0), (0, 1), (1, 1), (5, 5), (9, 5), (5, 0), (.max, .max)] {
            let schedule = LearningRateSchedule(
                shape: shape,
                peak: 1,
                warmupSteps: warmup,
                totalSteps: total
            )
            for step in [0, 1, 4, 5, 6, 1000] {
                let rate = schedule.rate(at: step)
                #expect(rate >= 0 && rate <= 1, "\(shape) \(warmup) \(total) \(step)")
            }
        }
    }

    @Test func runThatIsAllWarmupEndsAtThePeak() {
        for shape in LearningRateSchedule.Shape.allCases {
            #expect(isClose(rates(shape, warmup: 2, total: 2), [0.5, 1]), "\(shape)")
        }
    }
}
