// The arithmetic of training: one optimiser step, and the loss on held-out data. What happens
// between steps (validation, checkpoints, samples) is TrainingRun's.

import LanguageModels
import Tensors
import TokenData

/// What one optimiser step did.
public struct TrainingStep: Sendable, Equatable {
    /// Its number, from 1.
    public let step: Int
    /// The mean loss of its micro-batches in nats, before the update.
    public let loss: Float
    /// The rate of the update.
    public let learningRate: Float
    /// The global norm of the gradients, before clipping.
    public let gradientNorm: Float
    /// From fetching the data to the end of the update.
    public let duration: Duration
    /// Tokens the step learnt from.
    public let tokenCount: Int

    package init(
        step: Int,
        loss: Float,
        learningRate: Float,
        gradientNorm: Float,
        duration: Duration,
        tokenCount: Int
    ) {
        self.step = step
        self.loss = loss
        self.learningRate = learningRate
        self.gradientNorm = gradientNorm
        self.duration = duration
        self.tokenCount = tokenCount
    }

    /// Tokens learnt from in a second.
    public var tokensPerSecond: Double { Double(tokenCount) / (duration / .seconds(1)) }
}

/// Trains a GPT-2 step by step.
public final class Trainer {
    /// The model being trained.
    public let model: GPT2
    /// How it is trained.
    public let settings: TrainingSettings
    /// Optimiser steps made so far.
    public private(set) var stepCount = 0

    private var loader: TokenLoader
    private let optimizer: AdamW
    private let gradients: GPT2Parameters
    private let workspace: GPT2Workspace
    private var batch: TokenBatch

    /// Allocates gradients, moments and working memory.
    /// - Parameters:
    ///   - model: Its weights are changed by every step.
    ///   - settings: How to train; checked here.
    ///   - loader: The training data, with batches of the settings' shape.
    ///   - ops: What runs the arithmetic; the model's own.
    /// - Throws: ``TrainingError``, ``ModelError`` or ``TensorError``.
    public init(model: GPT2, settings: TrainingSettings, loader: TokenLoader, ops: Ops) throws {
        try settings.validate()
        self.model = model
        self.settings = settings
        self.loader = loader
        workspace = try GPT2Workspace(
            model.configuration,
            batchSize: settings.batchSize,
            sequenceLength: settings.sequenceLength,
            training: settings.recomputation
        )
        gradients = try GPT2Parameters(model.configuration)
        optimizer = try AdamW(model.configuration, ops: ops)
        batch = TokenBatch(tokenCount: settings.batchSize * settings.sequenceLength)
    }

    /// Learns from the next micro-batches.
    /// - Throws: ``TokenDataError`` for bad data, ``TrainingError/diverged(step:quantity:found:)``.
    public func step() throws -> TrainingStep {
        let clock = ContinuousClock()
        let start = clock.now
        let count = settings.accumulationSteps
        var totalLoss = 0.0
        for micro in 0..<count {
            try batch.load(from: &loader)
            totalLoss += Double(
                try model.lossAndGradients(
                    inputs: batch.inputs,
                    targets: batch.targets,
                    workspace: workspace,
                    gradients: gradients,
                    scale: 1 / Float(count),
                    accumulate: micro > 0
                )
            )
        }
        let loss = Float(totalLoss / Double(count))
        let norm = optimizer.norm(of: gradients)
        try requireFinite(loss, "the loss", step: stepCount + 1)
        try requireFinite(norm, "the gradient norm", step: stepCount + 1)
        let rate = settings.schedule.rate(at: stepCount)
        stepCount += 1
        optimizer.update(
            model.parameters,
            gradients: gradients,
            norm: norm,
            learningRate: rate,
            step: stepCount,
            settings: settings.optimizer
        )
        return TrainingStep(
            step: stepCount,
            loss: loss,
            learningRate: rate,
            gradientNorm: norm,
            duration: clock.now - start,
            tokenCount: settings.totalBatchTokens
        )
    }

    /// The mean loss over held-out data, from its first batch on.
    /// - Parameter validation: Data with batches of the settings' shape; not changed.
    /// - Returns: The loss in nats.
    /// - Throws: ``TokenDataError`` for bad data, ``TrainingError/diverged(step:quantity:found:)``.
    public func validationLoss(on validation: TokenLoader) throws -> Float {
        var validation = validation
        try validation.startEpoch()
        let limit = settings.validationBatches
        let available = validation.samplesPerEpoch
        let count = limit == 0 ? available : min(limit, available)
        var total = 0.0
        for _ in 0..<count {
            try batch.load(from: &validation)
            total += Double(
                try model.loss(inputs: batch.inputs, targets: batch.targets, workspace: workspace)
            )
        }
        let loss = Float(total / Double(count))
        try requireFinite(loss, "the validation loss", step: stepCount)
        return loss
    }

    private func requireFinite(_ value: Float, _ quantity: String, step: Int) throws {
        guard value.isFinite else {
            throw TrainingError.diverged(step: step, quantity: quantity, found: value)
        }
    }
}

// It changes a model and its own state with every step.
@available(*, unavailable) extension Trainer: Sendable {}
