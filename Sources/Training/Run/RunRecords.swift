// What a run leaves in its directory besides its checkpoints: its description, its logs, and which
// checkpoint is the best. It also locks the directory, and removes what is no longer needed.

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

    /// Begins the records of a run, or continues existing ones.
    ///
    /// Removes what an interrupted run left unfinished, and a run that is replaced.
    /// - Parameters:
    ///   - directory: Where the run is kept.
    ///   - lock: The lock that holds it.
    ///   - start: Where the run begins.
    ///   - trainer: The run's trainer, restored from the checkpoint if the run resumes.
    ///   - overwrite: Whether a new run replaces an existing one.
    ///   - description: The content of `run.json`.
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

    /// Does what follows from a step's checkpoint, since the run may have been killed before.
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
        // Keeps a best that is not comparable too: until the next checkpoint the run can go back.
        try directory.removeCheckpoints(Retention(saved.settings), best: saved.best)
    }

    /// Keeps other processes from training in the directory until ``release()``.
    /// - Throws: ``TrainingError/runInUse(path:)`` or ``FileIOError``.
    func hold() throws {
        lock = try lock ?? directory.lock()
    }

    /// Lets others train in the directory.
    func release() {
        lock = nil
    }

    /// Logs what happened, if it is something that logs keep.
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

    /// Records which checkpoint is the best.
    /// - Throws: ``FileIOError``.
    func adopt(_ newBest: BestCheckpoint?) throws {
        guard let newBest, newBest != best else { return }
        try JSONFile.write(newBest, to: directory.bestPath)
        best = newBest
    }

    /// Removes the checkpoints that are no longer needed; the best stays.
    /// - Throws: ``FileIOError``.
    func removeCheckpoints() throws {
        try directory.removeCheckpoints(retention, best: best)
    }

    /// Removes what a run that was stopped before its first step has written.
    /// - Throws: ``FileIOError``.
    func removeBeginnings() throws {
        try directory.remove(directory.beginnings())
    }
}
