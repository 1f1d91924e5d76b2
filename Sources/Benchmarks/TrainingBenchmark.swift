// A whole optimiser step of a real model, timed as a user would see it.

import LanguageModels
import Tensors
import Training

/// What training reached.
public struct TrainingResult: Sendable {
    /// B: sequences in a step.
    public let batchSize: Int
    /// T: tokens in a sequence.
    public let sequenceLength: Int
    /// The median time of a step.
    public let secondsPerStep: Double
    /// Tokens learnt from in a second.
    public let tokensPerSecond: Double
    /// The machine's FMA peak in the same run, floating-point operations a second.
    public let peakFlops: Double
    /// The part of the peak that the model's own operations make: no recomputation is counted.
    public let flopsUtilization: Double
    /// The most memory the process has held so far.
    public let peakMemoryBytes: Int
}

/// Times optimiser steps on random tokens.
public struct TrainingBenchmark {
    /// The model's sizes.
    public var configuration: GPT2Configuration
    /// B: sequences in a step.
    public var batchSize: Int
    /// T: tokens in a sequence.
    public var sequenceLength: Int
    /// What the backward pass computes again.
    public var recomputation: Recomputation
    /// Steps timed, after one that warms up.
    public var steps: Int

    /// Describes a benchmark.
    public init(
        configuration: GPT2Configuration,
        batchSize: Int,
        sequenceLength: Int,
        recomputation: Recomputation,
        steps: Int
    ) {
        self.configuration = configuration
        self.batchSize = batchSize
        self.sequenceLength = sequenceLength
        self.recomputation = recomputation
        self.steps = steps
    }

    /// Operations of one token, forwards and backwards: 6 N + 6 L C T.
    ///
    /// N is the number of parameters
    /// without the padding of the vocabulary (Kaplan et al. 2020, with causal attention).
    public var flopsPerToken: Double {
        6 * Double(configuration.unpaddedParameterCount)
            + 6 * Double(configuration.layerCount * configuration.channels * sequenceLength)
    }

    /// Runs the steps.
    /// - Parameters:
    ///   - ops: What runs the arithmetic.
    ///   - progress: Called after each timed step with its number and seconds.
    /// - Returns: Medians, beside the machine's peak.
    /// - Throws: ``ModelError`` or ``TensorError`` when the batch does not fit.
    public func run(ops: Ops, progress: (Int, Double) -> Void) throws -> TrainingResult {
        // Before the weights are made, which takes seconds.
        try GPT2Workspace.checkShape(
            configuration.contextLength,
            batchSize: batchSize,
            sequenceLength: sequenceLength
        )
        var generator = MersenneTwister(seed: 1)
        let model = try GPT2(randomWeights: configuration, using: &generator, ops: ops)
        let workspace = try GPT2Workspace(
            configuration,
            batchSize: batchSize,
            sequenceLength: sequenceLength,
            training: recomputation
        )
        let gradients = try GPT2Parameters(configuration)
        let optimizer = try AdamW(configuration, ops: ops)
        let tokens = (0...batchSize * sequenceLength).map { _ in
            Int32(generator.next32() % UInt32(configuration.vocabularySize))
        }
        func step(_ number: Int) throws {
            _ = try model.lossAndGradients(
                inputs: tokens.dropLast(),
                targets: tokens.dropFirst(),
                workspace: workspace,
                gradients: gradients
            )
            let norm = optimizer.norm(of: gradients)
            optimizer.update(
                model.parameters,
                gradients: gradients,
                norm: norm,
                learningRate: 1e-4,
                step: number,
                settings: AdamW.Settings()
            )
        }
        try step(1)
        var peak = try MachineLimits.fmaPeak(ops)
        var times: [Double] = []
        for number in 0..<steps {
            let time = try seconds { try step(number + 2) }
            times.append(time)
            progress(number + 1, time)
        }
        peak = max(peak, try MachineLimits.fmaPeak(ops))
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
}
