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
}
