// Draws the events of a run on stderr: one line that is rewritten in place on a terminal, and plain
// lines, no more than one a second, when piped.

import Swiftlet

#if canImport(Glibc)
    @preconcurrency import Glibc
#elseif canImport(Musl)
    @preconcurrency import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// Shows the progress of a training run.
final class TrainingDisplay {
    private let totalSteps: Int
    private let isTerminal: Bool
    private let clock = ContinuousClock()
    private let startTime: ContinuousClock.Instant
    private var lastLine: ContinuousClock.Instant?
    private var liveLineIsShown = false

    /// Plain lines come at most this often.
    private static let plainInterval = Duration.seconds(1)

    init(totalSteps: Int) {
        self.totalSteps = totalSteps
        isTerminal = isatty(STDERR_FILENO) != 0
        startTime = clock.now
    }

    /// Shows one event.
    func show(_ event: TrainingEvent) {
        switch event {
        case .step(let step):
            showStep(step)
        case .validation(let step, let loss):
            showLine("step \(step): validation loss \(decimal(Double(loss), 4))")
        case .resumed(let step, let path):
            showLine("step \(step): going on from \(path)")
        case .alreadyFinished(let step):
            showLine("step \(step): the run is finished already")
        case .outlier(let step, let quantity, let zScore):
            let deviations = decimal(zScore, 1)
            showLine("step \(step): \(quantity.name) is \(deviations) deviations above the mean")
        case .skipped(let step, let reason):
            showLine("step \(step): update skipped, \(reason)")
        case .hellaSwag(let step, let accuracy):
            showLine("step \(step): HellaSwag accuracy \(decimal(accuracy, 4))")
        case .checkpoint(let step, let path):
            showLine("step \(step): checkpoint \(path)")
        case .sample(let step, let text):
            showLine("step \(step): sample\n\(text)")
        }
    }

    /// Ends a line that is still being rewritten.
    func finish() {
        if liveLineIsShown { Terminal.writeError("\n") }
        liveLineIsShown = false
    }

    private func showStep(_ step: TrainingStep) {
        let now = clock.now
        let isLast = step.step == totalSteps
        if isTerminal {
            Terminal.writeError("\r\u{1b}[K" + line(for: step, now: now))
            liveLineIsShown = true
            return
        }
        if let lastLine, now - lastLine < Self.plainInterval, !isLast { return }
        lastLine = now
        Terminal.writeError(line(for: step, now: now) + "\n")
    }

    private func showLine(_ text: String) {
        finish()
        Terminal.writeError(text + "\n")
    }

    private func line(for step: TrainingStep, now: ContinuousClock.Instant) -> String {
        let perStep = (now - startTime) / Double(step.step)
        let left = perStep * Double(totalSteps - step.step)
        return [
            "step \(step.step)/\(totalSteps)",
            "loss \(decimal(Double(step.loss), 4))",
            "lr \(scientific(Double(step.learningRate)))",
            "norm \(decimal(Double(step.gradientNorm), 2))",
            "\(decimal(step.duration / .milliseconds(1), 0)) ms",
            "\(decimal(step.tokensPerSecond, 0)) tok/s",
            "\(timeText(left)) left",
        ].joined(separator: " | ")
    }
}
