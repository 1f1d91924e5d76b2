// Complete checkpoints: writing one so that it counts only when all of it is there, reading the
// newest back, and removing those nobody needs.

import FileIO
import LanguageModels
import TokenData

extension RunDirectory {
    /// Writes everything that resuming after these steps needs: the model, llm.c's state, what the
    /// state has no place for, and last the `DONE` file, with which the checkpoint counts.
    /// - Throws: ``FileIOError``, or ``TrainingError/diverged(step:quantity:found:)`` when a
    ///   parameter is not finite. No other checkpoint is harmed, and nothing of this one is left.
    func writeCheckpoint(of trainer: Trainer, extra: CheckpointExtra) throws {
        let step = extra.step
        let squares = Float(trainer.ops.sumOfSquares(trainer.model.parameters.flat))
        guard squares.isFinite else {
            throw TrainingError.diverged(
                step: step,
                quantity: "the sum of the squares of the parameters",
                found: squares
            )
        }
        try FileSystem.remove(donePath(step: step))
        do {
            try trainer.model.writeCheckpoint(
                to: modelPath(step: step, trainer.model.checkpointForm)
            )
            try OptimizerStateFile.write(
                to: statePath(step: step),
                step: step,
                moments: (trainer.optimizer.m, trainer.optimizer.v),
                masterWeights: Self.isRounded(trainer) ? trainer.model.parameters : nil,
                position: trainer.loader.state
            )
            try JSONFile.write(extra, to: extraPath(step: step))
            try AtomicFile(donePath(step: step)).commit()
        } catch {
            // The error that matters is the one of writing.
            for path in checkpointPaths(step: step) { try? Self.remove(path) }
            throw error
        }
        try writeAdapter(of: trainer.model)
    }

    /// Writes the adapter that is trained, if one is, under a name that stays: for those who use
    /// what has been learnt so far.
    /// - Throws: ``FileIOError``.
    func writeAdapter(of model: TransformerModel) throws {
        guard model.trainedAdapter != nil else { return }
        try model.writeCheckpoint(to: adapterPath)
    }

    /// Puts a trainer where the checkpoint of a step left one.
    /// - Parameters:
    ///   - extra: Of the checkpoint, already compared with the run that goes on.
    ///   - trainer: Of a model of the same sizes.
    ///   - keepsPosition: Whether the data are those of the checkpoint; otherwise they are read
    ///     from where the trainer's loader stands.
    /// - Throws: ``FileIOError``, ``TensorFileError``, ``ModelError``, ``TokenDataError`` or
    ///   ``TrainingError``. The trainer must not be used then.
    func load(_ extra: CheckpointExtra, into trainer: Trainer, keepsPosition: Bool) throws {
        let path = extraPath(step: extra.step)
        let lossDetector = try extra.detector(\.recentLosses, path: path)
        let normDetector = try extra.detector(\.recentNorms, path: path)
        let model = trainer.model
        let isRounded = try model.readCheckpoint(from: modelPath(step: extra.step))
        var position = try OptimizerStateFile.read(
            from: statePath(step: extra.step),
            step: extra.step,
            moments: (trainer.optimizer.m, trainer.optimizer.v),
            masterWeights: isRounded ? model.parameters : nil
        )
        model.parametersDidChange()
        position.source = extra.trainingData
        var loader = trainer.loader
        if keepsPosition { try loader.restore(position) }
        trainer.restore(
            stepCount: extra.step,
            loader: loader,
            lossDetector: lossDetector,
            normDetector: normDetector
        )
    }

    /// Bytes of one checkpoint of a trainer, to the nearest block.
    static func checkpointByteCount(of trainer: Trainer) -> Int {
        let parameterCount = trainer.model.parameters.layout.elementCount
        let state = OptimizerStateFile.byteCount(
            parameterCount: parameterCount,
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
            for path in checkpointPaths(step: step) { try Self.remove(path) }
        }
    }

    /// The files of a checkpoint, in the order of removal.
    private func checkpointPaths(step: Int) -> [FilePath] {
        [donePath(step: step), extraPath(step: step), statePath(step: step), modelPath(step: step)]
    }
}
