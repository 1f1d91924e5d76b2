// The layout of the panel of `train`, and what it is made of: the same state gives the same lines.

import Foundation
import Testing
import Training

@testable import SwiftletCLI

/// A step of 1,000 tokens in 100 ms.
private func step(_ number: Int, loss: Float = 5, milliseconds: Int = 100) -> TrainingEvent {
    .step(
        TrainingStep(
            step: number,
            loss: loss,
            learningRate: 3e-4,
            gradientNorm: 1.25,
            duration: .milliseconds(milliseconds),
            tokenCount: 1000
        )
    )
}

/// A run of 1,000 steps that has made half of them, 100 ms each, with falling losses.
private func halfway(sample: String = "Once upon a time") -> TrainingProgress {
    var progress = TrainingProgress(
        totalSteps: 1000,
        stepData: TrainingProgress.StepData(tokens: 1000, epochs: 0.0025)
    )
    progress.apply(.validation(step: 0, loss: 9), at: .zero)
    for number in 1...500 {
        let loss = 8 - Float(number) / 100
        progress.apply(step(number, loss: loss), at: .milliseconds(100 * number))
    }
    progress.apply(.validation(step: 500, loss: 3.5), at: .seconds(50))
    progress.apply(.sample(step: 500, text: sample), at: .seconds(50))
    progress.peakMemory = 85 << 20
    return progress
}

private func texts(
    _ progress: TrainingProgress,
    columns: Int,
    rows: Int = 24,
    glyphs: DisplayGlyphs = .unicode
) -> [String] {
    TrainingPanel(glyphs: glyphs).lines(progress, columns: columns, rows: rows).map(\.text)
}

@Suite struct TrainingPanelTests {
    @Test func aPanelOf80ColumnsHoldsTwoFactsPerLine() {
        let lines = texts(halfway(), columns: 80)
        #expect(lines.count == 8)
        #expect(lines[0] == "")
        #expect(
            lines[1]
                == " " + String(repeating: "━", count: 29) + "╸" + String(repeating: "─", count: 29)
                + "   50%    500/1,000"
        )
        #expect(
            lines[2...5]
                == [
                    " loss        3.0750 ↓  mean of 16 steps       time    50s, 50s left",
                    " validation  3.5000  best so far, at 500      speed   10,000 tokens/s",
                    " update      rate 3.00e-04  norm 1.25         step    100 ms",
                    " seen        500k tokens, 1.25 epochs         memory  85.0 MiB at most",
                ][...]
        )
        #expect(lines[6].hasPrefix(" curve       ██"))
        #expect(lines[6].hasSuffix("▁▁  steps 1 to 500"))
        #expect(lines[6].count == 79)
        #expect(lines[7] == " sample      Once upon a time")
    }

    @Test func aNarrowPanelHoldsOneFactPerLine() {
        let lines = texts(halfway(), columns: 40)
        #expect(lines[2] == " loss        3.0750 ↓  mean of 16 steps")
        #expect(lines[3].hasPrefix(" curve       █"))
        #expect(lines[3].hasSuffix("▁  1–500"))
        #expect(
            lines[4...]
                == [
                    " validation  3.5000  best so far",
                    " update      rate 3.00e-04  norm 1.25",
                    " seen        500k tokens, 1.25 epochs",
                    " time        50s, 50s left",
                    " speed       10,000 tokens/s",
                    " step        100 ms",
                    " memory      85.0 MiB at most",
                    " sample      Once upon a time",
                ][...]
        )
    }

    @Test func aWidePanelHasAChartBesideItsFactsAndALongerSample() {
        let long = String(repeating: "word ", count: 200)
        let lines = texts(halfway(sample: long), columns: 200)
        // The bar, eight facts and five lines of the sample, below an empty line.
        #expect(lines.count == 15)
        #expect(lines.map(\.count).max() == 199)
        #expect(lines[2].hasPrefix(" loss        3.0750 ↓  mean of 16 steps       7.9"))
        #expect(lines[8].hasPrefix(" memory      85.0 MiB at most       "))
        #expect(lines[8].contains(" 3.0"))
        #expect(lines[9].hasPrefix(" time        50s, 50s left "))
        #expect(lines[9].contains("loss  • validation"))
        #expect(lines[9].hasSuffix(" step 500"))
        #expect(lines[14].hasSuffix("…"))
        // A tall window has a tall chart.
        let high = texts(halfway(sample: long), columns: 200, rows: 60)
        #expect(high.firstIndex { $0.hasSuffix(" step 500") } == 17)
    }

    @Test func howMuchIsSeenIsShownIfItFits() {
        func seen(_ epochs: Double?, steps: Int = 1000, columns: Int = 80) -> String {
            var progress = TrainingProgress(
                totalSteps: steps,
                stepData: TrainingProgress.StepData(tokens: 10, epochs: epochs)
            )
            progress.apply(step(steps / 2), at: .seconds(1))
            let line = texts(progress, columns: columns).first { $0.hasPrefix(" seen") } ?? ""
            return String(line.prefix(45).dropFirst(13)).trimmingCharacters(in: .whitespaces)
        }
        #expect(seen(nil) == "5,000 tokens")
        #expect(seen(0.001) == "5,000 tokens, 0.50 epochs")
        #expect(seen(0.1) == "5,000 tokens, 50.0 epochs")
        #expect(seen(0.0001) == "5,000 tokens, 0.05 epochs")
        let wide = texts(halfway(), columns: 60).first { $0.hasPrefix(" seen") }
        #expect(wide == " seen        500k tokens, 1.25 of 2.50 epochs")
    }

    @Test(arguments: [1, 2, 10, 29, 31, 32, 40, 76, 77, 80, 101, 200], [1, 2, 3, 4, 8, 24])
    func everyLineFitsIntoTheTerminal(columns: Int, rows: Int) {
        let long = String(repeating: "数学と詩 and verse ", count: 50)
        for glyphs in [DisplayGlyphs.unicode, .ascii] {
            for progress in [TrainingProgress(totalSteps: 7), halfway(sample: long)] {
                let lines = TrainingPanel(glyphs: glyphs)
                    .lines(progress, columns: columns, rows: rows)
                #expect(!lines.isEmpty)
                #expect(lines.count <= max(1, rows - 1))
                #expect(lines.allSatisfy { $0.width <= max(1, columns - 1) })
            }
        }
    }

    @Test func aPanelInASCIIUsesOnlyASCII() {
        let wide = texts(halfway(), columns: 200, glyphs: .ascii)
        #expect(wide.contains { $0.contains("|**") })
        let lines = texts(halfway(), columns: 80, glyphs: .ascii)
        #expect((lines + wide).allSatisfy { $0.utf8.allSatisfy { $0 < 0x80 } })
        #expect(lines[1].hasPrefix(" [#####"))
        #expect(lines[2].hasPrefix(" loss        3.0750 falling "))
    }

    @Test func aRunThatHasNotBegunShowsWhatIsUnknown() {
        let lines = texts(TrainingProgress(totalSteps: 10), columns: 80)
        #expect(lines[1].contains(" 0%"))
        #expect(lines[2].contains("loss        –"))
        #expect(lines.count == 6)
    }

    @Test func aResumedRunBeginsWhereItWas() {
        var progress = TrainingProgress(
            totalSteps: 1000,
            best: BestCheckpoint(step: 250, validationLoss: 4)
        )
        progress.apply(.resumed(step: 500, path: "run/model_00000500.bin"), at: .zero)
        let lines = texts(progress, columns: 80)
        #expect(lines[1].contains("50%    500/1,000"))
        #expect(lines[1].hasPrefix(" " + String(repeating: "━", count: 29)))
        #expect(lines[3].hasPrefix(" validation  best 4.0000 at 250"))
    }

    @Test func aBestLossOfAnEarlierStepIsNamed() {
        var progress = halfway()
        progress.apply(.validation(step: 510, loss: 3.75), at: .seconds(51))
        #expect(
            texts(progress, columns: 80)[3].hasPrefix(" validation  3.7500  best 3.5000 at 500")
        )
        #expect(texts(progress, columns: 32)[4] == " validation  3.7500")
    }

    @Test func theEndOfARunIsShown() {
        var stopped = halfway()
        stopped.end(at: .seconds(51))
        #expect(texts(stopped, columns: 80)[2].hasSuffix("time    51s, stopped"))
        #expect(stopped.endingLine == "stopped after step 500 of 1000, in 51s")
        var done = TrainingProgress(totalSteps: 1)
        done.apply(step(1), at: .seconds(1))
        done.end(at: .seconds(2))
        #expect(texts(done, columns: 80)[1].contains("━ 100%  1/1".dropFirst(2)))
        #expect(done.endingLine == "done: 1 step, in 2s")
        for (ending, line) in [
            (TrainingProgress.Ending.diverged, "diverged at step 500 of 1000, in 51s"),
            (.failed, "failed after step 500 of 1000, in 51s"),
        ] {
            var other = halfway()
            other.end(at: .seconds(51), as: ending)
            #expect(texts(other, columns: 80)[2].hasSuffix("51s, \(ending.rawValue)"))
            #expect(other.endingLine == line)
        }
    }

    @Test func escapeSequencesInASampleAreHarmless() {
        let hostile = "a\u{1b}[2J\u{1b}]0;title\u{7}b\r\u{8}\u{9b}31m\u{202e}c\u{2028}d\te\nf"
        let lines = texts(halfway(sample: hostile), columns: 80)
        #expect(lines[7] == " sample      a[2J]0;titleb31mcd e")
        #expect(lines[8] == " at 500      f")
        let plain = TrainingEvent.sample(step: 1, text: hostile).plainLine
        #expect(plain == "step 1: sample\na[2J]0;titleb31mcd e\nf")
    }
}

@Suite struct TrainingPaceTests {
    @Test func theTimeLeftCountsThePausesBetweenSteps() {
        var pace = TrainingPace()
        guard case .step(let each) = step(1) else { return }
        // Ten steps of 100 ms, and a validation of 2 s after them.
        pace.add(.validation, step: 0, at: .seconds(2))
        pace.add(each, at: .seconds(3))
        pace.add(.validation, step: 10, at: .seconds(5))
        #expect(pace.timeLeft(for: 100, at: .seconds(5)).map(timeText) == "30s")
        #expect(pace.timeLeft(for: 100, at: .seconds(6)).map(timeText) == "29s")
        #expect(pace.timeLeft(for: 1, at: .seconds(60)) == .zero)
    }

    @Test func stepsBeforeAResumeDoNotCount() {
        var progress = TrainingProgress(totalSteps: 1000)
        progress.apply(.resumed(step: 900, path: "model"), at: .seconds(7))
        #expect(progress.timeLeft == nil)
        progress.apply(step(901), at: .seconds(8))
        #expect(progress.timeLeft.map(timeText) == "10s")
    }

    @Test func aStepThatTookVeryLongDoesNotCountForTheSpeed() {
        var progress = TrainingProgress(totalSteps: 100)
        for number in 1...9 { progress.apply(step(number), at: .seconds(number)) }
        progress.apply(step(10, milliseconds: 3_600_000), at: .seconds(3610))
        #expect(progress.timeLeft.map(timeText) == "9s")
        #expect(timeText(.seconds(100_000)) == "1d 03h")
        // As with steps of a second, and more of them than anybody has time for.
        #expect(!timeText(.seconds(1e19)).isEmpty)
    }
}

@Suite struct LossTrendTests {
    private func direction(_ losses: [Float]) -> LossTrend.Direction? {
        var trend = LossTrend()
        for loss in losses { trend.add(loss) }
        return trend.direction
    }

    @Test func aDirectionIsShownOnlyBeyondNoise() {
        let noise: [Float] = (0..<128).map { $0 % 2 == 0 ? 1 : -1 }
        #expect(direction(noise.map { 5 + $0 / 10 }) == .level)
        #expect(direction(noise.enumerated().map { 5 + $1 / 10 - Float($0) / 100 }) == .falling)
        #expect(direction(noise.enumerated().map { 5 + $1 / 10 + Float($0) / 100 }) == .rising)
        #expect(direction([3, 2, 1]) == nil)
    }

    @Test func lossesThatAreNotNumbersAreLeftOut() {
        var trend = LossTrend()
        for loss in [4, .nan, .infinity, 2] as [Float] { trend.add(loss) }
        #expect(trend.smoothed == 3)
        #expect(trend.smoothedCount == 2)
    }
}
