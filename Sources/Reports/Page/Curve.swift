// Numbers by step, and what a chart makes of them: a smoothed curve, a range that outliers do not
// stretch, and few enough points to draw. Axes and drawing are elsewhere.

/// Finite values in the order of their steps.
struct Curve: Sendable {
    /// A value measured at a step.
    struct Point: Sendable, Equatable {
        let step: Int
        let value: Double
    }

    private(set) var points: [Point]

    /// Values that a Float cannot hold are left out, whatever wrote them: no loss is that large,
    /// and so the sums and ranges of the others are finite.
    init(_ points: some Sequence<Point>) {
        self.points = points.filter { Float($0.value).isFinite }
    }

    /// One number per step.
    init(_ steps: [RunHistory.Step], _ value: (RunHistory.Step) -> Float) {
        self.init(steps.map { Point(step: $0.step, value: Double(value($0))) })
    }

    /// Numbers measured occasionally.
    init(_ measurements: [RunHistory.Measurement]) {
        self.init(measurements.map { Point(step: $0.step, value: $0.value) })
    }

    // MARK: Smoothing

    /// How many of a curve's `count` points smoothing averages: odd, about 2% of them.
    static func smoothingWindow(count: Int) -> Int {
        max(count / 50, 2) | 1
    }

    /// The mean of the `window` points around each, without those outside `range`.
    ///
    /// At the beginning, where losses fall steeply, the window shrinks on both sides, so that the
    /// curve starts where the values do; at the end only the missing side is cut off.
    func smoothed(window: Int, within range: ClosedRange<Double>) -> Curve {
        precondition(window > 0, "a window has one point or more, got \(window)")
        let points = points.filter { range.contains($0.value) }
        var sums: [Double] = [0]
        sums.reserveCapacity(points.count + 1)
        for point in points { sums.append(sums[sums.count - 1] + point.value) }
        return Curve(
            points.indices.map { index in
                let reach = min(window / 2, index)
                let (first, end) = (index - reach, min(index + reach + 1, points.count))
                let mean = (sums[end] - sums[first]) / Double(end - first)
                return Point(step: points[index].step, value: mean)
            }
        )
    }

    // MARK: Range

    /// The range an axis should show: without the highest and lowest hundredth of each stretch, and
    /// without whole stretches that are far from all others.
    ///
    /// The first value is kept, and the stretches at both ends: a loss starts high and ends low.
    var typicalRange: ClosedRange<Double>? {
        guard let first = points.first?.value else { return nil }
        // Stretches of at least five, so that an outlier on either side can be left out.
        let length = max(5, points.count / 400)
        var lows: [Double] = []
        var highs: [Double] = []
        for start in stride(from: 0, to: points.count, by: length) {
            let values = points[start..<min(start + length, points.count)].map(\.value).sorted()
            let trim = values.count < 5 ? 0 : max(1, values.count / 100)
            lows.append(values[trim])
            highs.append(values[values.count - 1 - trim])
        }
        let ends = [first, lows[0], highs[0], lows[lows.count - 1]]
        let excess = lows.count / 50
        let low = min(ends.min() ?? first, lows.sorted()[excess])
        let high = max(ends.max() ?? first, highs.sorted()[highs.count - 1 - excess])
        return low...high
    }

    // MARK: Thinning

    /// At most two points per column of equal width: the lowest and the highest, in order.
    ///
    /// Drawn at that width the line looks like the one through every point, extremes included.
    func thinned(columns: Int, lastStep: Int) -> Curve {
        guard points.count > 2 * columns, let first = points.first, let last = points.last else {
            return self
        }
        var kept = [first]
        forEachColumn(columns, lastStep: lastStep) { _, column in
            var (low, high) = (column.startIndex, column.startIndex)
            for index in column.indices {
                if column[index].value < column[low].value { low = index }
                if column[index].value > column[high].value { high = index }
            }
            kept.append(column[min(low, high)])
            if low != high { kept.append(column[max(low, high)]) }
        }
        if kept.last != last { kept.append(last) }
        var result = self
        result.points = kept
        return result
    }

    /// Calls `body` with the points of each column that has some; steps 0 to `lastStep` are divided
    /// into `columns` of equal width.
    func forEachColumn(_ columns: Int, lastStep: Int, _ body: (Int, ArraySlice<Point>) -> Void) {
        var start = 0
        while start < points.count {
            let column = Self.column(of: points[start].step, of: columns, lastStep: lastStep)
            var end = start + 1
            while end < points.count,
                Self.column(of: points[end].step, of: columns, lastStep: lastStep) == column
            {
                end += 1
            }
            body(column, points[start..<end])
            start = end
        }
    }

    private static func column(of step: Int, of columns: Int, lastStep: Int) -> Int {
        let fraction = Double(step) / Double(max(lastStep, 1))
        return min(columns - 1, Int(fraction * Double(columns)))
    }
}
