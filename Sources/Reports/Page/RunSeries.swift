// Runs as the series of a page's charts: their colors, and where their steps are on axes of tokens
// and of time.

import FileIO
import Pages

/// The series of one run, or of several.
struct RunSeries {
    /// Points in time along a run; between them, time is interpolated evenly.
    private static let timePoints = 400

    /// What the horizontal axis can show.
    static let axes = [
        ChartData.Axis(id: "step", name: "step", button: "Steps", format: .whole),
        ChartData.Axis(id: "tokens", name: "tokens", button: "Tokens", format: .count),
        ChartData.Axis(id: "time", name: "training time", button: "Time", format: .duration),
    ]

    let all: [ChartData.Series]

    init(_ runs: [RunHistory]) {
        let sizes = runs.map { $0.facts?.parameterCount }
        let differ = Set(sizes.compactMap { $0 }).count > 1
        all = zip(runs, sizes).enumerated().map { index, pair in
            let (run, size) = pair
            var series = ChartData.Series(name: run.name, color: index, end: run.lastStep)
            series.axes["tokens"] = Self.tokens(run)
            series.axes["time"] = Self.time(run)
            if differ, let size { series.note = NumberText.compact(Double(size)) }
            if let period = run.facts?.stepsPerEpoch {
                (series.period, series.periodName) = (period, "epoch")
            }
            return series
        }
    }

    /// Every step takes the same number of tokens.
    private static func tokens(_ run: RunHistory) -> [[Double]]? {
        guard let each = RunSummary(run).tokensPerStep, each > 0 else { return nil }
        let end = Double(run.lastStep)
        return [[0, end], [0, end * Double(each)]]
    }

    /// The time taken by the steps before, without what was done between them.
    private static func time(_ run: RunHistory) -> [[Double]]? {
        var (steps, seconds) = ([0.0], [0.0])
        var total = 0.0
        let every = max(1, run.steps.count / timePoints)
        for (index, step) in run.steps.enumerated() {
            if step.milliseconds.isFinite { total += max(0, Double(step.milliseconds) / 1000) }
            if step.step > 0 && ((index + 1) % every == 0 || index == run.steps.count - 1) {
                steps.append(Double(step.step))
                // Milliseconds are precise enough.
                seconds.append((total * 1000).rounded() / 1000)
            }
        }
        guard total > 0 else { return nil }
        return [steps, seconds]
    }
}
