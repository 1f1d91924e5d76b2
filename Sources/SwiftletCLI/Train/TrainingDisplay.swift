// Shows the events of a run on stderr: on a terminal as a panel that is rewritten in place, with
// lines that stay scrolling above it; when piped as plain lines, at most one a second.

import LineEditing
import Swiftlet
import Synchronization

/// Shows the progress of a training run.
final class TrainingDisplay: Sendable {
    private struct State {
        var progress: TrainingProgress
        /// Nil if only plain lines are written.
        var region: LiveRegion?
        /// When the panel was last drawn, or a step's line last written.
        var lastShown: Duration?
        var lastShownStep = 0
        var isFinished = false
        /// Redraws the panel during long steps.
        var clock: Task<Void, Never>?
    }

    private let state: Mutex<State>
    private let panel: TrainingPanel
    private let startTime = ContinuousClock.now

    /// Fast enough to look alive, slow enough to read and to cost nothing.
    private static let panelInterval = Duration.milliseconds(100)
    private static let plainInterval = Duration.seconds(1)

    /// A display for a run that is about to begin or resume.
    /// - Parameters:
    ///   - progress: What is known about the run.
    ///   - isLive: Whether a panel may be drawn if the terminal allows it.
    init(_ progress: TrainingProgress, isLive: Bool = true) {
        var state = State(progress: progress)
        if isLive && Terminal.canRedraw { state.region = LiveRegion(inColor: Terminal.usesColor) }
        let isLive = state.region != nil
        self.state = Mutex(state)
        panel = TrainingPanel(glyphs: .ofLocale)
        if isLive {
            Terminal.hideKeys()
            let clock = Task.detached { [weak self] in
                while (try? await Task.sleep(for: .seconds(1))) != nil { self?.tick() }
            }
            self.state.withLock { $0.clock = clock }
        }
    }

    /// Adds the losses before this session to the chart, if one is drawn.
    func recall(_ log: FilePath, upTo lastStep: Int) {
        state.withLock { state in
            guard state.region != nil else { return }
            // A chart that begins later is not a reason to end a run.
            try? MainLog.forEachLoss(in: log) { state.progress.recall($0, upTo: lastStep) }
        }
    }

    /// Shows one event.
    /// - Returns: What is now known about the run.
    @discardableResult
    func show(_ event: TrainingEvent) -> TrainingProgress {
        let now = ContinuousClock.now - startTime
        return state.withLock { state in
            state.progress.apply(event, at: now)
            if case .step(let step) = event {
                let isDue = isDue(state, at: now)
                if state.region != nil {
                    if isDue { draw(&state) }
                } else if isDue || step.step == state.progress.totalSteps {
                    writeStep(step, &state)
                }
            } else if state.region != nil {
                draw(&state, above: event.panelLine)
            } else if let line = event.plainLine {
                Terminal.writeError(line + "\n")
            }
            return state.progress
        }
    }

    /// Leaves the final panel, or writes the last step and how the run ended.
    /// - Parameter ending: How it ended; nil if its steps tell.
    /// - Returns: What is known about the run at the end.
    func finish(as ending: TrainingProgress.Ending?) -> TrainingProgress {
        let now = ContinuousClock.now - startTime
        return state.withLock { state in
            state.isFinished = true
            state.clock?.cancel()
            defer { TerminalMode.end() }
            state.progress.end(at: now, as: ending)
            // A run that was already finished, or failed before its first step, has said so.
            guard let lastStep = state.progress.lastStep else { return state.progress }
            if state.region != nil {
                draw(&state)
            } else {
                if state.lastShownStep != lastStep.step { writeStep(lastStep, &state) }
                Terminal.writeError(state.progress.endingLine + "\n")
            }
            return state.progress
        }
    }

    /// Says what to do next, below what was shown.
    func advise(_ lines: [String]) {
        let lines = lines.map { DisplayText.escaping($0) }
        state.withLock { state in
            guard let region = state.region, Terminal.isInForeground else {
                for line in lines { Terminal.writeError("next: \(line)\n") }
                return
            }
            let text = panel.advice(lines, columns: Terminal.errorSize.columns)
                .map { $0.rendered(inColor: region.inColor) + "\n" }
            Terminal.writeError(text.joined())
        }
    }

    private func tick() {
        let now = ContinuousClock.now - startTime
        state.withLock { state in
            guard !state.isFinished else { return }
            TerminalMode.refresh()
            guard isDue(state, at: now) else { return }
            state.progress.advance(to: now)
            draw(&state)
        }
    }

    private func isDue(_ state: State, at now: Duration) -> Bool {
        let interval = state.region == nil ? Self.plainInterval : Self.panelInterval
        return state.lastShown.map { now - $0 >= interval } ?? true
    }

    private func writeStep(_ step: TrainingStep, _ state: inout State) {
        state.lastShown = state.progress.elapsed
        state.lastShownStep = step.step
        Terminal.writeError(state.progress.line(for: step) + "\n")
    }

    private func draw(_ state: inout State, above: StyledLine? = nil) {
        guard var region = state.region else { return }
        state.lastShown = state.progress.elapsed
        // The shell has written something since.
        if TerminalMode.takeContinuation() { region.release() }
        guard Terminal.isInForeground else {
            // In the background, the cursor belongs to another program.
            if let above { Terminal.writeError(above.rendered(inColor: region.inColor) + "\n") }
            return state.region = region
        }
        state.progress.peakMemory = Machine.peakMemoryBytes
        let size = Terminal.errorSize
        // If the run had already ended, there is nothing to watch.
        let isShown = state.progress.firstStep < state.progress.totalSteps
        let lines =
            isShown ? panel.lines(state.progress, columns: size.columns, rows: size.rows) : []
        Terminal.writeError(region.replace(with: lines, above: above, columns: size.columns))
        state.region = region
    }
}
