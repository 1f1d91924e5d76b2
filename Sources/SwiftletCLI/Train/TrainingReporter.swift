// Everything a run says while it goes on and when it ends: the panel or plain lines on stderr, and
// with --json its events on stdout. What the lines are is in TrainingPanel and TrainingEvent+JSON.

import Swiftlet

/// Follows a run from its first event to its last word.
struct TrainingReporter {
    private let run: TrainingRun
    private let directory: RunDirectory
    private let display: TrainingDisplay
    private let events: EventStream?

    /// What a run will be reported on.
    /// - Parameters:
    ///   - run: The run, which has not begun.
    ///   - directory: Where it is kept.
    ///   - printsEvents: Whether its events are printed for programs.
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
    ///   - validationTokens: Tokens of the held-out data; nil where there are none.
    ///   - note: Called with each event before it is shown.
    /// - Throws: What training and `note` throw. Where nobody takes the events any more the run is
    ///   saved as one that was stopped, and ``failure`` says why.
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

    /// Why nobody takes the events any more; nil where they are taken.
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
        // Before its first step a run leaves nothing, and says so itself.
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

/// Objects on standard output, until nobody takes them any more.
final class EventStream {
    /// Why objects are not taken any more.
    private(set) var failure: (any Error)?

    /// Prepares standard output: a reader that goes is an error then, and not the end of a run that
    /// nobody has saved.
    init() {
        Signals.ignoreClosedConnections()
    }

    /// Writes an object as a line, at once.
    func write(_ object: EventObject) {
        guard failure == nil else { return }
        do { try Terminal.printJSON(object) } catch { failure = error }
    }
}
