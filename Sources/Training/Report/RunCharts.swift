// What is charted of runs, on which axes, and what is said about it.

/// Makes the charts of one run, or of several over each other.
struct RunCharts {
    private let runs: [RunHistory]
    private let lastStep: Int

    /// A single run tells training and validation apart by colour, several are told apart by it.
    private var isComparison: Bool { runs.count > 1 }
    /// The colour of the validation of a single run.
    private static let validationColor = 1
    /// More runs than this hide each other's unsmoothed values.
    private static let mostFaintLines = 3

    init(_ runs: [RunHistory]) {
        self.runs = runs
        lastStep = runs.map(\.lastStep).max() ?? 0
    }

    /// The charts there is anything to show in.
    var all: [Chart] {
        [loss, learningRate, gradientNorm, speed, accuracy].compactMap { $0 }
    }

    // MARK: Charts

    private var loss: Chart? {
        var plan = Plan()
        let validation = runs.enumerated().map { index, run in
            Chart.Line(
                name: isComparison ? "\(run.name), validation" : "validation",
                color: isComparison ? index : Self.validationColor,
                style: .dots,
                curve: Curve(run.validation),
                isInLegend: !isComparison
            )
        }
        addSmoothed(to: &plan, of: \.loss, name: "training")
        for line in validation where !line.curve.points.isEmpty { plan.add(line) }
        guard var chart = chart(plan, "Loss", "nats per token", logarithmicFrom: 3) else {
            return nil
        }
        chart.isWide = true
        if isComparison && plan.lines.contains(where: { $0.style == .dots }) {
            chart.note = "Lines: training. Dots: validation. " + chart.note
        }
        return chart
    }

    private var learningRate: Chart? {
        var plan = Plan()
        for (index, run) in runs.enumerated() {
            plan.add(
                Chart.Line(
                    name: isComparison ? run.name : "learning rate",
                    color: index,
                    style: .strong,
                    curve: Curve(run.steps) { $0.learningRate }
                ),
                isComplete: true
            )
        }
        var chart = chart(plan, "Learning rate", "per step", includesZero: true)
        chart?.axisText = { NumberText.scientific($0) }
        chart?.valueText = { NumberText.scientific($0) }
        return chart
    }

    private var gradientNorm: Chart? {
        var plan = Plan()
        addSmoothed(to: &plan, of: \.gradientNorm, name: "gradient norm")
        return chart(plan, "Gradient norm", "global, before clipping", logarithmicFrom: 10)
    }

    private var speed: Chart? {
        var plan = Plan()
        addSmoothed(to: &plan, of: \.tokensPerSecond, name: "tokens/s")
        var chart = chart(plan, "Speed", "tokens per second", includesZero: true)
        chart?.valueText = { NumberText.significant($0, digits: 3) }
        return chart
    }

    private var accuracy: Chart? {
        var plan = Plan()
        for (index, run) in runs.enumerated() {
            plan.add(
                Chart.Line(
                    name: isComparison ? run.name : "accuracy",
                    color: index,
                    style: .dots,
                    curve: Curve(run.accuracy)
                ),
                isComplete: true
            )
        }
        // Four endings, of which one is right.
        let chance = 0.25
        plan.include(chance)
        var chart = chart(plan, "HellaSwag", "accuracy")
        chart?.reference = (chance, "chance")
        chart?.note = "The dashed line is guessing, 25%."
        chart?.axisText = NumberText.percent
        chart?.valueText = NumberText.percent
        return chart
    }

    // MARK: Lines and axes

    /// Lines, and what they ask of the axis.
    private struct Plan {
        var lines: [Chart.Line] = []
        var range: ClosedRange<Double>?
        var windows: [Int] = []

        /// Adds a line to be seen whole, or as far as it is not outlying.
        mutating func add(_ line: Chart.Line, isComplete: Bool = false) {
            guard !line.curve.points.isEmpty else { return }
            lines.append(line)
            let values = line.curve.points.lazy.map(\.value)
            if isComplete, let low = values.min(), let high = values.max() {
                include(low)
                include(high)
            } else if let typical = line.curve.typicalRange {
                include(typical.lowerBound)
                include(typical.upperBound)
            }
        }

        mutating func include(_ value: Double) {
            let range = range ?? value...value
            self.range = min(range.lowerBound, value)...max(range.upperBound, value)
        }
    }

    /// Adds a quantity of every step: all values in the background, smoothed in front.
    private func addSmoothed(
        to plan: inout Plan,
        of quantity: KeyPath<RunHistory.Step, Float>,
        name: String
    ) {
        var smoothed: [Chart.Line] = []
        for (index, run) in runs.enumerated() {
            let curve = Curve(run.steps) { $0[keyPath: quantity] }
            guard let range = curve.typicalRange else { continue }
            let window = Curve.smoothingWindow(count: curve.points.count)
            plan.windows.append(window)
            if runs.count <= Self.mostFaintLines {
                plan.add(
                    Chart.Line(
                        name: "\(name), every step",
                        color: index,
                        style: .faint,
                        curve: curve,
                        isReadable: !isComparison,
                        isInLegend: !isComparison
                    )
                )
            }
            smoothed.append(
                Chart.Line(
                    name: isComparison ? run.name : "\(name), smoothed",
                    color: index,
                    style: .strong,
                    curve: curve.smoothed(window: window, within: range.widened)
                )
            )
        }
        for line in smoothed { plan.add(line) }
    }

    private func chart(
        _ plan: Plan,
        _ title: String,
        _ unit: String,
        includesZero: Bool = false,
        logarithmicFrom: Double? = nil
    ) -> Chart? {
        guard !plan.lines.isEmpty, let range = plan.range else { return nil }
        let scale = AxisScale(
            showing: range,
            includesZero: includesZero,
            logarithmicFrom: logarithmicFrom
        )
        var chart = Chart(
            title: title,
            unit: unit,
            lines: plan.lines,
            scale: scale,
            lastStep: lastStep
        )
        chart.note = [smoothingNote(plan), outlierNote(chart)].filter { !$0.isEmpty }
            .joined(separator: " ")
        if scale.isLogarithmic { chart.unit += ", logarithmic" }
        return chart
    }

    private func smoothingNote(_ plan: Plan) -> String {
        guard let low = plan.windows.min(), let high = plan.windows.max() else { return "" }
        let window =
            low == high
            ? NumberText.grouped(low)
            : "\(NumberText.grouped(low)) to \(NumberText.grouped(high))"
        return "Smoothed: the mean of \(window) steps, without outliers."
    }

    /// Says what the axis leaves out.
    private func outlierNote(_ chart: Chart) -> String {
        let outside = chart.lines.filter { $0.style != .strong }.flatMap { line in
            line.curve.points.filter { !chart.scale.range.contains($0.value) }
        }
        guard let highest = outside.max(by: { $0.value < $1.value }) else { return "" }
        let count = outside.count == 1 ? "1 value" : "\(NumberText.grouped(outside.count)) values"
        let verb = outside.count == 1 ? "lies" : "lie"
        let extreme =
            highest.value > chart.scale.range.upperBound
            ? ", the highest \(NumberText.significant(highest.value)) at step "
                + NumberText.grouped(highest.step)
            : ""
        return "\(count) \(verb) beyond the axis\(extreme)."
    }
}

extension ClosedRange<Double> {
    /// With as much on either side as separates noise from outliers.
    fileprivate var widened: Self {
        let margin = (upperBound / 2 - lowerBound / 2) * 0.5
        return (lowerBound - margin)...(upperBound + margin)
    }
}

extension RunHistory {
    /// The last step anything was measured at.
    var lastStep: Int {
        [
            steps.last?.step, validation.last?.step, accuracy.last?.step, samples.last?.step,
        ].compactMap { $0 }.max() ?? 0
    }
}
