// How a run stands, as far as its files say.

import FileIO

/// Where a run has come to.
enum RunStatus: Equatable {
    /// Nothing was measured.
    case empty
    /// Somebody is training it, `step` of `planned` steps.
    case running(step: Int, planned: Int?)
    /// All steps were made.
    case finished
    /// It ended, or was interrupted, before its last step.
    case stopped(step: Int, planned: Int)
    /// From `step` on the loss was no number.
    case diverged(step: Int)
    /// Nobody noted how many steps it was to make.
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

    /// The first of the steps at the end whose losses are no numbers; nil when the last one is one.
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
