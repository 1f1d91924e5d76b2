// Which of a run's checkpoints is meant, and where its model is.

import FileIO

/// One of the complete checkpoints of a run.
public enum CheckpointSelection: Sendable, Equatable {
    /// That of the largest step.
    case latest
    /// That with the lowest validation loss, which `best.json` names.
    case best
    /// That of a step.
    case step(Int)
}

extension RunDirectory {
    /// The step of a complete checkpoint.
    /// - Throws: ``TrainingError`` saying what there is instead, or ``FileIOError``.
    public func step(of selection: CheckpointSelection) throws -> Int {
        let steps = try checkpointSteps()
        guard let last = steps.last else { throw TrainingError.noCheckpoint(path: path) }
        let step =
            switch selection {
            case .latest: last
            case .step(let step): step
            case .best: try bestStep()
            }
        guard steps.contains(step) else {
            throw TrainingError.noCheckpointOfStep(path: path, step: step, available: steps)
        }
        return step
    }

    /// The model of a complete checkpoint.
    /// - Throws: ``TrainingError`` saying what there is instead, or ``FileIOError``.
    public func modelPath(_ selection: CheckpointSelection) throws -> FilePath {
        modelPath(step: try step(of: selection))
    }

    private func bestStep() throws -> Int {
        guard FileSystem.exists(bestPath) else { throw TrainingError.noBestCheckpoint(path: path) }
        return try JSONFile.read(BestCheckpoint.self, from: bestPath).step
    }
}
