// A whole run: steps, and between them validation, checkpoints and samples. It keeps the run
// directory and reports events; drawing them is the caller's.

import FileIO
import LanguageModels
import TokenData

/// Something that happened during a run.
public enum TrainingEvent: Sendable, Equatable {
    /// An optimiser step was made.
    case step(TrainingStep)
    /// The mean loss on held-out data after `step` updates.
    case validation(step: Int, loss: Float)
    /// A checkpoint was written.
    case checkpoint(step: Int, path: FilePath)
    /// A text was drawn from the model after `step` updates.
    case sample(step: Int, text: String)
}

/// Trains to the end, and leaves a run directory.
public final class TrainingRun {
    /// What makes the steps.
    public let trainer: Trainer
    private let validation: TokenLoader?
    private let directory: RunDirectory
    private let metrics: MetricsLog
    private let sample: (() throws -> String)?

    /// Creates the run directory and its log.
    /// - Parameters:
    ///   - trainer: What makes the steps.
    ///   - validation: Held-out data, or nil for no validation.
    ///   - directory: Where the run is kept.
    ///   - overwrite: Whether a run that is there may be replaced.
    ///   - sample: Draws a text from the model as it is, or nil for no samples.
    /// - Throws: ``TrainingError/runExists(path:)`` or ``FileIOError``.
    public init(
        _ trainer: Trainer,
        validation: TokenLoader?,
        directory: RunDirectory,
        overwrite: Bool = false,
        sample: (() throws -> String)? = nil
    ) throws {
        if try !overwrite && directory.holdsRun() {
            throw TrainingError.runExists(path: directory.path)
        }
        try FileSystem.createDirectory(directory.path)
        for step in try directory.checkpointSteps() {
            try FileSystem.remove(directory.donePath(step: step))
            try FileSystem.remove(directory.modelPath(step: step))
        }
        self.trainer = trainer
        self.validation = validation
        self.directory = directory
        self.sample = sample
        metrics = try MetricsLog(directory.metricsPath)
    }

    /// Trains until the last step.
    /// - Parameters:
    ///   - shouldStop: Asked after every step; true ends the run with a checkpoint.
    ///   - report: Called with every event, in order.
    /// - Throws: What a step, a file or `report` throws.
    public func run(
        until shouldStop: () -> Bool = { false },
        report: (TrainingEvent) throws -> Void
    ) throws {
        let settings = trainer.settings
        let lastStep = settings.schedule.totalSteps
        try validateIfDue(isLast: lastStep == 0, report)
        // A run of no steps still leaves a model: the one it started from.
        if lastStep == 0 { try checkpointIfDue(isLast: true, report) }
        var stopped = false
        while trainer.stepCount < lastStep && !stopped {
            let step = try trainer.step()
            try metrics.append(step)
            try report(.step(step))
            stopped = shouldStop()
            let isLast = stopped || step.step == lastStep
            try validateIfDue(isLast: isLast && !stopped, report)
            try sampleIfDue(isLast: isLast && !stopped, report)
            try checkpointIfDue(isLast: isLast, report)
        }
    }

    private func isDue(_ interval: Int, isLast: Bool) -> Bool {
        interval > 0 && (isLast || trainer.stepCount % interval == 0)
    }

    private func validateIfDue(isLast: Bool, _ report: (TrainingEvent) throws -> Void) throws {
        guard let validation, isDue(trainer.settings.validationInterval, isLast: isLast) else {
            return
        }
        let loss = try trainer.validationLoss(on: validation)
        try metrics.append(validationLoss: loss, step: trainer.stepCount)
        try report(.validation(step: trainer.stepCount, loss: loss))
    }

    private func sampleIfDue(isLast: Bool, _ report: (TrainingEvent) throws -> Void) throws {
        guard let sample, isDue(trainer.settings.sampleInterval, isLast: isLast) else { return }
        let text = try sample()
        try metrics.append(sample: text, step: trainer.stepCount)
        try report(.sample(step: trainer.stepCount, text: text))
    }

    private func checkpointIfDue(isLast: Bool, _ report: (TrainingEvent) throws -> Void) throws {
        guard isDue(trainer.settings.checkpointInterval, isLast: isLast) else { return }
        let step = trainer.stepCount
        try directory.writeCheckpoint(of: trainer.model, step: step)
        try report(.checkpoint(step: step, path: directory.modelPath(step: step)))
    }
}

// It drives a trainer, which is not sendable either.
@available(*, unavailable) extension TrainingRun: Sendable {}
