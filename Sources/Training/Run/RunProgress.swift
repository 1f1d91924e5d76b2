// How far a run is, for whoever asks from outside: told by its logs and its lock, without its
// checkpoints, so that a run answers as soon as it has begun.

import FileIO

/// What the directory of a run says of it at this moment.
public struct RunProgress: Sendable, Equatable {
    /// What a run is doing.
    public enum Phase: String, Sendable, Codable {
        /// A process is training it.
        case running
        /// It has steps left, and nobody makes them.
        case stopped
        /// It has made all its steps.
        case finished
    }

    /// What it is doing.
    public let phase: Phase
    /// Optimiser steps made, whether a checkpoint holds them or not.
    public let step: Int
    /// Optimiser steps of the whole run; nil when `run.json` is missing.
    public let plannedSteps: Int?
    /// The mean of the last training losses that are finite, of ``lossWindow`` steps at most.
    public let trainingLoss: Float?
    /// Whether the newest loss is no finite number.
    public let hasDiverged: Bool
    /// The newest validation.
    public let validation: BestCheckpoint?
    /// The checkpoint with the lowest validation loss.
    public let best: BestCheckpoint?

    /// Steps whose mean the loss is: batches differ more than steps.
    public static let lossWindow = 16

    /// Asks the run in a directory.
    /// - Throws: ``TrainingError/invalidJSON(path:reason:)`` for a damaged `run.json` or
    ///   `best.json`, or ``FileIOError``.
    public init(_ directory: RunDirectory) throws {
        // Asked first: a run that ends meanwhile has then logged all that is read.
        let isRunning = try directory.isInUse()
        /// All that is asked of `run.json`, so that those of other versions will do.
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
        // That of a checkpoint where the log was lost.
        var lastStep = try directory.checkpointSteps().last ?? 0
        var newest: BestCheckpoint?
        try MainLog.forEachLoss(in: directory.mainLogPath) { entry in
            switch entry {
            case .training(let step, let loss):
                // A run that was killed went back to its checkpoint.
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
