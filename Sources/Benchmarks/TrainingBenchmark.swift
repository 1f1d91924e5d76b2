// A whole optimizer step of a real model, timed as a user would see it, on random tokens.

import FileIO
import LanguageModels
import RandomNumbers
import Tensors
import TokenData
import Training

#if canImport(Glibc)
    @preconcurrency import Glibc
#elseif canImport(Musl)
    @preconcurrency import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// The results for training.
package struct TrainingResult: Sendable {
    /// B: sequences in a step.
    package let batchSize: Int
    /// T: tokens in a sequence.
    package let sequenceLength: Int
    /// The median time of a step.
    package let secondsPerStep: Double
    /// Tokens trained on per second.
    package let tokensPerSecond: Double
    /// The peak of products of the precision in the same run, in floating-point operations per
    /// second.
    package let peakFlops: Double
    /// The fraction of the peak taken by the model's own operations, without recomputation.
    package let flopsUtilization: Double
    /// The most memory the process has held so far.
    package let peakMemoryBytes: Int
}

/// Times optimizer steps on random tokens.
package struct TrainingBenchmark {
    /// The model's sizes.
    package var configuration: any ModelConfiguration
    /// B: sequences in a step.
    package var batchSize: Int
    /// T: tokens in a sequence.
    package var sequenceLength: Int
    /// What the backward pass recomputes.
    package var recomputation: Recomputation
    /// The type of the matrices and activations in a pass: float32 or bfloat16.
    package var precision: ElementType
    /// Timed steps, after one to warm up.
    package var steps: Int

    /// Describes a benchmark.
    package init(
        configuration: any ModelConfiguration,
        batchSize: Int,
        sequenceLength: Int,
        recomputation: Recomputation,
        precision: ElementType = .float32,
        steps: Int
    ) {
        self.configuration = configuration
        self.batchSize = batchSize
        self.sequenceLength = sequenceLength
        self.recomputation = recomputation
        self.precision = precision
        self.steps = steps
    }

    /// Operations per token, forward and backward: 6 N + 6 L C T.
    ///
    /// N is the number of parameters without the padding of the vocabulary (Kaplan et al. 2020,
    /// with causal attention).
    package var flopsPerToken: Double {
        6 * Double(configuration.parameterCount)
            + 6 * Double(configuration.layerCount * configuration.channels * sequenceLength)
    }

    /// Runs the steps.
    /// - Parameters:
    ///   - ops: What runs the arithmetic.
    ///   - progress: Called after each timed step with its number and seconds.
    /// - Returns: Medians, and the machine's peak.
    /// - Throws: ``ModelError`` for a batch the model cannot take,
    ///   ``BenchmarkError/tooLittleMemory(needed:available:)`` or `TensorError` for one that does
    ///   not fit into memory, ``BenchmarkError/cannotWriteTokens(_:)``, `TokenDataError` or
    ///   `FileIOError` when the data cannot be stored in a file.
    package func run(ops: Ops, progress: (Int, Double) -> Void) throws -> TrainingResult {
        // Before the weights and the data are created, which takes seconds.
        try requireMemory(threadCount: ops.threadCount)
        let trainer = try makeTrainer(ops: ops)
        _ = try trainer.step()
        var peak = try MachineLimits.peak(ops, of: precision)
        var times: [Double] = []
        for number in 1...steps {
            let time = try trainer.step().duration / .seconds(1)
            times.append(time)
            progress(number, time)
        }
        peak = max(peak, try MachineLimits.peak(ops, of: precision))
        let time = median(times)
        let tokensPerSecond = Double(batchSize * sequenceLength) / time
        return TrainingResult(
            batchSize: batchSize,
            sequenceLength: sequenceLength,
            secondsPerStep: time,
            tokensPerSecond: tokensPerSecond,
            peakFlops: peak,
            flopsUtilization: peak > 0 ? tokensPerSecond * flopsPerToken / peak : 0,
            peakMemoryBytes: Machine.peakMemoryBytes
        )
    }

    private func requireMemory(threadCount: Int) throws {
        try TrainingWorkspace.checkShape(
            configuration.contextLength,
            batchSize: batchSize,
            sequenceLength: sequenceLength
        )
        let needed = try Trainer.memory(
            configuration,
            batchSize: batchSize,
            sequenceLength: sequenceLength,
            recomputation: recomputation,
            precision: precision,
            threadCount: threadCount
        ).total
        let available = Machine.memoryByteCount
        guard needed <= available else {
            throw BenchmarkError.tooLittleMemory(needed: needed, available: available)
        }
    }

    /// A trainer with random weights on random tokens, the same batch again and again.
    private func makeTrainer(ops: Ops) throws -> Trainer {
        var generator = MersenneTwister(seed: 1)
        let model = try configuration.makeTrainableModel(using: &generator, ops: ops)
        var settings = TrainingSettings(
            batchSize: batchSize,
            sequenceLength: sequenceLength,
            schedule: LearningRateSchedule(peak: 1e-4, totalSteps: steps + 1)
        )
        settings.recomputation = recomputation
        settings.precision = precision
        settings.overfitsSingleBatch = true
        // The loader keeps its only shard mapped, so the file need not outlive this call.
        let loader = try RandomShard.with(
            tokenCount: batchSize * sequenceLength + 1,
            vocabularySize: configuration.vocabularySize,
            using: &generator
        ) { path in
            try TokenLoader(
                matching: path,
                batchSize: batchSize,
                sequenceLength: sequenceLength,
                shuffled: false
            )
        }
        return try Trainer(model: model, settings: settings, loader: loader)
    }
}

/// A temporary shard of random tokens in the directory for temporary files.
enum RandomShard {
    /// Tokens drawn and written at a time, so that memory does not grow with the shard.
    private static let pieceCount = 1 << 16

    /// Writes tokens drawn by `generator`, calls `body` with the path of the shard, and removes it.
    ///
    /// A file that `body` has mapped stays readable without its name.
    /// - Throws: ``BenchmarkError/cannotWriteTokens(_:)``, `TokenDataError`, or what `body` throws.
    static func with<Result>(
        tokenCount: Int,
        vocabularySize: Int,
        using generator: inout some RandomNumberGenerator,
        _ body: (FilePath) throws -> Result
    ) throws -> Result {
        // The number separates the shards that one process uses at the same time.
        let number = UInt64.random(in: 0 ... .max)
        let path = directory.appending("swiftlet-bench-\(getpid())-\(number).bin")
        // There is nobody left to report errors to.
        defer { try? FileSystem.remove(path) }
        do {
            let writer = try TokenShardWriter(path, vocabularySize: vocabularySize)
            while writer.count < tokenCount {
                try writer.append(
                    contentsOf: (0..<min(pieceCount, tokenCount - writer.count)).map { _ in
                        Int32.random(in: 0..<Int32(vocabularySize), using: &generator)
                    }
                )
            }
            try writer.commit()
        } catch let error as FileIOError {
            throw BenchmarkError.cannotWriteTokens(error)
        }
        return try body(path)
    }

    /// TMPDIR, unless it is empty or not set.
    private static var directory: FilePath {
        guard let name = getenv("TMPDIR"), name.pointee != 0 else { return "/tmp" }
        return FilePath(platformString: name)
    }
}
