// How far a run has come, for outside observers: read from its logs and its lock, without its
// checkpoints, so that a run answers as soon as it has begun.

import FileIO

/// What a run's directory says about it at this moment.
package struct RunProgress: Sendable, Equatable {
    /// What a run is doing.
    package enum Phase: String, Sendable, Codable {
        /// A process is training it.
        case running
        /// It has steps left, but no process is making them.
        case stopped
        /// It has made all its steps.
        case finished
    }

    /// What it is doing.
    package let phase: Phase
    /// Optimizer steps made, whether or not a checkpoint holds them.
    package let step: Int
    /// Optimizer steps of the whole run; nil when `run.json` is missing.
    package let plannedSteps: Int?
    /// The mean of the last finite training losses, over at most ``lossWindow`` steps.
    package let trainingLoss: Float?
    /// Whether the newest loss is not finite.
    package let hasDiverged: Bool
    /// The newest validation.
    package let validation: BestCheckpoint?
    /// The checkpoint with the lowest validation loss.
    package let best: BestCheckpoint?

    /// Steps that the loss is averaged over: batches differ more than steps.
    package static let lossWindow = 16

    /// Looks at the run in a directory.
    /// - Throws: ``TrainingError/invalidJSON(path:reason:)`` for a damaged `run.json` or
    ///   `best.json`, or ``FileIOError``.
    package init(_ directory: RunDirectory) throws {
        // Checked first: a run that ends meanwhile has then logged everything that is read.
        let isRunning = try directory.isInUse()
        /// The only part of `run.json` that is needed, so that other versions will do.
        struct Plan: Decodable { let steps: Int? }
        let plan =
            FileSystem.exists(directory.descriptionPath)
            ? try JSONFile.read(Plan.self, from: directory.descriptionPath) : nil
        plannedSteps = plan?.steps
        best =
            FileSystem.exists(directory.bestPath)
            ? try JSONFile.read(BestCheckpoint.self, from: directory.bestPath) : nil
        var losses: [Float] = []
        var lastLoss: Float = 0
        // That of a checkpoint if the log was lost.
        var lastStep = try directory.checkpointSteps().last ?? 0
        var newest: BestCheckpoint?
        try MainLog.forEachLoss(in: directory.mainLogPath) { entry in
            switch entry {
            case .training(let step, let loss):
                // A run that was killed has gone back to its checkpoint.
                lastStep = step
                lastLoss = loss
                guard loss.isFinite else { return }
                if losses.count == Self.lossWindow { losses.removeFirst() }
                losses.append(loss)
            case .validation(let step, let loss):
                newest = BestCheckpoint(step: step, validationLoss: loss)
            }
        }
        (step, validation) = (lastStep, newest)
        trainingLoss = losses.isEmpty ? nil : losses.reduce(0, +) / Float(losses.count)
        hasDiverged = !lastLoss.isFinite
        let isFinished = plan?.steps.map { lastStep >= $0 } ?? false
        phase = isRunning ? .running : isFinished ? .finished : .stopped
    }
}
