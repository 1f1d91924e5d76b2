// Complete checkpoints: writing one so that it counts only when all of it is there, reading the
// newest back, and removing those nobody needs.

import Collectives
import FileIO
import LanguageModels
import TokenData

extension RunDirectory {
    /// Writes everything that resuming after these steps needs: the model, llm.c's state, what the
    /// state has no place for, and last the `DONE` file, with which the checkpoint counts.
    ///
    /// All processes of the trainer's group call it. Each writes its own state, and the first one
    /// everything else.
    /// - Throws: ``FileIOError``, or ``TrainingError/diverged(step:quantity:found:)`` when a
    ///   parameter is not finite; `CollectiveError` where only another process failed. No other
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

    /// Writes what this process keeps of the optimiser, and its place in the data.
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

    /// Makes a checkpoint count of which every process has written its part.
    private func complete(_ step: Int, processCount: Int) throws {
        // More processes may have written one of the same step before.
        for path in try statePaths(step: step) {
            let state = path.lastComponent.flatMap { stateFile(named: $0.string) }
            if let state, state.rank >= processCount { try Self.remove(path) }
        }
        try AtomicFile(donePath(step: step)).commit()
    }

    /// Removes what has been written of a checkpoint; the error that matters is the one of writing.
    private func discard(_ step: Int) {
        for path in (try? checkpointPaths(step: step)) ?? [] { try? Self.remove(path) }
    }

    /// Writes the adapter that is trained, if one is, under a name that stays: for those who use
    /// what has been learnt so far.
    /// - Throws: ``FileIOError``.
    func writeAdapter(of model: TransformerModel) throws {
        guard model.trainedAdapter != nil else { return }
        try model.writeCheckpoint(to: adapterPath)
    }

    /// Puts a trainer where the checkpoint of a step left one; this process's part of it, however
    /// many processes wrote the checkpoint.
    /// - Parameters:
    ///   - extra: Of the checkpoint, already compared with the run that goes on.
    ///   - trainer: Of a model of the same sizes.
    ///   - keepsPosition: Whether the data are those of the checkpoint; otherwise they are read
    ///     from where the trainer's loader stands.
    ///   - allowsChanges: Whether they are read from there, too, where another number of processes
    ///     has no place in the data to go on from.
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
                // It stands where it stood: at the start of the data.
            }
        }
        trainer.restore(
            stepCount: extra.step,
            loader: loader,
            lossDetector: lossDetector,
            normDetector: normDetector
        )
    }

    /// Bytes of one checkpoint of a trainer and all processes beside it, to the nearest block.
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

    /// Removes the checkpoints nobody needs any more, each `DONE` first: it never counts with a
    /// part missing.
    /// - Parameters:
    ///   - retention: Which ones stay.
    ///   - best: The one with the lowest validation loss, which stays.
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
