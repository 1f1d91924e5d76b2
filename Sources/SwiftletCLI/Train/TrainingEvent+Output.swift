// The events of a run as lines that stay, and as objects for `train --json`, with the keys of
// metrics.jsonl where they say the same. docs/training.md describes them.

import Swiftlet

/// The keys and values of one event.
typealias EventObject = [String: JSONValue]

extension TrainingEvent {
    /// The event as an object for programs.
    func object(_ progress: TrainingProgress) -> EventObject {
        switch self {
        case .step(let step):
            return [
                "event": .string("step"),
                "step": .integer(step.step),
                "train_loss": .finite(step.loss),
                "learning_rate": .finite(step.learningRate),
                "grad_norm": .finite(step.gradientNorm),
                "milliseconds": .finite(step.duration / .milliseconds(1)),
                "tokens_per_second": .finite(step.tokensPerSecond),
                "tokens": progress.stepData.map { .integer($0.tokens &* step.step) } ?? .null,
                "epoch": progress.stepData?.epochs.map { .finite($0 * Double(step.step)) } ?? .null,
            ]
        case .validation(let step, let loss):
            return [
                "event": .string("validation"), "step": .integer(step), "val_loss": .finite(loss),
                "best": .bool(progress.best?.step == step),
            ]
        case .hellaSwag(let step, let accuracy):
            return [
                "event": .string("hellaswag"), "step": .integer(step),
                "hellaswag_accuracy": .finite(accuracy),
            ]
        case .sample(let step, let text):
            return ["event": .string("sample"), "step": .integer(step), "sample": .string(text)]
        case .checkpoint(let step, let path):
            return [
                "event": .string("checkpoint"), "step": .integer(step),
                "path": .string(path.string),
            ]
        case .resumed(let step, let path):
            return [
                "event": .string("resumed"), "step": .integer(step), "path": .string(path.string),
            ]
        case .startedOver(let path):
            return ["event": .string("started_over"), "path": .string(path.string)]
        case .alreadyFinished(let step):
            return ["event": .string("already_finished"), "step": .integer(step)]
        case .outlier(let step, let quantity, let zScore):
            return [
                "event": .string("outlier"), "step": .integer(step),
                "quantity": .string(quantity.key),
                "zscore": .finite(zScore),
            ]
        case .skipped(let step, let reason):
            return [
                "event": .string("skipped"), "step": .integer(step),
                "quantity": .string(reason.quantity.key),
                "reason": .string("\(reason)"),
            ]
        }
    }
}

extension JSONValue {
    /// A number, or null if it is not finite: JSON has neither NaN nor infinity.
    static func finite(_ value: Double) -> JSONValue {
        value.isFinite ? .number(value) : .null
    }

    /// A number, or null if it is not finite.
    static func finite(_ value: Float) -> JSONValue {
        value.isFinite ? JSONValue(value) : .null
    }
}

extension StepQuantity {
    /// The quantity's key in the events of steps.
    fileprivate var key: String {
        switch self {
        case .loss: "train_loss"
        case .gradientNorm: "grad_norm"
        }
    }
}

extension SkipReason {
    fileprivate var quantity: StepQuantity {
        switch self {
        case .nonFinite(let quantity, _), .outlier(let quantity, _, _): quantity
        }
    }
}

extension TrainingEvent {
    /// The event as a plain line; nil for a step, whose line needs the run's progress.
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
            "step \(step): resuming from \(path)"
        case .startedOver(let path):
            "'\(path)' has no complete checkpoint, so the run starts over"
        case .alreadyFinished(let step):
            "step \(step): the run is already finished"
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
