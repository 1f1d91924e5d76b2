// Everything a run prints during training and at its end: the panel or plain lines on stderr, and
// with --json its events on stdout. TrainingPanel and TrainingEvent+JSON make the lines.

import Swiftlet

/// Follows a run from its first event to its last line.
struct TrainingReporter {
    private let run: TrainingRun
    private let directory: RunDirectory
    private let display: TrainingDisplay
    private let events: EventStream?

    /// Prepares to report on a run.
    /// - Parameters:
    ///   - run: The run, which has not begun yet.
    ///   - directory: Where it is kept.
    ///   - printsEvents: Whether to print its events for programs.
    init(_ run: TrainingRun, directory: RunDirectory, printsEvents: Bool) {
        (self.run, self.directory) = (run, directory)
        let trainer = run.trainer
        let settings = trainer.settings
        let batches =
            settings.totalBatchTokens / trainer.loader.tokensPerBatch
            / trainer.loader.source.processCount
        events = printsEvents ? EventStream() : nil
        display = TrainingDisplay(
            TrainingProgress(
                totalSteps: settings.schedule.totalSteps,
                best: run.best,
                stepData: TrainingProgress.StepData(
                    tokens: settings.totalBatchTokens,
                    epochs: settings.overfitsSingleBatch
                        ? nil : Double(batches) / Double(trainer.loader.samplesPerEpoch)
                )
            ),
            // Objects between the lines of a panel would break it.
            isLive: !(printsEvents && Terminal.showsOutput)
        )
    }

    /// Trains to the end, or until the run is told to stop.
    /// - Parameters:
    ///   - validationTokens: Tokens of the held-out data; nil if there are none.
    ///   - note: Called with each event before it is shown.
    /// - Throws: What training and `note` throw. If nobody reads the events any more, the run is
    ///   saved as if stopped, and ``failure`` says why.
    func follow(
        validationTokens: Int?,
        _ note: (TrainingEvent) throws -> Void
    ) throws {
        events?.write(beginning(validationTokens))
        if let step = run.resumedStep { display.recall(directory.mainLogPath, upTo: step) }
        do {
            try run.run(
                until: { Signals.isInterrupted || events?.failure != nil },
                report: { event in
                    try note(event)
                    let progress = display.show(event)
                    events?.write(event.object(progress))
                }
            )
        } catch {
            end(error)
            throw error
        }
        end(nil)
    }

    /// Why the events can no longer be written; nil if they can.
    var failure: (any Error)? { events?.failure }

    private func beginning(_ validationTokens: Int?) -> EventObject {
        let trainer = run.trainer
        return [
            "event": .string("start"),
            "run": .string(directory.path.string),
            "parameters": .integer(trainer.model.sizes.parameterCount),
            "steps": .integer(trainer.settings.schedule.totalSteps),
            "resumed_step": run.resumedStep.map(JSONValue.integer) ?? .null,
            "tokens_per_step": .integer(trainer.settings.totalBatchTokens),
            "train_tokens": .integer(trainer.loader.tokenCount),
            "val_tokens": validationTokens.map(JSONValue.integer) ?? .null,
        ]
    }

    private func end(_ error: (any Error)?) {
        var hasDiverged = false
        if case TrainingError.diverged? = error { hasDiverged = true }
        let isStopped = Signals.isInterrupted || events?.failure != nil
        let progress = display.finish(
            as: hasDiverged ? .diverged : error != nil ? .failed : isStopped ? .stopped : nil
        )
        let outcome = TrainingAdvice.Outcome(
            directory: directory,
            settings: run.trainer.settings,
            savedStep: (try? directory.checkpointSteps())?.last,
            best: run.best
        )
        let advice = TrainingAdvice(outcome: outcome)
        switch progress.ending {
        case .done: display.advise(advice.whenDone)
        // Before its first step, a run leaves nothing, and says so itself.
        case .stopped where progress.stepCount > 0: display.advise(advice.whenStopped)
        case .diverged: display.advise(advice.whenDiverged(progress.loss))
        case .stopped, .failed, nil: break
        }
        var object: EventObject = [
            "event": .string("end"),
            "status": .string(progress.ending?.rawValue ?? ""),
            "step": .integer(progress.stepCount),
            "seconds": .finite(progress.elapsed / .seconds(1)),
        ]
        if let error { object["error"] = .string("\(error)") }
        events?.write(object)
    }
}

/// Objects on standard output, until nobody reads them any more.
final class EventStream {
    /// Why objects can no longer be written.
    private(set) var failure: (any Error)?

    /// Prepares standard output: a reader that goes away is then an error rather than the end of an
    /// unsaved run.
    init() {
        Signals.ignoreClosedConnections()
    }

    /// Writes an object as a line, immediately.
    func write(_ object: EventObject) {
        guard failure == nil else { return }
        do { try Terminal.printJSON(object) } catch { failure = error }
    }
}
