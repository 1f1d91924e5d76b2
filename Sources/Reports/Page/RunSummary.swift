// How a run stands, as far as its files say, and the figures that it comes down to.

import FileIO

/// The summary of a run's measurements; nil stands for what was not measured.
struct RunSummary {
    /// The last step made.
    let stepCount: Int
    /// Tokens in a step: speed times duration, which a single step gives only roughly.
    let tokensPerStep: Int?
    /// The mean loss of the last steps, as many as the charts' smoothing averages.
    let trainingLoss: Double?
    /// How many steps that mean covers.
    let trainingLossWindow: Int
    /// The last validation.
    let validation: RunHistory.Measurement?
    /// The validation with the lowest loss.
    let bestValidation: RunHistory.Measurement?
    /// The last accuracy on HellaSwag.
    let accuracy: RunHistory.Measurement?
    /// How long the steps took, without validation, samples and checkpoints.
    let seconds: Double
    /// The median over the steps.
    let tokensPerSecond: Double?

    /// Tokens of all steps.
    var tokenCount: Double? { tokensPerStep.map { Double($0) * Double(stepCount) } }

    init(_ run: RunHistory) {
        stepCount = run.lastStep
        let speeds = Curve(run.steps) { $0.tokensPerSecond }
        tokensPerSecond = Self.median(speeds.points.map(\.value))
        tokensPerStep = Self.median(
            run.steps.map { Double($0.tokensPerSecond) * Double($0.milliseconds) / 1000 }
                .filter(\.isFinite)
        ).flatMap { Int(exactly: $0.rounded()) }
        let losses = Curve(run.steps) { $0.loss }
        let window = Curve.smoothingWindow(count: losses.points.count)
        let last = losses.points.suffix(window)
        trainingLossWindow = last.count
        trainingLoss =
            last.isEmpty ? nil : last.reduce(0) { $0 + $1.value } / Double(last.count)
        let validations = run.validation.filter(\.value.isFinite)
        validation = validations.last
        bestValidation = validations.min { $0.value < $1.value }
        accuracy = run.accuracy.last { $0.value.isFinite }
        seconds = run.steps.reduce(0) { sum, step in
            step.milliseconds.isFinite ? sum + Double(step.milliseconds) / 1000 : sum
        }
    }

    private static func median(_ values: [Double]) -> Double? {
        values.isEmpty ? nil : values.sorted()[values.count / 2]
    }
}

/// A figure as the page shows it.
struct Figure {
    /// What it is.
    let name: String
    let value: String
    /// Details, in small print.
    var detail = ""

    /// The figures of a run, the same ones in the same order for every run.
    static func all(_ run: RunHistory) -> [Figure] {
        let summary = RunSummary(run)
        let none = "\u{2013}"
        func loss(_ value: Double?) -> String { value.map { NumberText.fixed($0, 3) } ?? none }
        return [
            Figure(
                name: "Validation loss",
                value: loss(summary.validation?.value),
                detail: summary.bestValidation.map {
                    "best \(NumberText.fixed($0.value, 3)) at \(NumberText.grouped($0.step))"
                } ?? ""
            ),
            Figure(
                name: "Training loss",
                value: loss(summary.trainingLoss),
                detail: summary.trainingLoss.map { _ in
                    "mean of last \(NumberText.grouped(summary.trainingLossWindow))"
                } ?? ""
            ),
            Figure(
                name: "Steps",
                // An absurdly large count would overlap its neighbors.
                value: summary.stepCount < 1_000_000_000
                    ? NumberText.grouped(summary.stepCount)
                    : NumberText.compact(Double(summary.stepCount)),
                detail: run.facts.map { "of \(NumberText.grouped($0.plannedSteps))" } ?? ""
            ),
            Figure(
                name: "Tokens seen",
                value: summary.tokenCount.map { NumberText.compact($0) } ?? none,
                detail: summary.tokensPerStep.map { "\(NumberText.grouped($0)) per step" } ?? ""
            ),
            Figure(
                name: "Training time",
                value: summary.seconds > 0 ? NumberText.duration(seconds: summary.seconds) : none,
                detail: summary.seconds > 0 ? "without evaluation" : ""
            ),
            Figure(
                name: "Speed",
                value: summary.tokensPerSecond.map { NumberText.compact($0) } ?? none,
                detail: summary.tokensPerSecond == nil ? "" : "tokens/s, median"
            ),
            Figure(
                name: "Parameters",
                value: run.facts.map { NumberText.compact(Double($0.parameterCount)) }
                    ?? none
            ),
        ]
            + (summary.accuracy.map { accuracy in
                [
                    Figure(
                        name: "HellaSwag",
                        value: NumberText.percent(accuracy.value),
                        detail: "at step \(NumberText.grouped(accuracy.step))"
                    )
                ]
            } ?? [])
    }
}

/// The state of a run.
enum RunStatus: Equatable {
    /// Nothing was measured.
    case empty
    /// It is being trained, at `step` of `planned` steps.
    case running(step: Int, planned: Int?)
    /// All steps were made.
    case finished
    /// It ended, or was interrupted, before its last step.
    case stopped(step: Int, planned: Int)
    /// From `step` on, the loss was not a number.
    case diverged(step: Int)
    /// The planned number of steps was not recorded.
    case unknown(step: Int)

    init(_ run: RunHistory) {
        let planned = run.facts?.plannedSteps
        let step = run.lastStep
        if let diverged = Self.divergence(run.steps) {
            self = .diverged(step: diverged)
        } else if run.isRunning {
            self = .running(step: step, planned: planned)
        } else if run.steps.isEmpty && run.validation.isEmpty {
            self = .empty
        } else if let planned {
            self =
                step >= planned
                ? .finished : .stopped(step: step, planned: planned)
        } else {
            self = .unknown(step: step)
        }
    }

    /// The first of the final steps whose losses are not numbers; nil when the last one is.
    private static func divergence(_ steps: [RunHistory.Step]) -> Int? {
        let good = steps.lastIndex { $0.loss.isFinite }
        guard let good else { return steps.first?.step }
        return good + 1 < steps.count ? steps[good + 1].step : nil
    }

    /// In words.
    var text: String {
        func number(_ value: Int) -> String { NumberText.grouped(value) }
        switch self {
        case .empty: return "nothing measured yet"
        case .running(let step, let planned):
            return "running, \(number(step))" + (planned.map { " of \(number($0))" } ?? " steps")
        case .finished: return "finished"
        case .stopped(let step, let planned):
            return "stopped at \(number(step)) of \(number(planned))"
        case .diverged(let step): return "diverged at step \(number(step))"
        case .unknown(let step): return number(step) + (step == 1 ? " step" : " steps")
        }
    }

    /// The class of the page's style.
    var style: String {
        switch self {
        case .empty, .unknown: "unknown"
        case .running: "running"
        case .finished: "finished"
        case .stopped: "stopped"
        case .diverged: "diverged"
        }
    }
}
