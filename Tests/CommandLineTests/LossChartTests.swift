// The chart of a run's losses: which of them it shows, on which scale, and what is drawn.

import Testing
import Training

@testable import SwiftletCLI

@Suite struct LossCourseTests {
    private func course(_ losses: [Float], from first: Int = 1) -> LossCourse {
        var course = LossCourse()
        for (index, loss) in losses.enumerated() { course.add(loss, step: first + index) }
        return course
    }

    @Test func aShortRunIsShownStepByStep() {
        #expect(course([3, 2, 1]).means(80) == [3, 2, 1])
        #expect(course([]).means(80) == [])
        #expect(course([3, 2, 1]).means(0) == [])
        #expect(course([3, .nan, 1, .infinity]).means(80) == [3, nil, 1])
        #expect(course([3, .nan, 1, .infinity]).lastStep == 4)
    }

    @Test func aLongRunIsShownAsMeansOverAllOfIt() {
        let means = course((1...100_000).map { Float($0) }).means(10).compactMap { $0 }
        #expect(means.count == 10)
        #expect(zip(means, means.dropFirst()).allSatisfy { $0 < $1 })
        // The first and the last tenth, up to the steps of a point.
        #expect(abs(means[0] - 5000) < 200)
        #expect(abs(means[9] - 95_000) < 200)
    }

    @Test func aPointStandsForSeveralStepsIfThereAreMany() {
        #expect(course((1...400).map { _ in 1 }).means(1000).count == 100)
        #expect(course((1...40).map { _ in 1 }).means(1000).count == 24)
    }

    @Test func stepsBeforeAResumeAreAGapUnlessTheyAreRecalled() {
        let means = course([1, 1, 1, 1], from: 5).means(80)
        #expect(means == [nil, nil, nil, nil, 1, 1, 1, 1])
        var progress = TrainingProgress(totalSteps: 8)
        for step in 1...6 {
            progress.recall(.training(step: step, loss: Float(step)), upTo: 4)
            progress.recall(.validation(step: step, loss: 2), upTo: 4)
        }
        #expect(progress.course.means(80) == [1, 2, 3, 4])
        #expect(progress.validations.map(\.step) == [1, 2, 3, 4])
    }

    @Test func theEndOfALongRunIsNotASpike() {
        // A point of two steps after 1,024, of which the last has one.
        var course = course((1...1024).map { _ in 1 })
        course.add(1, step: 1025)
        for step in 1026...2052 { course.add(1, step: step) }
        course.add(100, step: 2053)
        #expect(course.means(2000).allSatisfy { $0 == 1 })
    }
}

@Suite struct LossScaleTests {
    @Test func aPlateauIsDrawnFlat() {
        let glyphs = DisplayGlyphs.unicode
        #expect(glyphs.curve([5, 5, 5]) == "▁▁▁")
        #expect(glyphs.curve([5.002, 5, 5.001]) == "▁▁▁")
        #expect(glyphs.curve([8, 1, 4.5]) == "█▁▅")
        #expect(glyphs.curve([8, nil, 1]) == "█ ▁")
        #expect(glyphs.curve([]) == "")
        #expect(DisplayGlyphs.ascii.curve([8, 1]) == "")
    }

    @Test func theFirstLossesDoNotFlattenTheRest() throws {
        let losses = [100.0, 50] + (0..<98).map { 10 - Double($0) / 20 }
        let scale = try #require(LossScale(losses))
        #expect(scale.low == losses.min())
        #expect(scale.high < 10.1)
        // Nothing is cut off where there is little to gain.
        let even = try #require(LossScale((0..<100).map { Double($0) }))
        #expect(even.high == 99)
        #expect(LossScale([]) == nil)
    }

    @Test func heightsGoFromTheBottomToAboveTheTop() throws {
        let scale = try #require(LossScale([0, 10]))
        #expect(
            [0, 4, 10, 11, 1e300, -5].map { scale.height($0, of: 11) } == [0, 4, 10, 11, 11, 0]
        )
    }
}

@Suite struct LossChartTests {
    private func lines(
        _ losses: [Float],
        glyphs: DisplayGlyphs,
        columns: Int = 30,
        rows: Int = 5
    ) -> [String] {
        var progress = TrainingProgress(totalSteps: 100)
        for (index, loss) in losses.enumerated() {
            progress.recall(.training(step: index + 1, loss: loss), upTo: 1000)
        }
        return LossChart(glyphs: glyphs).lines(progress, columns: columns, rows: rows).map(\.text)
    }

    @Test func aFallingLossFallsFromTheLeftToTheRight() {
        #expect(
            lines([4, 3, 2, 1], glyphs: .ascii)
                == [
                    "4.00 |****                    ",
                    "     |    ********            ",
                    "     |            ********    ",
                    "1.00 |                    ****",
                    "      1         loss    step 4",
                ]
        )
    }

    @Test func lossesThatCameDownFromFarAboveEnterAtTheTop() {
        let lines = lines([90] + (0..<23).map { 3 - Float($0) / 10 }, glyphs: .unicode)
        #expect(lines.count == 5)
        #expect(lines[0].hasPrefix("2.9") || lines[0].hasPrefix("3.0"))
        // A straight line down from the top row.
        #expect(lines[0].contains(#/│ *[⠀-⣿]/#))
    }

    @Test func validationsStandWhereTheyWereMeasured() {
        var progress = TrainingProgress(totalSteps: 100)
        for step in 1...24 { progress.recall(.training(step: step, loss: 4), upTo: 100) }
        progress.recall(.validation(step: 1, loss: 4), upTo: 100)
        progress.recall(.validation(step: 24, loss: 2), upTo: 100)
        progress.recall(.validation(step: 24, loss: .nan), upTo: 100)
        let lines = LossChart(glyphs: .ascii).lines(progress, columns: 31, rows: 5).map(\.text)
        #expect(lines[0].hasPrefix("4.00 |o***"))
        #expect(lines[3] == "2.00 |                        o")
        #expect(lines[4].hasSuffix("step 24"))
    }

    @Test func withoutRoomThereIsNoChart() {
        #expect(lines([4], glyphs: .ascii) == [])
        #expect(lines([4, 3], glyphs: .ascii, columns: 12) == [])
        #expect(lines([4, 3], glyphs: .ascii, rows: 2) == [])
        #expect(lines([.nan, .nan], glyphs: .unicode) == [])
    }

    @Test func manyValidationsAreThinnedOut() {
        var progress = TrainingProgress(totalSteps: 100_000)
        for step in 1...2000 { progress.apply(.validation(step: step, loss: 3), at: .zero) }
        #expect(progress.validations.count <= 512)
        #expect(progress.validations.last?.step == 2000)
        #expect(progress.validations.first.map { $0.step < 10 } == true)
    }
}
