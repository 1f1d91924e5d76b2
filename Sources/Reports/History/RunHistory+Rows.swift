// What a run measured, step by step, for what is written in rows.

import Training

extension RunHistory {
    /// All that was measured of one step.
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

    /// Calls `body` with every step of which something was measured, in order.
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
    /// What a step measured, as it is read back from the log.
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
