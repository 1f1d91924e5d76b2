// What is charted of runs, and what is said about it. The numbers are thinned to what a page can
// carry; the page's script draws them and the axes.

import FileIO
import Pages

/// The charts of one run, or of several overlaid.
struct RunCharts {
    private let runs: [RunHistory]
    /// Columns that values of every step are thinned to, each with at most two: enough to look into
    /// a tenth of a long run, and all of a short one.
    private let columns: Int
    /// The same for what is measured occasionally, or changes smoothly.
    private static let fewColumns = 500

    /// Colors distinguish training and validation of one run, but the runs if there are several.
    private var isComparison: Bool { runs.count > 1 }
    /// More runs than this hide each other's unsmoothed values; the script leaves them out then.
    private static let mostFaintLines = 3
    /// The color of a single run's validation.
    private static let validationColor = 1

    init(_ runs: [RunHistory]) {
        self.runs = runs
        columns = max(Self.fewColumns, 1600 / max(runs.count, 1))
    }

    /// A chart, and its card in the page.
    struct Charted {
        let chart: ChartData.Chart
        let card: ChartCard
    }

    /// The charts that have anything to show.
    var all: [Charted] {
        [loss, learningRate, gradientNorm, speed, accuracy].compactMap { $0 }
    }

    // MARK: Charts

    private var loss: Charted? {
        let training = smoothedLines(of: \.loss)
        let validation = measuredLines(of: \.validation, part: "validation")
        var parts: [ChartData.Part] = []
        if !training.lines.isEmpty { parts += smoothedParts("training, ") }
        if !validation.lines.isEmpty {
            parts.append(
                .init(
                    id: "validation",
                    name: "validation",
                    style: .dots,
                    color: isComparison ? nil : Self.validationColor
                )
            )
        }
        var chart = ChartData.Chart(
            id: "loss",
            format: .number,
            parts: parts,
            lines: training.lines + validation.lines
        )
        chart.logarithmicFrom = 3
        let remark =
            runs.count > Self.mostFaintLines
            ? "Single steps are drawn while \(Self.mostFaintLines) runs or fewer are shown." : ""
        return charted(
            chart,
            "Loss",
            "nats per token",
            [training, validation],
            remark: remark,
            isWide: true
        )
    }

    private var learningRate: Charted? {
        var found = Found()
        for (index, run) in runs.enumerated() {
            found.add(Curve(run.steps) { $0.learningRate }, "rate", index, isWhole: true)
        }
        var chart = ChartData.Chart(
            id: "rate",
            format: .rate,
            parts: [.init(id: "rate", name: "learning rate", style: .strong)],
            lines: found.lines
        )
        chart.startsAtZero = true
        return charted(chart, "Learning rate", "per step", [found])
    }

    private var gradientNorm: Charted? {
        let found = smoothedLines(of: \.gradientNorm)
        var chart = ChartData.Chart(
            id: "norm",
            format: .number,
            parts: smoothedParts(),
            lines: found.lines
        )
        chart.logarithmicFrom = 10
        return charted(chart, "Gradient norm", "before clipping", [found])
    }

    private var speed: Charted? {
        let found = smoothedLines(of: \.tokensPerSecond)
        var chart = ChartData.Chart(
            id: "speed",
            format: .count,
            parts: smoothedParts(),
            lines: found.lines
        )
        chart.startsAtZero = true
        chart.showsNotes = true
        let remark =
            sizesDiffer
            ? "The models differ in size: the lines end with their parameters." : ""
        return charted(chart, "Speed", "tokens per second", [found], remark: remark)
    }

    private var accuracy: Charted? {
        let found = measuredLines(of: \.accuracy, part: "accuracy")
        var chart = ChartData.Chart(
            id: "accuracy",
            format: .percent,
            parts: [.init(id: "accuracy", name: "accuracy", style: .dots)],
            lines: found.lines
        )
        // One of four endings is right.
        chart.reference = ChartData.Reference(value: 0.25)
        let remark = "The dashed line is guessing, 25%."
        return charted(chart, "HellaSwag", "accuracy", [found], remark: remark)
    }

    /// Whether the runs' models differ in size.
    private var sizesDiffer: Bool { Set(runs.compactMap { $0.facts?.parameterCount }).count > 1 }

    // MARK: Lines

    /// Lines of one quantity, and what to say about them.
    private struct Found {
        var lines: [ChartData.Line] = []
        var windows: [Int] = []
        var outliers: [Curve.Point] = []
        /// Where the quantity started and ended, for each run that measured it.
        var courses: [(run: Int, part: String, first: Curve.Point, last: Curve.Point)] = []

        /// Adds a line of a part that shows every value.
        mutating func add(
            _ curve: Curve,
            _ part: String,
            _ run: Int,
            isWhole: Bool = false
        ) {
            guard let typical = curve.typicalRange, let first = curve.points.first,
                let last = curve.points.last
            else { return }
            // Among a few measurements the best is not an outlier, although it is at an end.
            let widened = typical.widened
            let values = curve.points.map(\.value).filter { isWhole || widened.contains($0) }
            let shown = (values.min() ?? first.value)...(values.max() ?? first.value)
            let thinned = curve.thinned(columns: RunCharts.fewColumns, lastStep: last.step).points
            lines.append(
                ChartData.Line(
                    series: run,
                    steps: thinned.map(\.step),
                    values: [part: thinned.map(\.value)],
                    typical: shown
                )
            )
            courses.append((run, part, first, last))
        }
    }

    private func measuredLines(
        of measurements: KeyPath<RunHistory, [RunHistory.Measurement]>,
        part: String
    ) -> Found {
        var found = Found()
        for (index, run) in runs.enumerated() {
            found.add(Curve(run[keyPath: measurements]), part, index)
        }
        return found
    }

    private func smoothedParts(_ quantity: String = "") -> [ChartData.Part] {
        [
            .init(id: "every", name: quantity + "every step", style: .faint),
            .init(id: "smoothed", name: quantity + "smoothed", style: .strong),
        ]
    }

    /// A quantity of every step: all values for the background, smoothed ones for the front, at the
    /// same steps.
    private func smoothedLines(of quantity: KeyPath<RunHistory.Step, Float>) -> Found {
        var found = Found()
        for (index, run) in runs.enumerated() {
            let curve = Curve(run.steps) { $0[keyPath: quantity] }
            guard let typical = curve.typicalRange, let last = curve.points.last else { continue }
            let count = curve.points.count
            let window = Curve.smoothingWindow(count: count)
            let widened = typical.widened
            let smoothed = curve.smoothed(window: window, within: widened)
            let shown = curve.thinned(columns: columns, lastStep: last.step).points
            let range = smoothed.typicalRange ?? typical
            found.lines.append(
                ChartData.Line(
                    series: index,
                    steps: shown.map(\.step),
                    values: [
                        "every": shown.map(\.value), "smoothed": smoothed.values(at: shown),
                    ],
                    typical: min(
                        typical.lowerBound,
                        range.lowerBound
                    )...max(
                        typical.upperBound,
                        range.upperBound
                    )
                )
            )
            found.windows.append(min(window, count))
            found.outliers += curve.points.filter { !widened.contains($0.value) }
            if let first = smoothed.points.first, let last = smoothed.points.last {
                found.courses.append((index, "smoothed", first, last))
            }
        }
        return found
    }

    // MARK: Words

    private func charted(
        _ chart: ChartData.Chart,
        _ title: String,
        _ unit: String,
        _ found: [Found],
        remark: String = "",
        isWide: Bool = false
    ) -> Charted? {
        guard !chart.lines.isEmpty else { return nil }
        let notes = [remark] + found.map(smoothingNote)
        return Charted(
            chart: chart,
            card: ChartCard(
                id: chart.id,
                title: title,
                unit: unit,
                note: notes.filter { !$0.isEmpty }.joined(separator: " "),
                words: words(chart, title, found),
                isWide: isWide
            )
        )
    }

    private func smoothingNote(_ found: Found) -> String {
        guard let low = found.windows.min(), let high = found.windows.max() else { return "" }
        let window =
            low == high
            ? NumberText.grouped(low)
            : "\(NumberText.grouped(low)) to \(NumberText.grouped(high))"
        let mean = "Smoothed: the mean of \(window) \(high == 1 ? "step" : "steps")"
        guard let highest = found.outliers.max(by: { $0.value < $1.value }) else {
            return mean + "."
        }
        let count = found.outliers.count
        let extreme =
            "\(NumberText.significant(highest.value)) at step \(NumberText.grouped(highest.step))"
        return count == 1
            ? "\(mean), without an outlier, \(extreme)."
            : "\(mean), without \(NumberText.grouped(count)) outliers, the highest \(extreme)."
    }

    /// What the chart shows, for those who cannot see it.
    private func words(_ chart: ChartData.Chart, _ title: String, _ found: [Found]) -> String {
        func value(_ value: Double) -> String {
            switch chart.format {
            case .percent: NumberText.percent(value)
            case .rate: NumberText.scientific(value)
            default: NumberText.significant(value)
            }
        }
        let courses = found.flatMap(\.courses).map { course in
            let part = chart.parts.first { $0.id == course.part }?.name ?? ""
            let name = isComparison ? "\(runs[course.run].name), \(part)" : part
            return "\(name) from \(value(course.first.value)) at step "
                + "\(NumberText.grouped(course.first.step)) to \(value(course.last.value)) at step "
                + NumberText.grouped(course.last.step)
        }
        return "\(title) by step: \(courses.joined(separator: "; "))."
    }
}

extension Curve {
    /// The values at the steps of some points; nil at steps that this curve does not have.
    fileprivate func values(at points: [Point]) -> [Double?] {
        var index = 0
        return points.map { point in
            while index < self.points.count, self.points[index].step < point.step { index += 1 }
            guard index < self.points.count, self.points[index].step == point.step else {
                return nil
            }
            return self.points[index].value
        }
    }
}

extension ClosedRange<Double> {
    /// Widened on both sides by what separates noise from outliers.
    fileprivate var widened: Self {
        let margin = (upperBound / 2 - lowerBound / 2) * 0.5
        return (lowerBound - margin)...(upperBound + margin)
    }
}
