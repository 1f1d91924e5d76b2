// The layout of a run's state as a few lines of a given width. It writes nothing: the same state
// always gives the same lines.

import Swiftlet

/// What a person who watches a run sees.
struct TrainingPanel {
    /// What the lines are drawn with.
    let glyphs: DisplayGlyphs

    /// A wider panel would only pull apart what belongs together.
    private static let widest = 100
    /// From here on two facts share a line.
    private static let wide = 76
    /// Below, there is room for one line only.
    private static let narrowest = 30
    /// Columns of "validation", the longest label.
    private static let labelWidth = 10
    /// Columns of the facts on the left of a wide panel, with the gap to those on the right.
    private static let leftWidth = 46
    private static let sampleLimit = 4

    /// Lines for a terminal of this size, each narrower than it and together lower.
    func lines(_ progress: TrainingProgress, columns: Int, rows: Int) -> [StyledLine] {
        // The last column stays free: some terminals begin a new line as soon as it is written.
        let width = min(max(1, columns - 1), Self.widest)
        let limit = max(1, rows - 1)
        guard width >= Self.narrowest, limit > 2 else { return [summary(progress).cut(to: width)] }
        var lines = [bar(progress, width: width)] + facts(progress, width: width)
        // Air between the panel and what scrolls above it.
        if lines.count < limit { lines.insert(StyledLine(), at: 0) }
        let sample = sample(
            progress,
            width: width,
            limit: min(Self.sampleLimit, limit - lines.count)
        )
        return (lines + sample).prefix(limit).map { $0.cut(to: width) }
    }

    private func summary(_ progress: TrainingProgress) -> StyledLine {
        var line = StyledLine("\(progress.stepCount)/\(progress.totalSteps)")
        if let loss = progress.loss.smoothed { line.append(" loss \(decimal(loss, 3))") }
        if let left = progress.timeLeft { line.append(" \(timeText(left))") }
        return line
    }

    private func bar(_ progress: TrainingProgress, width: Int) -> StyledLine {
        let total = progress.totalSteps.grouped
        let step = progress.stepCount.grouped
        // Rounded down: the run is done when it says 100%.
        let percent = "\(progress.stepCount * 100 / max(1, progress.totalSteps))%"
        var figures = StyledLine("  ")
        figures.pad(to: 6 - percent.count)
        figures.append(percent, .strong)
        figures.pad(to: 8 + max(0, total.count - step.count))
        figures.append(step)
        figures.append("/\(total)", .faint)
        var line = StyledLine(" ")
        line.append(
            glyphs.bar(
                firstStep: progress.firstStep,
                stepCount: progress.stepCount,
                totalSteps: progress.totalSteps,
                columns: width - 1 - figures.width
            )
        )
        line.append(figures)
        return line
    }

    private func facts(_ progress: TrainingProgress, width: Int) -> [StyledLine] {
        let isWide = width >= Self.wide
        let valueWidth = (isWide ? Self.leftWidth - 3 : width) - Self.labelWidth - 3
        var left = [labelled("loss", loss(progress, width: valueWidth))]
        if progress.validation != nil || progress.best != nil {
            left.append(labelled("validation", validation(progress, width: valueWidth)))
        }
        left.append(labelled("update", update(progress)))
        let labelWidth = isWide ? "speed".count : Self.labelWidth
        let right = [
            labelled("speed", speed(progress), labelWidth),
            labelled("step", stepTime(progress), labelWidth),
            labelled("time", time(progress), labelWidth),
        ]
        guard isWide else { return left + right }
        return right.indices.map { row in
            var line = row < left.count ? left[row].cut(to: Self.leftWidth) : StyledLine()
            line.pad(to: Self.leftWidth - 1)
            line.append(right[row])
            return line
        }
    }

    private func labelled(
        _ label: String,
        _ value: StyledLine,
        _ labelWidth: Int = labelWidth
    ) -> StyledLine {
        var line = StyledLine(" ")
        line.append(label, .faint)
        line.pad(to: labelWidth + 3)
        line.append(value.width > 0 ? value : StyledLine(glyphs.unknown, .faint))
        return line
    }

    private func loss(_ progress: TrainingProgress, width: Int) -> StyledLine {
        guard let loss = progress.loss.smoothed else { return StyledLine() }
        var line = StyledLine(decimal(loss, 4), .strong)
        if let direction = progress.loss.direction {
            let ink: StyledLine.Ink =
                switch direction {
                case .falling: .good
                case .level: .faint
                case .rising: .warning
                }
            line.append(" " + glyphs.sign(direction) + " ", ink)
        } else {
            line.append("   ")
        }
        line.append(glyphs.curve(progress.loss.course, columns: width - line.width), .accent)
        return line
    }

    private func validation(_ progress: TrainingProgress, width: Int) -> StyledLine {
        var line = StyledLine()
        if let last = progress.validation { line.append(decimal(Double(last.value), 4), .strong) }
        guard let best = progress.best else { return line }
        let isLast = best == progress.validation
        let text = isLast ? "best so far" : "best \(decimal(Double(best.value), 4))"
        // The step only where it fits whole: a part of a number would be another number.
        let longer = isLast ? "\(text), at \(best.step.grouped)" : "\(text) at \(best.step.grouped)"
        let gap = line.width > 0 ? "  " : ""
        let room = width - line.width - gap.count
        if let fitting = [longer, text].first(where: { $0.columnCount <= room }) {
            line.append(gap + fitting, isLast ? .good : .faint)
        }
        return line
    }

    private func update(_ progress: TrainingProgress) -> StyledLine {
        guard let step = progress.lastStep else { return StyledLine() }
        var line = StyledLine("rate ", .faint)
        line.append(scientific(Double(step.learningRate)))
        line.append("  norm ", .faint)
        line.append(decimal(Double(step.gradientNorm), 2))
        return line
    }

    private func speed(_ progress: TrainingProgress) -> StyledLine {
        guard let speed = progress.pace.tokensPerSecond, speed.isFinite, speed < 1e15 else {
            return StyledLine()
        }
        var line = StyledLine(speed < 100 ? decimal(speed, 1) : Int(speed).grouped)
        line.append(" tokens/s", .faint)
        return line
    }

    private func stepTime(_ progress: TrainingProgress) -> StyledLine {
        guard let seconds = progress.pace.secondsPerStep else { return StyledLine() }
        let milliseconds = seconds * 1000
        var line = StyledLine(decimal(milliseconds, milliseconds < 100 ? 1 : 0))
        line.append(" ms", .faint)
        return line
    }

    private func time(_ progress: TrainingProgress) -> StyledLine {
        var line = StyledLine(timeText(progress.elapsed))
        switch progress.ending {
        case .done: line.append(", done", .good)
        case .stopped: line.append(", stopped", .warning)
        case nil:
            if let left = progress.timeLeft {
                line.append(", ", .faint)
                line.append(timeText(left), .strong)
                line.append(" left", .faint)
            }
        }
        return line
    }

    private func sample(
        _ progress: TrainingProgress,
        width: Int,
        limit: Int
    ) -> [StyledLine] {
        guard let sample = progress.sample else { return [] }
        let texts = sample.value.withoutControlCharacters(keepingLineEnds: true)
            .wrapped(columns: width - Self.labelWidth - 3, limit: limit, more: glyphs.more)
        let labels = ["sample", "at \(sample.step)"]
        return texts.enumerated().map { row, text in
            labelled(row < labels.count ? labels[row] : "", StyledLine(text))
        }
    }
}
