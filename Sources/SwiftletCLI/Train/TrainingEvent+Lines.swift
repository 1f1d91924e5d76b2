// The events of a run as lines that stay.

import Swiftlet

extension TrainingEvent {
    /// The event for a reader of plain lines; nil for a step, whose line needs the run's progress.
    var plainLine: String? {
        text?.withoutControlCharacters(keepingLineEnds: true)
    }

    /// The event as a line above a panel; nil for what the panel itself shows.
    var panelLine: StyledLine? {
        switch self {
        case .step, .sample: nil
        case .outlier, .skipped: text.map { StyledLine($0, .warning) }
        case .resumed, .startedOver, .alreadyFinished, .validation, .hellaSwag, .checkpoint:
            text.map { StyledLine($0) }
        }
    }

    private var text: String? {
        switch self {
        case .step:
            nil
        case .validation(let step, let loss):
            "step \(step): validation loss \(decimal(Double(loss), 4))"
        case .resumed(let step, let path):
            "step \(step): going on from \(path)"
        case .startedOver(let path):
            "'\(path)' holds no complete checkpoint of its run, which starts over"
        case .alreadyFinished(let step):
            "step \(step): the run is finished already"
        case .outlier(let step, let quantity, let zScore):
            "step \(step): \(quantity.name) is \(decimal(zScore, 1)) deviations above the mean"
        case .skipped(let step, let reason):
            "step \(step): update skipped, \(reason)"
        case .hellaSwag(let step, let accuracy):
            "step \(step): HellaSwag accuracy \(decimal(accuracy, 4))"
        case .checkpoint(let step, let path):
            "step \(step): checkpoint \(path)"
        case .sample(let step, let text):
            "step \(step): sample\n\(text)"
        }
    }
}

extension TrainingProgress {
    /// A step of this run as a plain line.
    func line(for step: TrainingStep) -> String {
        [
            "step \(step.step)/\(totalSteps)",
            "loss \(decimal(Double(step.loss), 4))",
            "lr \(scientific(Double(step.learningRate)))",
            "norm \(decimal(Double(step.gradientNorm), 2))",
            "\(decimal(step.duration / .milliseconds(1), 0)) ms",
            "\(decimal(step.tokensPerSecond, 0)) tok/s",
            "\(timeText(timeLeft ?? .zero)) left",
        ].joined(separator: " | ")
    }

    /// How the run ended, as a plain line.
    var endingLine: String {
        switch ending {
        case .done, nil: "done: \(counted(totalSteps, "step")), in \(timeText(elapsed))"
        case .stopped: "stopped after step \(stepCount) of \(totalSteps), in \(timeText(elapsed))"
        case .diverged: "diverged at step \(stepCount) of \(totalSteps), in \(timeText(elapsed))"
        case .failed: "failed after step \(stepCount) of \(totalSteps), in \(timeText(elapsed))"
        }
    }
}
