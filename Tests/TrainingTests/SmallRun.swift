// A small model and random data to train it on, for the tests of this target.

import Collectives
import FileIO
import LanguageModels
import RandomNumbers
import Tensors
import TokenData
import Training

/// What a test may vary of a small run; everything follows from it.
struct SmallRun {
    var threads = 1
    var layerCount = 1
    var channels = 8
    var vocabularySize = 16
    var batchSize = 2
    var sequenceLength = 8
    var totalBatchTokens: Int?
    var steps = 5
    /// Random tokens in the training data.
    var tokenCount = 4096
    /// Random tokens in each of several shards, instead.
    var shardTokenCounts: [Int]?
    var shuffled = false

    /// Settings without validation, checkpoints and samples.
    var settings: TrainingSettings {
        var settings = TrainingSettings(
            batchSize: batchSize,
            sequenceLength: sequenceLength,
            totalBatchTokens: totalBatchTokens,
            schedule: LearningRateSchedule(peak: 1e-2, totalSteps: steps)
        )
        settings.validationInterval = 0
        settings.checkpointInterval = 0
        return settings
    }

    /// A loader of this run's shape over random tokens, which it writes to `directory`.
    func loader(
        in directory: FilePath,
        seed: UInt64 = 1,
        group: ProcessGroup = .alone
    ) throws -> TokenLoader {
        if group.isFirst { try writeTokens(to: directory, seed: seed) }
        _ = try group.gather([0.0])
        return try TokenLoader(
            matching: directory.appending("tokens_\(seed)_*.bin"),
            batchSize: batchSize,
            sequenceLength: sequenceLength,
            shuffled: shuffled,
            processCount: group.processCount,
            rank: group.rank
        )
    }

    private func writeTokens(to directory: FilePath, seed: UInt64) throws {
        var generator = MersenneTwister(seed: seed)
        for (index, count) in (shardTokenCounts ?? [tokenCount]).enumerated() {
            let tokens = (0..<count).map { _ in
                Int32(generator.next32() % UInt32(vocabularySize))
            }
            let path = directory.appending("tokens_\(seed)_\(index).bin")
            let writer = try TokenShardWriter(path, vocabularySize: vocabularySize)
            try writer.append(contentsOf: tokens)
            try writer.commit()
        }
    }

    /// A trainer at its first step, of this run's data or others.
    func trainer(
        in directory: FilePath,
        settings: TrainingSettings? = nil,
        data: (any BatchSource)? = nil,
        group: ProcessGroup = .alone,
        parallel: DataParallel = DataParallel()
    ) throws -> Trainer {
        let ops = try Ops(threadCount: threads)
        let configuration = try GPT2Configuration(
            contextLength: sequenceLength,
            vocabularySize: vocabularySize,
            layerCount: layerCount,
            headCount: 2,
            channels: channels
        )
        var generator = MersenneTwister(seed: 7)
        return try Trainer(
            model: GPT2(randomWeights: configuration, using: &generator, ops: ops),
            settings: settings ?? self.settings,
            loader: data ?? loader(in: directory, group: group),
            group: group,
            parallel: parallel
        )
    }
}

extension SmallRun {
    /// Begins or resumes the run in the directory `run`, with settings changed by a test.
    func start(
        in directory: FilePath,
        checkpointInterval: Int,
        validationSeed: UInt64? = nil,
        allowsChanges: Bool = false,
        change: (inout TrainingSettings) -> Void = { _ in }
    ) throws -> TrainingRun {
        var settings = settings
        settings.checkpointInterval = checkpointInterval
        change(&settings)
        return try TrainingRun(
            trainer(in: directory, settings: settings),
            validation: validationSeed.map { try loader(in: directory, seed: $0) },
            directory: RunDirectory(directory.appending("run")),
            allowsChanges: allowsChanges
        )
    }
}

extension TransformerModel {
    /// Makes every result of the model NaN.
    func poison() {
        parameters["wpe"].withUnsafeMutableElements(as: Float.self) {
            $0.update(repeating: .nan)
        }
    }
}

/// The content of a text file.
func text(_ path: FilePath) throws -> String {
    String(decoding: try MappedFile(path).contents(), as: UTF8.self)
}

/// Everything in a trainer that decides how it continues, as bits.
struct TrainerState: Equatable {
    let stepCount: Int
    let parameters: [UInt32]
    let m: [UInt32]
    let v: [UInt32]
    let position: TokenLoaderState
    let windows: [[Float]]

    init(_ trainer: Trainer) {
        func bits(_ set: TensorSet) -> [UInt32] { set.flat.floats().map(\.bitPattern) }
        stepCount = trainer.stepCount
        parameters = bits(trainer.model.parameters)
        m = bits(trainer.optimizer.m)
        v = bits(trainer.optimizer.v)
        position = trainer.loader.state
        windows = [trainer.lossDetector.values, trainer.normDetector.values]
    }
}
