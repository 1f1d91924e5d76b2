// What a run leaves in its directory beside its checkpoints: its description, its logs, and which
// checkpoint is the best. It also holds the directory, and removes what nobody needs any more.

import FileIO
import LanguageModels

/// The records of a run, and its hold on the directory.
final class RunRecords {
    private let directory: RunDirectory
    private let retention: Retention
    private let metrics: MetricsLog
    private let mainLog: MainLog
    /// Held until the run ends.
    private var lock: DirectoryLock?
    /// The checkpoint that `best.json` names.
    private var best: BestCheckpoint?

    /// Begins the records of a run, or goes on with those that are there.
    ///
    /// What an interrupted run left half-made goes now, and so does a run that is replaced.
    /// - Parameters:
    ///   - directory: Where the run is kept.
    ///   - lock: What holds it.
    ///   - start: Where the run begins.
    ///   - trainer: Of the run; put where the checkpoint left one, if it goes on.
    ///   - overwrite: Whether a run that starts takes the place of the one that is there.
    ///   - description: What `run.json` says.
    /// - Throws: ``FileIOError`` or ``TrainingError``.
    init(
        _ directory: RunDirectory,
        lock: DirectoryLock,
        start: RunStart,
        trainer: Trainer,
        overwrite: Bool,
        description: RunDescription
    ) throws {
        (self.directory, self.lock) = (directory, lock)
        retention = Retention(trainer.settings)
        try directory.remove(start.superfluousFiles(in: directory, overwrite: overwrite))
        if let step = start.resumedStep {
            try Self.catchUp(directory, step: step, start, model: trainer.model)
        }
        best = start.best
        try description.write(to: directory.descriptionPath)
        metrics = try MetricsLog(
            directory.metricsPath,
            continuingAfter: start.resumedStep,
            isUnmeasured: start.isUnmeasured
        )
        let goesOn = start.resumedStep != nil
        if goesOn { try LineFile.filter(directory.mainLogPath) { _ in true } }
        mainLog = try MainLog(directory.mainLogPath, keepingContents: goesOn)
    }

    /// Does what follows from the checkpoint of a step: the run may have been killed before.
    private static func catchUp(
        _ directory: RunDirectory,
        step: Int,
        _ start: RunStart,
        model: TransformerModel
    ) throws {
        try directory.writeAdapter(of: model)
        if let best = start.best {
            try JSONFile.write(best, to: directory.bestPath)
        } else {
            try FileSystem.remove(directory.bestPath)
        }
        let saved = try CheckpointExtra.read(from: directory.extraPath(step: step), step: step)
        // Also the best that is not comparable: until the next checkpoint the run can go back.
        try directory.removeCheckpoints(Retention(saved.settings), best: saved.best)
    }

    /// Keeps everybody else from training in the directory until ``release()``.
    /// - Throws: ``TrainingError/runInUse(path:)`` or ``FileIOError``.
    func hold() throws {
        lock = try lock ?? directory.lock()
    }

    /// Lets others train in the directory.
    func release() {
        lock = nil
    }

    /// Writes down what happened, where it is something that logs keep.
    /// - Throws: ``FileIOError`` when the disk is full or fails.
    func append(_ event: TrainingEvent) throws {
        switch event {
        case .step(let step):
            try metrics.append(step)
            try mainLog.append(step)
        case .validation(let step, let loss):
            try metrics.append(validationLoss: loss, step: step)
            try mainLog.append(validationLoss: loss, step: step)
        case .hellaSwag(let step, let accuracy):
            try metrics.append(hellaSwagAccuracy: accuracy, step: step)
            try mainLog.append(hellaSwagAccuracy: accuracy, step: step)
        case .sample(let step, let text):
            try metrics.append(sample: text, step: step)
        case .resumed, .startedOver, .alreadyFinished, .outlier, .skipped, .checkpoint: break
        }
    }

    /// Writes down which checkpoint is the best.
    /// - Throws: ``FileIOError``.
    func adopt(_ newBest: BestCheckpoint?) throws {
        guard let newBest, newBest != best else { return }
        try JSONFile.write(newBest, to: directory.bestPath)
        best = newBest
    }

    /// Removes the checkpoints that nobody needs any more; the best stays.
    /// - Throws: ``FileIOError``.
    func removeCheckpoints() throws {
        try directory.removeCheckpoints(retention, best: best)
    }

    /// Removes what a run has written that was stopped before its first step.
    /// - Throws: ``FileIOError``.
    func removeBeginnings() throws {
        try directory.remove(directory.beginnings())
    }
}
