// A whole run: steps, and between them validation, evaluation, samples and checkpoints. It keeps the
// run directory and reports events; drawing them is the caller's. How a run starts or goes on is in
// RunStart.swift.

import FileIO
import LanguageModels
import TokenData

/// Trains to the end, and leaves a run directory.
public final class TrainingRun {
    /// What makes the steps.
    public let trainer: Trainer
    /// The step of the checkpoint this run goes on from; nil when it started anew.
    public let resumedStep: Int?
    /// The checkpoint with the lowest validation loss.
    public private(set) var best: BestCheckpoint?
    let description: RunDescription
    let validation: TokenLoader?
    private let directory: RunDirectory
    /// Held until the run ends.
    private var lock: DirectoryLock?
    private let startsOver: Bool
    /// Whether what was due after `resumedStep` is still to be measured.
    private let isUnmeasured: Bool
    private let metrics: MetricsLog
    private let mainLog: MainLog
    private let sample: (() throws -> String)?
    private let hellaSwag: (() throws -> Double)?
    /// The newest validation.
    private var lastValidation: BestCheckpoint?
    /// Whether a checkpoint was due when none could be written, so that the next step writes it.
    private var checkpointIsOverdue = false

    /// Steps in a row without a finite loss and gradient norm after which a run is given up.
    public static let nonFiniteStepLimit = 5

    /// Starts a run, or goes on with the one in the directory.
    ///
    /// Creates the directory, removes what an interrupted run left half-made, and writes `run.json`.
    /// Nobody else can train in the directory until ``run(until:report:)`` ends or this object goes.
    /// A run that goes on finds the trainer's model, moments and data replaced by the checkpoint's.
    /// - Parameters:
    ///   - trainer: What makes the steps, at its first one.
    ///   - validation: Held-out data, or nil for no validation.
    ///   - directory: Where the run is kept.
    ///   - resume: What happens with a run that is there.
    ///   - overwrite: Whether a run that is there is replaced, whatever `resume` says. Its
    ///     tokenizer stays.
    ///   - allowsChanges: Whether a run may go on with other settings and data; the new ones then
    ///     hold, and other data are read from their start.
    ///   - description: What `run.json` says; nil describes what the trainer tells.
    ///   - sample: Draws a text from the model as it is, or nil for no samples.
    ///   - hellaSwag: Measures the accuracy of the model as it is, or nil for no evaluation.
    /// - Throws: ``TrainingError`` when the run is refused, in use, differs, is damaged or does not
    ///   fit on the disk, ``FileIOError`` when the directory cannot be written; the run that was there is then
    ///   as it was.
    public init(
        _ trainer: Trainer,
        validation: TokenLoader?,
        directory: RunDirectory,
        resume: ResumePolicy = .auto,
        overwrite: Bool = false,
        allowsChanges: Bool = false,
        description: RunDescription? = nil,
        sample: (() throws -> String)? = nil,
        hellaSwag: (() throws -> Double)? = nil
    ) throws {
        self.trainer = trainer
        self.validation = validation
        self.directory = directory
        self.sample = sample
        self.hellaSwag = hellaSwag
        self.description = description ?? RunDescription(trainer, validation: validation)
        lock = try directory.lock()
        let start = try RunStart(
            directory,
            resumptionStep: directory.resumptionStep(resume, overwrite: overwrite),
            overwrite: overwrite,
            trainer: trainer,
            extra: Self.extra(of: trainer, self.description, validation, best: nil),
            allowsChanges: allowsChanges
        )
        resumedStep = start.resumedStep
        startsOver = start.startsOver
        isUnmeasured = start.isUnmeasured
        best = start.best
        try self.description.write(to: directory.descriptionPath)
        metrics = try MetricsLog(directory.metricsPath, continuingAfter: resumedStep)
        if resumedStep != nil { try LineFile.filter(directory.mainLogPath) { _ in true } }
        mainLog = try MainLog(directory.mainLogPath, keepingContents: resumedStep != nil)
    }

    /// Trains until the last step.
    /// - Parameters:
    ///   - shouldStop: Asked after every step; true ends the run with a checkpoint. What is due
    ///     after that step is measured when the run goes on, except after the last, which ends it.
    ///   - report: Called with every event, in order.
    /// - Throws: What a step, a file or `report` throws, and
    ///   ``TrainingError/diverged(step:quantity:found:)`` after ``nonFiniteStepLimit`` steps in a
    ///   row without finite measurements. Complete checkpoints stay.
    public func run(
        until shouldStop: () -> Bool = { false },
        report: (TrainingEvent) throws -> Void
    ) throws {
        lock = try lock ?? directory.lock()
        defer { lock = nil }
        let lastStep = trainer.settings.schedule.totalSteps
        if let resumedStep {
            try report(.resumed(step: resumedStep, path: directory.modelPath(step: resumedStep)))
            if resumedStep >= lastStep { return try report(.alreadyFinished(step: resumedStep)) }
            if isUnmeasured { try catchUp(report) }
        } else {
            if startsOver { try report(.startedOver(path: directory.path)) }
            try validateIfDue(isLast: lastStep == 0, report)
            // A run of no steps still leaves a model: the one it started from.
            if lastStep == 0 { try checkpointIfDue(isLast: true, report) }
        }
        var stopped = false
        while trainer.stepCount < lastStep && !stopped {
            try makeStep(report)
            stopped = shouldStop()
            let isLast = trainer.stepCount == lastStep
            // Who stops a run waits for no more than its checkpoint. A run that has made its last
            // step does not go on later, though.
            if isLast || !stopped { try measureIfDue(isLast: isLast, report) }
            try checkpointIfDue(isLast: isLast, isStopped: stopped, report)
        }
    }

    private func measureIfDue(isLast: Bool, _ report: (TrainingEvent) throws -> Void) throws {
        try validateIfDue(isLast: isLast, report)
        try evaluateIfDue(isLast: isLast, report)
        try sampleIfDue(isLast: isLast, report)
    }

    /// Measures what was due when the run was stopped, and adds it to the checkpoint.
    private func catchUp(_ report: (TrainingEvent) throws -> Void) throws {
        try measureIfDue(isLast: false, report)
        let best = bestWithThisStep
        try JSONFile.write(
            Self.extra(of: trainer, description, validation, best: best),
            to: directory.extraPath(step: trainer.stepCount)
        )
        try adopt(best)
    }

    private func makeStep(_ report: (TrainingEvent) throws -> Void) throws {
        let step = try trainer.step()
        try metrics.append(step)
        try mainLog.append(step)
        try report(.step(step))
        for outlier in step.outliers {
            try report(
                .outlier(step: step.step, quantity: outlier.quantity, zScore: outlier.zScore)
            )
        }
        guard let reason = step.skipReason else { return }
        try report(.skipped(step: step.step, reason: reason))
        if case .nonFinite(let quantity, let found) = reason,
            trainer.nonFiniteStepsInARow >= Self.nonFiniteStepLimit
        {
            throw TrainingError.diverged(step: step.step, quantity: quantity.name, found: found)
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
        lastValidation = BestCheckpoint(step: trainer.stepCount, validationLoss: loss)
        try metrics.append(validationLoss: loss, step: trainer.stepCount)
        try mainLog.append(validationLoss: loss, step: trainer.stepCount)
        try report(.validation(step: trainer.stepCount, loss: loss))
    }

    private func evaluateIfDue(isLast: Bool, _ report: (TrainingEvent) throws -> Void) throws {
        guard let hellaSwag, isDue(trainer.settings.hellaSwagInterval, isLast: isLast) else {
            return
        }
        let accuracy = try hellaSwag()
        try metrics.append(hellaSwagAccuracy: accuracy, step: trainer.stepCount)
        try mainLog.append(hellaSwagAccuracy: accuracy, step: trainer.stepCount)
        try report(.hellaSwag(step: trainer.stepCount, accuracy: accuracy))
    }

    private func sampleIfDue(isLast: Bool, _ report: (TrainingEvent) throws -> Void) throws {
        guard let sample, isDue(trainer.settings.sampleInterval, isLast: isLast) else { return }
        let text = try sample()
        try metrics.append(sample: text, step: trainer.stepCount)
        try report(.sample(step: trainer.stepCount, text: text))
    }

    private func checkpointIfDue(
        isLast: Bool,
        isStopped: Bool = false,
        _ report: (TrainingEvent) throws -> Void
    ) throws {
        let interval = trainer.settings.checkpointInterval
        let isLastChance = isLast || isStopped
        guard isDue(interval, isLast: isLastChance) || checkpointIsOverdue else { return }
        // A model that just gave no number is not worth the place of one that did. In the end it is
        // better than none: a step that was left out has not changed it.
        checkpointIsOverdue = trainer.nonFiniteStepsInARow > 0 && !isLastChance
        if checkpointIsOverdue { return }
        try writeCheckpoint(isUnmeasured: isStopped && !isLast)
        let path = directory.modelPath(step: trainer.stepCount)
        try report(.checkpoint(step: trainer.stepCount, path: path))
    }

    /// Writes a checkpoint, and then removes those it makes superfluous.
    private func writeCheckpoint(isUnmeasured: Bool) throws {
        let newBest = bestWithThisStep
        var extra = Self.extra(of: trainer, description, validation, best: newBest)
        extra.isUnmeasured = isUnmeasured ? true : nil
        try directory.writeCheckpoint(of: trainer, extra: extra)
        // Before anything is removed: the old best is still there until the new one is known.
        try adopt(newBest)
        try directory.removeCheckpoints(Retention(trainer.settings), best: best)
    }

    /// The best checkpoint, with that of this step among them.
    private var bestWithThisStep: BestCheckpoint? {
        guard let lastValidation, lastValidation.step == trainer.stepCount,
            lastValidation.validationLoss < best?.validationLoss ?? .infinity
        else { return best }
        return lastValidation
    }

    private func adopt(_ newBest: BestCheckpoint?) throws {
        guard let newBest, newBest != best else { return }
        try JSONFile.write(newBest, to: directory.bestPath)
        best = newBest
    }

    /// What a checkpoint written now says beside the model and llm.c's state.
    private static func extra(
        of trainer: Trainer,
        _ description: RunDescription,
        _ validation: TokenLoader?,
        best: BestCheckpoint?
    ) -> CheckpointExtra {
        CheckpointExtra(
            step: trainer.stepCount,
            best: best,
            settings: trainer.settings,
            model: description.model,
            trainingData: trainer.loader.source,
            isShuffled: trainer.loader.state.shuffle != nil,
            validationData: validation?.source,
            recentLosses: trainer.lossDetector.values,
            recentNorms: trainer.normDetector.values
        )
    }
}

// It drives a trainer, which is not sendable either.
@available(*, unavailable) extension TrainingRun: Sendable {}
