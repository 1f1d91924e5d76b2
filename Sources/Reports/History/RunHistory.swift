// What a run measured, in memory. RunHistory+Reading.swift reads it from the run's files.

import Training

/// The measurements of a run, ordered by step, one of each kind per step.
package struct RunHistory: Sendable, Equatable {
    /// What an optimizer step measured; NaN stands for what was not measured, or not finite.
    package struct Step: Sendable, Equatable, Stepped {
        /// The step, counted from 1.
        package var step: Int
        /// The mean loss over the step's batch, before its update, in nats per token.
        package var loss: Float = .nan
        /// The learning rate of the update.
        package var learningRate: Float = .nan
        /// The global norm of the gradients, before clipping.
        package var gradientNorm: Float = .nan
        /// How long the step took.
        package var milliseconds: Float = .nan
        /// Tokens of the step, divided by the time it took.
        package var tokensPerSecond: Float = .nan

        /// A step with no measurements yet.
        package init(step: Int) {
            self.step = step
        }
    }

    /// One number measured after a step's update, NaN when it was not finite.
    package struct Measurement: Sendable, Equatable, Stepped {
        /// Updates made before it was measured.
        package var step: Int
        /// The number.
        package var value: Double

        /// A number measured after `step` updates.
        package init(step: Int, value: Double) {
            self.step = step
            self.value = value
        }
    }

    /// A text drawn from the model.
    package struct Sample: Sendable, Equatable, Stepped {
        /// Updates made before it was drawn.
        package var step: Int
        /// The part of the text that is kept.
        package var text: String
        /// Whether the text was longer.
        package var isCut: Bool

        /// How much of a text is kept by default, in Unicode scalars.
        package static let longestText = 4000

        /// A text drawn after `step` updates, of which `longest` Unicode scalars are kept.
        package init(step: Int, text: String, longest: Int = Self.longestText) {
            let kept = text.unicodeScalars.prefix(longest)
            self.step = step
            self.text = String(String.UnicodeScalarView(kept))
            isCut = kept.endIndex != text.unicodeScalars.endIndex
        }
    }

    /// The name of the run.
    package var name: String
    /// Optimizer steps.
    package var steps: [Step] = []
    /// Losses on held-out data, in nats per token.
    package var validation: [Measurement] = []
    /// Accuracies on HellaSwag, from 0 to 1.
    package var accuracy: [Measurement] = []
    /// Texts drawn during training.
    package var samples: [Sample] = []
    /// What the run was started with; nil for runs that did not record it.
    package var facts: RunFacts?
    /// The time of the last measurement, in seconds since 1970; nil when not known.
    package var lastWritten: Double?
    /// Whether it is in progress at this moment.
    package var isRunning = false

    /// A run with no measurements yet.
    package init(name: String) {
        self.name = name
    }

    /// The last step with a measurement.
    var lastStep: Int {
        [
            steps.last?.step, validation.last?.step, accuracy.last?.step, samples.last?.step,
        ].compactMap { $0 }.max() ?? 0
    }
}

/// Something that belongs to a step.
protocol Stepped {
    var step: Int { get }
}

/// Collects what was logged; a later entry replaces an earlier one of the same step.
struct StepLog<Entry: Stepped> {
    private var entries: [Entry] = []
    private var isOrdered = true

    /// Takes the next entry of the log.
    mutating func append(_ entry: Entry) {
        if let last = entries.last, last.step >= entry.step {
            if last.step == entry.step {
                entries[entries.count - 1] = entry
                return
            }
            // A run that was resumed from before its last entry.
            isOrdered = false
        }
        entries.append(entry)
    }

    /// The entries that remain, ordered by step.
    func ordered() -> [Entry] {
        if isOrdered { return entries }
        let order = entries.indices.sorted {
            (entries[$0].step, $0) < (entries[$1].step, $1)
        }
        var result: [Entry] = []
        for index in order {
            if result.last?.step == entries[index].step { result.removeLast() }
            result.append(entries[index])
        }
        return result
    }
}

extension RunHistory {
    /// Everything measured at one step.
    struct Row {
        /// The step.
        var step: Int
        /// The step itself.
        var training: Step?
        /// The loss on held-out data, NaN when it was not finite.
        var validation: Double?
        /// The accuracy on HellaSwag.
        var accuracy: Double?
        /// A text drawn from the model, as far as it was read.
        var sample: String?
    }

    /// Calls `body` with every step that has a measurement, in order.
    func forEachRow(_ body: (Row) throws -> Void) rethrows {
        var (steps, validation) = (steps[...], validation[...])
        var (accuracy, samples) = (accuracy[...], samples[...])
        func take<Entry: Stepped>(_ entries: inout ArraySlice<Entry>, _ step: Int) -> Entry? {
            entries.first?.step == step ? entries.popFirst() : nil
        }
        while true {
            let heads = [
                steps.first?.step, validation.first?.step, accuracy.first?.step,
                samples.first?.step,
            ]
            guard let step = heads.compactMap(\.self).min() else { return }
            try body(
                Row(
                    step: step,
                    training: take(&steps, step),
                    validation: take(&validation, step)?.value,
                    accuracy: take(&accuracy, step)?.value,
                    sample: take(&samples, step)?.text
                )
            )
        }
    }
}

extension RunHistory.Step {
    /// What a step measured, as read back from the log.
    init(_ step: TrainingStep) {
        self.init(step: step.step)
        func finite(_ value: Float) -> Float { value.isFinite ? value : .nan }
        loss = finite(step.loss)
        learningRate = finite(step.learningRate)
        gradientNorm = finite(step.gradientNorm)
        milliseconds = finite(Float(step.duration / .milliseconds(1)))
        tokensPerSecond = finite(Float(step.tokensPerSecond))
    }
}
