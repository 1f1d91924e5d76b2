// The layout of a run's state as a few lines of a given width. It writes nothing: the same state
// always gives the same lines. TrainingFacts.swift has what the lines say.

/// What a person watching a run sees.
struct TrainingPanel {
    /// The characters to draw with.
    let glyphs: DisplayGlyphs

    /// From this width on, a chart of several rows is next to the facts.
    private static let widest = 120
    /// From this width on, two facts share a line.
    private static let wide = 76
    /// Below this width, there is room for only one line.
    private static let narrowest = 30
    /// The width of "validation", the longest label.
    private static let labelWidth = 10
    /// The width of the facts on the left of a wide panel, including the gap.
    private static let leftWidth = 46

    /// Lines for a terminal of this size, narrower than it and fewer than its rows.
    func lines(_ progress: TrainingProgress, columns: Int, rows: Int) -> [StyledLine] {
        // The last column stays free: some terminals begin a new line as soon as it is written.
        let width = max(1, columns - 1)
        let limit = max(1, rows - 1)
        guard width >= Self.narrowest, limit > 2 else { return [summary(progress).cut(to: width)] }
        let facts = TrainingFacts(progress: progress, glyphs: glyphs)
        var lines = [bar(progress, width: width)]
        if width >= Self.widest, let charted = charted(facts, width: width, rows: limit) {
            lines += charted
        } else {
            lines += listed(facts, width: width)
        }
        // An empty line between the panel and what scrolls above it.
        if lines.count < limit { lines.insert(StyledLine(), at: 0) }
        let sample = sample(
            progress,
            width: width,
            // A quarter of a tall window, for those who like to read.
            limit: min(max(4, limit / 4), limit - lines.count)
        )
        return (lines + sample).prefix(limit).map { $0.cut(to: width) }
    }

    /// Lines below the panel that say what to do next; commands are not wrapped, to be copied.
    func advice(_ lines: [String], columns: Int) -> [StyledLine] {
        let width = max(1, columns - 1 - Self.labelWidth - 3)
        let parts = lines.flatMap { line in
            line.hasPrefix("swiftlet ")
                ? [line] : line.wrapped(columns: width, limit: line.count, more: "")
        }
        return [StyledLine()]
            + parts.enumerated().map { labelled($0 == 0 ? "next" : "", StyledLine($1)) }
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

    /// Facts one below another, with a chart next to them; nil if it does not fit.
    private func charted(_ facts: TrainingFacts, width: Int, rows: Int) -> [StyledLine]? {
        let valueWidth = Self.leftWidth - 3 - Self.labelWidth - 3
        var left = [labelled("loss", facts.loss(width: valueWidth))]
        if let validation = validation(facts, valueWidth) { left.append(validation) }
        left += [
            labelled("update", facts.update),
            labelled("seen", facts.seen(width: valueWidth)),
            labelled("speed", facts.speed),
            labelled("step", facts.stepTime),
            labelled("memory", facts.memory),
            labelled("time", facts.time),
        ]
        // Half of the window is left for what scrolls above, and some for the sample.
        let chartRows = max(left.count, min(16, rows / 3))
        guard chartRows <= rows / 2 else { return nil }
        let chart = LossChart(glyphs: glyphs)
            .lines(facts.progress, columns: width - Self.leftWidth, rows: chartRows)
        return (0..<chartRows).map { row in
            var line = row < left.count ? left[row].cut(to: Self.leftWidth - 1) : StyledLine()
            if row < chart.count {
                line.pad(to: Self.leftWidth)
                line.append(chart[row])
            }
            return line
        }
    }

    /// Facts in one column or in two, the more important ones first, and the curve on a line.
    private func listed(_ facts: TrainingFacts, width: Int) -> [StyledLine] {
        let isWide = width >= Self.wide
        let fullWidth = width - Self.labelWidth - 3
        let valueWidth = isWide ? Self.leftWidth - 3 - Self.labelWidth - 3 : fullWidth
        var left = [labelled("loss", facts.loss(width: valueWidth))]
        if let validation = validation(facts, valueWidth) { left.append(validation) }
        left.append(labelled("update", facts.update))
        left.append(labelled("seen", facts.seen(width: valueWidth)))
        let labelWidth = isWide ? "memory".count : Self.labelWidth
        let right = [
            labelled("time", facts.time, labelWidth),
            labelled("speed", facts.speed, labelWidth),
            labelled("step", facts.stepTime, labelWidth),
            labelled("memory", facts.memory, labelWidth),
        ]
        let curve = facts.curve(width: fullWidth)
        let curves = curve.width > 0 ? [labelled("curve", curve)] : []
        guard isWide else { return left.prefix(1) + curves + left.dropFirst() + right }
        return right.indices.map { row in
            var line = row < left.count ? left[row].cut(to: Self.leftWidth) : StyledLine()
            line.pad(to: Self.leftWidth - 1)
            line.append(right[row])
            return line
        } + curves
    }

    private func validation(_ facts: TrainingFacts, _ width: Int) -> StyledLine? {
        guard facts.progress.validation != nil || facts.progress.best != nil else { return nil }
        return labelled("validation", facts.validation(width: width))
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
