import Testing

@testable import Training

@Suite struct ReportChartTests {
    private func curve(_ values: [Double]) -> Curve {
        Curve(values.enumerated().map { Curve.Point(step: $0 + 1, value: $1) })
    }

    private let everything = -1e30...1e30

    // MARK: Curves

    @Test func valuesThatAreNotFiniteAreLeftOut() {
        #expect(curve([1, .nan, .infinity, 1e300, 2]).points.map(\.step) == [1, 5])
    }

    @Test func smoothingAveragesTheNeighbours() {
        let smoothed = curve([9, 3, 6, 0, 3, 3]).smoothed(window: 3, within: everything)
        #expect(smoothed.points.map(\.value) == [9, 6, 3, 3, 2, 3])
        #expect(smoothed.points.map(\.step) == [1, 2, 3, 4, 5, 6])
        let without = curve([1, 1, 100, 1]).smoothed(window: 3, within: 0...10)
        #expect(without.points.map(\.value) == [1, 1, 1])
    }

    @Test func smoothingWindowsAreOdd() {
        for count in [0, 1, 99, 100, 149, 150, 1_000_000] {
            #expect(Curve.smoothingWindow(count: count) % 2 == 1)
        }
        #expect(Curve.smoothingWindow(count: 10_000) == 201)
    }

    @Test func thinningKeepsTheExtremesOfEveryColumn() {
        var values = (0..<100_000).map { Double($0 % 97) }
        values[12_345] = 1000
        values[54_321] = -1000
        let thinned = curve(values).thinned(columns: 50, lastStep: values.count)
        #expect(thinned.points.count <= 2 * 50 + 2)
        #expect(thinned.points.contains { $0.step == 12_346 && $0.value == 1000 })
        #expect(thinned.points.contains { $0.step == 54_322 && $0.value == -1000 })
        #expect(thinned.points.first?.step == 1)
        #expect(thinned.points.last?.step == 100_000)
        #expect(thinned.points.map(\.step) == thinned.points.map(\.step).sorted())
        let short = curve([3, 1, 2])
        #expect(short.thinned(columns: 50, lastStep: 3).points == short.points)
    }

    @Test func outliersDoNotStretchTheRange() throws {
        var values = (0..<3000).map { 3 + 8 / (1 + Double($0) / 50) }
        values[1500] = 1e9
        values[2000] = -1e9
        let range = try #require(curve(values).typicalRange)
        #expect(range.upperBound == values[0])
        #expect(range.lowerBound >= 3 && range.lowerBound < 3.2)
        #expect(curve([]).typicalRange == nil)
        #expect(curve([2, 1]).typicalRange == 1...2)
    }

    // MARK: Axes

    @Test func linearTicksAreRoundNumbers() {
        func labels(_ range: ClosedRange<Double>) -> [String] {
            AxisScale(range).ticks(count: 5).map(\.label)
        }
        #expect(labels(0...10) == ["0", "2", "4", "6", "8", "10"])
        #expect(labels(3.001...3.004) == ["3.001", "3.002", "3.003", "3.004"])
        #expect(labels(0.13...0.88) == ["0.2", "0.4", "0.6", "0.8"])
        #expect(labels(0...60_000) == ["0", "20k", "40k", "60k"])
        #expect(labels(-1...1) == ["\u{2212}1.0", "\u{2212}0.5", "0.0", "0.5", "1.0"])
    }

    @Test func logarithmicTicksAreRoundNumbers() {
        func labels(_ range: ClosedRange<Double>) -> [String] {
            AxisScale(range, isLogarithmic: true).ticks(count: 5).map(\.label)
        }
        #expect(labels(3...11) == ["3", "4", "5", "7", "10"])
        #expect(labels(0.001...20) == ["0.001", "0.01", "0.1", "1", "10"])
        #expect(labels(0.02...5) == ["0.03", "0.1", "0.3", "1", "3"])
    }

    @Test func largeRatiosAreDrawnLogarithmically() {
        let scale = AxisScale(showing: 1...100, logarithmicFrom: 3)
        #expect(scale.isLogarithmic)
        #expect(abs(scale.fraction(of: 10) - 0.5) < 1e-12)
        #expect(scale.fraction(of: 0) < 0)
        #expect(!AxisScale(showing: 1...2, logarithmicFrom: 3).isLogarithmic)
        #expect(!AxisScale(showing: 0...100, logarithmicFrom: 3).isLogarithmic)
        #expect(!AxisScale(showing: -1...100, logarithmicFrom: 3).isLogarithmic)
    }

    @Test func aRangeWithoutWidthStillMakesAnAxis() {
        for value in [0, 3, -3, 1e-30, 1e30] {
            let scale = AxisScale(showing: value...value)
            #expect(abs(scale.fraction(of: value) - 0.5) < 1e-9)
            #expect(!scale.ticks(count: 5).isEmpty)
        }
    }

    // MARK: Numbers

    @Test func numbersAreWrittenForPeople() {
        #expect(NumberText.fixed(3.14159, 2) == "3.14")
        #expect(NumberText.fixed(-0.001, 2) == "0.00")
        #expect(NumberText.fixed(1_234_567.5, 1) == "1,234,567.5")
        #expect(NumberText.significant(10.966) == "10.97")
        #expect(NumberText.significant(0.0123456) == "0.01235")
        #expect(NumberText.significant(1e30) == "1e30")
        #expect(NumberText.scientific(6e-4) == "6e-4")
        #expect(NumberText.scientific(9.99999e-5) == "1e-4")
        #expect(NumberText.compact(999_999) == "1M")
        #expect(NumberText.compact(124_475_904) == "124M")
        #expect(NumberText.compact(8200) == "8,200")
        #expect(NumberText.compact(5000, from: 1000) == "5k")
        #expect(NumberText.compact(0.003) == "0.003")
        #expect(NumberText.compact(1.5e-10) == "1.5e-10")
        #expect(NumberText.percent(0.305) == "30.5%")
        #expect(NumberText.percent(1.5e18) == "1.5e20%")
        #expect(NumberText.percent(1.5e308) == "1.5e+308")
        #expect(NumberText.duration(seconds: 4.25) == "4.3s")
        #expect(NumberText.duration(seconds: 2.9999999e35) == "3e35s")
        #expect(NumberText.duration(seconds: 187) == "3m 07s")
        #expect(NumberText.duration(seconds: 45_600) == "12h 40m")
        #expect(NumberText.duration(seconds: 90_000) == "1d 01h")
    }

    @Test func noNumberIsTooOddToBeWritten() {
        for value in [
            0, -0.0, .nan, .infinity, -.infinity, .leastNonzeroMagnitude, .greatestFiniteMagnitude,
            -.greatestFiniteMagnitude, 1e18, 999.9999, 9.9999e-300,
        ] {
            for text in [
                NumberText.fixed(value, 3), NumberText.significant(value),
                NumberText.scientific(value), NumberText.compact(value),
                NumberText.duration(seconds: value),
            ] {
                #expect(!text.isEmpty && text.count < 40)
            }
        }
    }

    // MARK: Markup

    @Test func textBecomesMarkupOnlyByBeingEscaped() {
        let text = "</script><b a='1' c=\"2\">&\u{0}\u{1B}\u{FFFE}\n"
        let html: HTML = "<p>\(text)</p>"
        #expect(
            html.source
                == "<p>&lt;/script&gt;&lt;b a=&#39;1&#39; c=&quot;2&quot;&gt;&amp;"
                + "\u{FFFD}\u{FFFD}\u{FFFD}\n</p>"
        )
        let nested: HTML = "<div>\(html)\([html])</div>"
        #expect(nested.source == "<div>\(html.source)\(html.source)</div>")
    }
}
