// The events of a run as objects for `train --json`, with the keys of metrics.jsonl where they say
// the same. docs/training.md lists them.

import Swiftlet

/// The keys and values of one event.
typealias EventObject = [String: JSONValue]

extension TrainingEvent {
    /// The event for a program.
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
    /// A number, or null where it is none: JSON knows neither NaN nor infinity.
    static func finite(_ value: Double) -> JSONValue {
        value.isFinite ? .number(value) : .null
    }

    /// A number, or null where it is none.
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
