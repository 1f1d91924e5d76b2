// A whole run: steps, and between them validation, evaluation, samples and checkpoints. It decides
// what is done when, and reports events for the caller to show. RunStart.swift starts or resumes a
// run, and RunRecords.swift has what it writes besides checkpoints. If several processes train, all
// follow the same course, and the first one reports for all.

import Collectives
import FileIO
import LanguageModels
import TokenData

/// Trains to the end, and leaves a run directory.
package final class TrainingRun {
    /// The trainer that makes the steps.
    package let trainer: Trainer
    /// The step of the checkpoint this run resumed from; nil for a new run.
    package let resumedStep: Int?
    /// The checkpoint with the lowest validation loss; the one before the first step does not
    /// count.
    package private(set) var best: BestCheckpoint?
    let description: RunDescription
    let validation: (any BatchSource)?
    private let group: ProcessGroup
    private let directory: RunDirectory
    private let startsOver: Bool
    /// Whether everything due after the newest step has been measured.
    private var isMeasured: Bool
    /// Nil except in the first process.
    private let records: RunRecords?
    private let sample: Probe<String>?
    private let hellaSwag: Probe<Double>?
    /// The newest validation.
    private var lastValidation: BestCheckpoint?
    /// Whether a checkpoint was due when none could be written, so that the next step writes it.
    private var checkpointIsOverdue = false
    /// The step of the newest checkpoint; nil before the first.
    private var savedStep: Int?

    /// Measures or samples the model in its current state.
    ///
    /// It asks now and then whether to stop, and returns nil if it did. If several processes take
    /// part, all ask equally often.
    package typealias Probe<Value> = (_ shouldStop: () -> Bool) throws -> Value?

    /// Consecutive steps without a finite loss and gradient norm after which a run is abandoned.
    package static let nonFiniteStepLimit = 5

    /// Starts a run, or resumes the one in the directory.
    ///
    /// Creates the directory, removes what an interrupted run left unfinished, and writes
    /// `run.json`. No other process can train in the directory until ``run(until:report:)`` ends or
    /// this object is released. A resumed run replaces the trainer's model, moments and data by the
    /// checkpoint's. All data is read once, to notice if it has changed, unless
    /// `BatchSource.digestShards(_:)` has already done so.
    ///
    /// All processes of the trainer's group make their run at the same time, but only the first
    /// looks at the directory and writes what all share; each reads the checkpoint.
    /// - Parameters:
    ///   - trainer: The trainer that makes the steps, at its first one.
    ///   - validation: Held-out data, all of which every process reads, or nil for no validation.
    ///   - directory: Where the run is kept.
    ///   - resume: What to do with an existing run.
    ///   - overwrite: Whether an existing run is replaced, whatever `resume` says. Its tokenizer
    ///     stays.
    ///   - allowsChanges: Whether a run may resume with other settings and data; the new ones then
    ///     apply, and other data is read from its start.
    ///   - description: The content of `run.json`; nil describes what the trainer knows.
    ///   - sample: Draws a text from the model in its current state, or nil for no samples. Of
    ///     several processes, only the first draws.
    ///   - hellaSwag: Measures the accuracy of the model in its current state, or nil for no
    ///     evaluation. All processes take part.
    /// - Throws: ``TrainingError`` when the run is refused, in use, differs, is damaged or does not
    ///   fit on the disk, ``FileIOError`` when the directory cannot be written; an existing run is
    ///   then unchanged.
    package init(
        _ trainer: Trainer,
        validation: (any BatchSource)?,
        directory: RunDirectory,
        resume: ResumePolicy = .auto,
        overwrite: Bool = false,
        allowsChanges: Bool = false,
        description: RunDescription? = nil,
        sample: Probe<String>? = nil,
        hellaSwag: Probe<Double>? = nil
    ) throws {
        let group = trainer.group
        (self.trainer, self.group) = (trainer, group)
        try trainer.digestData()
        var validation = validation
        try group.together { try validation?.digestShards() }
        // With other numbers of batches, some would wait for measurements that nobody makes.
        try group.requireAlike(["the validation data": validation?.summary ?? "none"])
        self.validation = validation
        self.directory = directory
        self.sample = sample
        self.hellaSwag = hellaSwag
        let description = description ?? RunDescription(trainer, validation: validation)
        self.description = description
        let extra = Self.extra(of: trainer, description, validation, best: nil)
        var lock: DirectoryLock?
        let start = try group.share {
            lock = try directory.lock()
            return try RunStart(
                directory,
                resumptionStep: directory.resumptionStep(resume, overwrite: overwrite),
                overwrite: overwrite,
                trainer: trainer,
                extra: extra,
                allowsChanges: allowsChanges
            )
        }
        try group.together {
            try Self.requireShared(directory, has: directory.path)
            try start.load(from: directory, into: trainer)
        }
        resumedStep = start.resumedStep
        startsOver = start.startsOver
        savedStep = start.resumedStep
        isMeasured = !start.isUnmeasured
        best = start.best
        records = try group.together {
            try lock.map { lock in
                try RunRecords(
                    directory,
                    lock: lock,
                    start: start,
                    trainer: trainer,
                    overwrite: overwrite,
                    description: description
                )
            }
        }
        try group.together {
            try Self.requireShared(directory, has: directory.descriptionPath)
        }
    }

    /// Checks that this process sees what the first one has made.
    ///
    /// In a directory of its host's own, its part of each checkpoint would be lost to the others.
    private static func requireShared(_ directory: RunDirectory, has path: FilePath) throws {
        guard FileSystem.exists(path) else { throw TrainingError.notShared(path: directory.path) }
    }

    /// Trains until the last step.
    /// - Parameters:
    ///   - shouldStop: Asked before every micro-batch, and between the batches and tokens of what
    ///     is measured between steps; true ends the run with a checkpoint. An incomplete step is
    ///     dropped and made again when the run resumes, and so is an unfinished measurement. Before
    ///     the first step is complete there is nothing to save, and the files of a new run are
    ///     removed. Of several processes all stop when one was told to, a question later.
    ///   - report: Called with every event, in order, in the first process.
    /// - Throws: What a step, a file or `report` throws, and
    ///   ``TrainingError/diverged(step:quantity:found:)`` after ``nonFiniteStepLimit`` steps in a
    ///   row without finite measurements. Complete checkpoints stay.
    package func run(
        until shouldStop: () -> Bool = { false },
        report: (TrainingEvent) throws -> Void
    ) throws {
        defer { records?.release() }
        try withoutActuallyEscaping(shouldStop) { shouldStop in
            let ballot = StopBallot(group, vote: shouldStop)
            try inFirst { try $0.hold() }
            try followCourse(ballot, report)
            try ballot.close()
        }
    }

    /// Does what is left of the run.
    private func followCourse(
        _ ballot: StopBallot,
        _ report: (TrainingEvent) throws -> Void
    ) throws {
        let lastStep = trainer.settings.schedule.totalSteps
        if let resumedStep {
            let path = directory.modelPath(step: resumedStep)
            try note(.resumed(step: resumedStep, path: path), report)
            if !isMeasured {
                try catchUp(ballot, report)
            } else if resumedStep >= lastStep {
                return try note(.alreadyFinished(step: resumedStep), report)
            }
        } else {
            if startsOver { try note(.startedOver(path: directory.path), report) }
            isMeasured = try validateIfDue(ballot, report)
            // A run with no steps still leaves a model: the one it started from.
            if isMeasured && lastStep == 0 { try checkpointIfDue(report) }
        }
        while isMeasured, trainer.stepCount < lastStep, try makeStep(ballot, report) {
            isMeasured = try measureIfDue(ballot, report)
            if isMeasured { try checkpointIfDue(report) }
        }
        if !isMeasured || trainer.stepCount < lastStep { try saveStopped(report) }
    }

    /// Saves what a stopped run has that no checkpoint holds.
    private func saveStopped(_ report: (TrainingEvent) throws -> Void) throws {
        let isSaved = savedStep == trainer.stepCount
        if trainer.stepCount == 0 && !isSaved {
            return try inFirst { try $0.removeBeginnings() }
        }
        guard trainer.settings.checkpointInterval > 0, !isSaved else { return }
        try writeCheckpoint(report)
    }

    /// Logs what happened, and reports it.
    private func note(
        _ event: TrainingEvent,
        _ report: (TrainingEvent) throws -> Void
    ) throws {
        try inFirst { records in
            try records.append(event)
            try report(event)
        }
    }

    /// Does what only the first process does; if that fails, all processes fail.
    private func inFirst(_ body: (RunRecords) throws -> Void) throws {
        try group.together {
            if let records { try body(records) }
        }
    }

    /// Whether the newest step is the run's last.
    private var isAtLastStep: Bool { trainer.stepCount == trainer.settings.schedule.totalSteps }

    /// Measures what is due after the newest step.
    /// - Returns: Whether it was measured rather than told to stop.
    private func measureIfDue(
        _ ballot: StopBallot,
        _ report: (TrainingEvent) throws -> Void
    ) throws -> Bool {
        try validateIfDue(ballot, report)
            && evaluateIfDue(ballot, report)
            && sampleIfDue(ballot, report)
    }

    /// Measures what was due when the run was stopped, and adds it to the checkpoint.
    private func catchUp(
        _ ballot: StopBallot,
        _ report: (TrainingEvent) throws -> Void
    ) throws {
        isMeasured = try measureIfDue(ballot, report)
        guard isMeasured else { return }
        let newBest = bestWithThisStep
        var extra = Self.extra(of: trainer, description, validation, best: newBest)
        try inFirst { records in
            let path = directory.extraPath(step: extra.step)
            // Its place in the data stays that of the processes that wrote it.
            let saved = try CheckpointExtra.read(from: path, step: extra.step)
            (extra.trainingData, extra.isShuffled) = (saved.trainingData, saved.isShuffled)
            try JSONFile.write(extra, to: path)
            try records.adopt(newBest)
        }
        best = newBest
    }

    /// Makes a step.
    /// - Returns: False when it was told to stop and dropped the step.
    private func makeStep(
        _ ballot: StopBallot,
        _ report: (TrainingEvent) throws -> Void
    ) throws -> Bool {
        guard let step = try trainer.step(until: ballot.shouldStop) else { return false }
        try note(.step(step), report)
        for outlier in step.outliers {
            try note(
                .outlier(step: step.step, quantity: outlier.quantity, zScore: outlier.zScore),
                report
            )
        }
        guard let reason = step.skipReason else { return true }
        try note(.skipped(step: step.step, reason: reason), report)
        if case .nonFinite(let quantity, let found) = reason,
            trainer.nonFiniteStepsInARow >= Self.nonFiniteStepLimit
        {
            try group.together {
                throw TrainingError.diverged(step: step.step, quantity: quantity.name, found: found)
            }
        }
        return true
    }

    private func isDue(_ interval: Int) -> Bool {
        interval > 0 && (isAtLastStep || trainer.stepCount % interval == 0)
    }

    private func validateIfDue(
        _ ballot: StopBallot,
        _ report: (TrainingEvent) throws -> Void
    ) throws -> Bool {
        guard let validation, isDue(trainer.settings.validationInterval) else { return true }
        guard
            let loss = try trainer.validationLoss(
                on: validation,
                until: ballot.shouldStop
            )
        else {
            return false
        }
        lastValidation = BestCheckpoint(step: trainer.stepCount, validationLoss: loss)
        try note(.validation(step: trainer.stepCount, loss: loss), report)
        return true
    }

    private func evaluateIfDue(
        _ ballot: StopBallot,
        _ report: (TrainingEvent) throws -> Void
    ) throws -> Bool {
        guard let hellaSwag, isDue(trainer.settings.hellaSwagInterval) else { return true }
        guard !ballot.shouldStop(), let accuracy = try hellaSwag(ballot.shouldStop) else {
            return false
        }
        try note(.hellaSwag(step: trainer.stepCount, accuracy: accuracy), report)
        return true
    }

    private func sampleIfDue(
        _ ballot: StopBallot,
        _ report: (TrainingEvent) throws -> Void
    ) throws -> Bool {
        guard let sample, isDue(trainer.settings.sampleInterval) else { return true }
        // With an adapter it is drawn from merged weights, which take extra memory.
        if trainer.model.trainedAdapter != nil { trainer.giveUpPassMemory() }
        // The others do not know how often it asks.
        guard !ballot.shouldStop(), let text = try group.share({ try sample(ballot.isToldToStop) })
        else { return false }
        try note(.sample(step: trainer.stepCount, text: text), report)
        return true
    }

    private func checkpointIfDue(_ report: (TrainingEvent) throws -> Void) throws {
        let interval = trainer.settings.checkpointInterval
        let isBest = interval > 0 && bestWithThisStep != best
        guard isBest || isDue(interval) || checkpointIsOverdue else { return }
        // A model that just gave no number is not worth replacing one that did, unless it is the
        // best on held-out data. At the end it is better than none: a skipped step has not changed
        // it.
        checkpointIsOverdue = trainer.nonFiniteStepsInARow > 0 && !isAtLastStep && !isBest
        if checkpointIsOverdue { return }
        try writeCheckpoint(report)
    }

    /// Writes a checkpoint, then removes those it makes superfluous.
    private func writeCheckpoint(_ report: (TrainingEvent) throws -> Void) throws {
        let newBest = bestWithThisStep
        var extra = Self.extra(of: trainer, description, validation, best: newBest)
        extra.isUnmeasured = isMeasured ? nil : true
        try directory.writeCheckpoint(of: trainer, extra: extra)
        try inFirst { records in
            // Before anything is removed: the old best is still there until the new one is known.
            try records.adopt(newBest)
            try records.removeCheckpoints()
        }
        (savedStep, best) = (extra.step, newBest)
        let path = directory.modelPath(step: extra.step)
        try note(.checkpoint(step: extra.step, path: path), report)
    }

    /// The best checkpoint, considering the one of this step.
    private var bestWithThisStep: BestCheckpoint? {
        guard let lastValidation, lastValidation.step == trainer.stepCount,
            lastValidation.validationLoss < best?.validationLoss ?? .infinity
        else { return best }
        return lastValidation
    }

    /// What a checkpoint written now holds besides the model and llm.c's state.
    private static func extra(
        of trainer: Trainer,
        _ description: RunDescription,
        _ validation: (any BatchSource)?,
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
            frozenWeights: trainer.frozenWeightsDigest,
            recentLosses: trainer.lossDetector.values,
            recentNorms: trainer.normDetector.values
        )
    }
}

// It drives a trainer, which is not sendable either.
@available(*, unavailable) extension TrainingRun: Sendable {}
