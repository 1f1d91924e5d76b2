import Testing

@testable import Reports

@Suite struct ReportChartTests {
    private func curve(_ values: [Double]) -> Curve {
        Curve(values.enumerated().map { Curve.Point(step: $0 + 1, value: $1) })
    }

    private let everything = -1e30...1e30

    @Test func valuesThatAreNotFiniteAreLeftOut() {
        #expect(curve([1, .nan, .infinity, 1e300, 2]).points.map(\.step) == [1, 5])
    }

    @Test func smoothingAveragesTheNeighbors() {
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
}
