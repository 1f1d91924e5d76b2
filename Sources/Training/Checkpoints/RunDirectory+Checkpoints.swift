// Complete checkpoints: writing one so that it counts only when all of it is there, reading the
// newest back, and removing those that are no longer needed.

import Collectives
import FileIO
import LanguageModels
import TokenData

extension RunDirectory {
    /// Writes everything needed to resume after these steps: the model, llm.c's state, what the
    /// state cannot hold, and last the `DONE` file, which makes the checkpoint count.
    ///
    /// All processes of the trainer's group call it. Each writes its own state, and the first one
    /// everything else.
    /// - Throws: ``FileIOError``, or ``TrainingError/diverged(step:quantity:found:)`` when a
    ///   parameter is not finite; `CollectiveError` if only another process failed. No other
    ///   checkpoint is harmed, and nothing of this one is left.
    func writeCheckpoint(of trainer: Trainer, extra: CheckpointExtra) throws {
        let (step, group) = (extra.step, trainer.group)
        try group.together {
            try Self.requireFinite(trainer, step: step)
            if group.isFirst { try FileSystem.remove(donePath(step: step)) }
        }
        do {
            try group.together {
                if group.isFirst { try writeModel(of: trainer, step: step) }
                try writeState(of: trainer, step: step)
                if group.isFirst { try JSONFile.write(extra, to: extraPath(step: step)) }
            }
            try group.together {
                if group.isFirst { try complete(step, processCount: group.processCount) }
            }
        } catch {
            if group.isFirst { discard(step) }
            throw error
        }
        try group.together {
            if group.isFirst { try writeAdapter(of: trainer.model) }
        }
    }

    /// How the run was trained up to the complete checkpoint of a step.
    /// - Throws: ``TrainingError/damagedFile(path:reason:)`` or ``FileIOError``.
    package func settings(step: Int) throws -> TrainingSettings {
        try CheckpointExtra.read(from: extraPath(step: step), step: step).settings
    }

    private static func requireFinite(_ trainer: Trainer, step: Int) throws {
        let squares = Float(trainer.ops.sumOfSquares(trainer.model.parameters.flat))
        guard squares.isFinite else {
            throw TrainingError.diverged(
                step: step,
                quantity: "the sum of the squares of the parameters",
                found: squares
            )
        }
    }

    private func writeModel(of trainer: Trainer, step: Int) throws {
        let path = modelPath(step: step, trainer.model.checkpointForm)
        try trainer.model.writeCheckpoint(to: path)
    }

    /// Writes this process's part of the optimizer, and its place in the data.
    private func writeState(of trainer: Trainer, step: Int) throws {
        let group = trainer.group
        try OptimizerStateFile.write(
            to: statePath(step: step, rank: group.rank),
            step: step,
            moments: (trainer.optimizer.m, trainer.optimizer.v),
            masterWeights: Self.isRounded(trainer) ? trainer.model.parameters : nil,
            position: trainer.loader.state,
            share: StateShare(trainer.model, group)
        )
    }

    /// Makes a checkpoint count, once every process has written its part.
    private func complete(_ step: Int, processCount: Int) throws {
        // More processes may have written an earlier one of the same step.
        for path in try statePaths(step: step) {
            let state = path.lastComponent.flatMap { stateFile(named: $0.string) }
            if let state, state.rank >= processCount { try Self.remove(path) }
        }
        try AtomicFile(donePath(step: step)).commit()
    }

    /// Removes an unfinished checkpoint; only the error from writing it matters.
    private func discard(_ step: Int) {
        for path in (try? checkpointPaths(step: step)) ?? [] { try? Self.remove(path) }
    }

    /// Writes the adapter that is trained, if one is, under a name that stays the same, for those
    /// who use what it has learned so far.
    /// - Throws: ``FileIOError``.
    func writeAdapter(of model: TransformerModel) throws {
        guard model.trainedAdapter != nil else { return }
        try model.writeCheckpoint(to: adapterPath)
    }

    /// Restores a trainer from the checkpoint of a step: this process's part of it, however many
    /// processes wrote the checkpoint.
    /// - Parameters:
    ///   - extra: That of the checkpoint, already compared with the resumed run.
    ///   - trainer: The trainer of a model with the same sizes.
    ///   - keepsPosition: Whether the data is that of the checkpoint; otherwise it is read from
    ///     where the trainer's loader is.
    ///   - allowsChanges: Whether it is also read from there when another number of processes has
    ///     no place in the data to resume from.
    /// - Throws: ``FileIOError``, ``TensorFileError``, ``ModelError``, ``TokenDataError`` or
    ///   ``TrainingError``. The trainer must not be used then.
    func load(
        _ extra: CheckpointExtra,
        into trainer: Trainer,
        keepsPosition: Bool,
        allowsChanges: Bool
    ) throws {
        let path = extraPath(step: extra.step)
        let lossDetector = try extra.detector(\.recentLosses, path: path)
        let normDetector = try extra.detector(\.recentNorms, path: path)
        let processCount = try extra.processCount(path: path)
        let model = trainer.model
        let isRounded = try model.readCheckpoint(from: modelPath(step: extra.step))
        let positions = try OptimizerStateFile.read(
            from: { statePath(step: extra.step, rank: $0) },
            of: ParameterShares(model, processCount: processCount),
            step: extra.step,
            moments: (trainer.optimizer.m, trainer.optimizer.v),
            share: StateShare(model, trainer.parallel.shardsOptimizer ? trainer.group : .alone),
            masterWeights: isRounded ? model.parameters : nil
        )
        model.parametersDidChange()
        var loader = trainer.loader
        if keepsPosition {
            let rank = processCount == trainer.group.processCount ? trainer.group.rank : 0
            var position = positions[rank]
            position.source = extra.trainingData.ofProcess(rank)
            do {
                try loader.restore(position.converted(to: loader.source))
            } catch TokenDataError.otherProcessCount where allowsChanges {
                // It stays where it was: at the start of the data.
            }
        }
        trainer.restore(
            stepCount: extra.step,
            loader: loader,
            lossDetector: lossDetector,
            normDetector: normDetector
        )
    }

    /// Bytes of one checkpoint of a trainer and all other processes, to the nearest block.
    static func checkpointByteCount(of trainer: Trainer) -> Int {
        let parameterCount = trainer.model.parameters.layout.elementCount
        let state = OptimizerStateFile.byteCount(
            parameterCount: parameterCount,
            processCount: trainer.group.processCount,
            hasMasterWeights: isRounded(trainer),
            position: trainer.loader.state
        )
        // The JSON file takes a block or two.
        let width = isRounded(trainer) ? trainer.settings.precision.byteWidth : 4
        return state + width * parameterCount + 1 << 16
    }

    /// Whether the model's file holds its weights rounded, so that the state must hold them too.
    private static func isRounded(_ trainer: Trainer) -> Bool {
        trainer.settings.precision != .float32 && trainer.model.trainedAdapter == nil
    }

    /// Removes the checkpoints that are no longer needed, each `DONE` first: none counts with a
    /// part missing.
    /// - Parameters:
    ///   - retention: Which ones are kept.
    ///   - best: The one with the lowest validation loss, which is kept.
    /// - Throws: ``FileIOError``.
    func removeCheckpoints(_ retention: Retention, best: BestCheckpoint?) throws {
        for step in retention.removable(among: try checkpointSteps(), best: best?.step) {
            for path in try checkpointPaths(step: step) { try Self.remove(path) }
        }
    }

    /// The files of a checkpoint, in the order of removal.
    private func checkpointPaths(step: Int) throws -> [FilePath] {
        try [donePath(step: step), extraPath(step: step)] + statePaths(step: step)
            + [modelPath(step: step)]
    }
}
