// What is known about a run as short texts, each to be shown next to its label.

import LineEditing
import Swiftlet

/// Texts about the state of a run.
struct TrainingFacts {
    let progress: TrainingProgress
    let glyphs: DisplayGlyphs

    /// The current training loss, its direction, and how many steps it averages.
    func loss(width: Int) -> StyledLine {
        guard let loss = progress.loss.smoothed else { return StyledLine() }
        var line = StyledLine(decimal(loss, 4), .strong)
        if let direction = progress.loss.direction {
            let ink: StyledLine.Ink =
                switch direction {
                case .falling: .good
                case .level: .faint
                case .rising: .warning
                }
            line.append(" " + glyphs.sign(direction), ink)
        }
        let window = "  mean of \(counted(progress.loss.smoothedCount, "step"))"
        if line.width + window.count <= width { line.append(window, .faint) }
        return line
    }

    /// The whole run's loss on one line, and the steps it covers.
    func curve(width: Int) -> StyledLine {
        let last = progress.course.lastStep.grouped
        let long = "  steps 1 to \(last)"
        let label = width - long.count >= 30 ? long : "  1–\(last)"
        let means = progress.course.means(width - label.count)
        guard means.count > 1 else { return StyledLine() }
        var line = StyledLine(glyphs.curve(means), .accent)
        if line.width > 0 { line.append(label, .faint) }
        return line
    }

    /// The newest validation, and the best.
    func validation(width: Int) -> StyledLine {
        var line = StyledLine()
        if let last = progress.validation { line.append(decimal(Double(last.value), 4), .strong) }
        guard let best = progress.best else { return line }
        let isLast = best == progress.validation
        let text = isLast ? "best so far" : "best \(decimal(Double(best.value), 4))"
        // The step only if it fits completely: part of a number would be a different number.
        let longer = isLast ? "\(text), at \(best.step.grouped)" : "\(text) at \(best.step.grouped)"
        let gap = line.width > 0 ? "  " : ""
        let room = width - line.width - gap.count
        if let fitting = [longer, text].first(where: { $0.columnCount <= room }) {
            line.append(gap + fitting, isLast ? .good : .faint)
        }
        return line
    }

    /// The newest learning rate and gradient norm.
    var update: StyledLine {
        guard let step = progress.lastStep else { return StyledLine() }
        var line = StyledLine("rate ", .faint)
        line.append(scientific(Double(step.learningRate)))
        line.append("  norm ", .faint)
        line.append(decimal(Double(step.gradientNorm), 2))
        return line
    }

    /// How much of the data has been seen, and how much will be.
    func seen(width: Int) -> StyledLine {
        guard let data = progress.stepData else { return StyledLine() }
        let tokens = NumberText.compact(Double(data.tokens) * Double(progress.stepCount))
        var line = StyledLine(tokens)
        line.append(" tokens", .faint)
        guard let epochs = data.epochs else { return line }
        let total = epochs * Double(progress.totalSteps)
        // As many digits for what is done as for the total.
        let places = total < 10 ? 2 : total < 1000 ? 1 : 0
        let done = decimal(epochs * Double(progress.stepCount), places)
        let choices = [" of \(decimal(total, places)) epochs", " epochs"]
        for rest in choices where line.width + 2 + done.count + rest.count <= width {
            line.append(", ", .faint)
            line.append(done)
            line.append(rest, .faint)
            break
        }
        return line
    }

    /// The speed of the recent steps.
    var speed: StyledLine {
        guard let speed = progress.pace.tokensPerSecond, speed.isFinite, speed < 1e15 else {
            return StyledLine()
        }
        var line = StyledLine(speed < 100 ? decimal(speed, 1) : Int(speed).grouped)
        line.append(" tokens/s", .faint)
        return line
    }

    /// The time of one step.
    var stepTime: StyledLine {
        guard let seconds = progress.pace.secondsPerStep else { return StyledLine() }
        let milliseconds = seconds * 1000
        var line = StyledLine(decimal(milliseconds, milliseconds < 100 ? 1 : 0))
        line.append(" ms", .faint)
        return line
    }

    /// How long the run takes, or how it ended.
    var time: StyledLine {
        var line = StyledLine(timeText(progress.elapsed))
        switch progress.ending {
        case .done: line.append(", done", .good)
        case .stopped: line.append(", stopped", .warning)
        case .diverged: line.append(", diverged", .warning)
        case .failed: line.append(", failed", .warning)
        case nil:
            if let left = progress.timeLeft {
                line.append(", ", .faint)
                line.append(timeText(left), .strong)
                line.append(" left", .faint)
            }
        }
        return line
    }

    /// The most memory so far.
    var memory: StyledLine {
        guard let bytes = progress.peakMemory else { return StyledLine() }
        var line = StyledLine(bytes.formattedAsBytes)
        line.append(" at most", .faint)
        return line
    }
}
