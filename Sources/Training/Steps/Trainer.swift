// The arithmetic of training: one optimiser step, and the loss on held-out data. What happens
// between steps (validation, checkpoints, samples), and when to give up, is TrainingRun's.

import Collectives
import LanguageModels
import Tensors
import TokenData

/// Trains a model step by step.
public final class Trainer {
    /// The model being trained.
    public let model: TransformerModel
    /// How it is trained.
    public let settings: TrainingSettings
    /// The processes that train it together, which is this one alone by default.
    public let group: ProcessGroup
    /// What they leave to each other.
    public let parallel: DataParallel
    /// Optimiser steps made so far.
    public private(set) var stepCount = 0
    /// Updates left out without interruption because a measurement was not finite.
    public private(set) var nonFiniteStepsInARow = 0
    /// What runs the arithmetic.
    public var ops: Ops { model.ops }
    /// The training data, standing before the next batch.
    public private(set) var loader: any BatchSource
    /// The optimiser and its moments.
    package let optimizer: AdamW
    /// A checksum of the weights below an adapter; nil where there is none, and before
    /// ``digestData()``.
    private(set) var frozenWeightsDigest: String?
    /// The recent losses.
    package private(set) var lossDetector = OutlierDetector()
    /// The recent gradient norms.
    package private(set) var normDetector = OutlierDetector()

    /// Where every step starts that learns from the same batches again and again.
    private var firstBatches: any BatchSource
    private let gradients: TensorSet
    /// Nil for a process alone.
    private let exchange: GradientExchange?
    private var passMemory: PassMemory

    /// Memory for activations, which recomputation lowers.
    public var activationByteCount: Int { passMemory.byteCount }
    private var batch: TokenBatch

    /// Allocates gradients, moments and working memory.
    /// - Parameters:
    ///   - model: Its weights are changed by every step.
    ///   - settings: How to train; checked here.
    ///   - loader: The training data, with batches of the settings' shape; this process's part of
    ///     them.
    ///   - group: The processes that train the model together.
    ///   - parallel: What they leave to each other.
    /// - Throws: ``TrainingError``, ``ModelError`` or ``TensorError``.
    public init(
        model: TransformerModel,
        settings: TrainingSettings,
        loader: any BatchSource,
        group: ProcessGroup = .alone,
        parallel: DataParallel = DataParallel()
    ) throws {
        try settings.validate()
        try Self.check(settings, group, parallel)
        guard settings.optimizerKind == .adamw || model.trainedAdapter == nil else {
            throw TrainingError.invalidSetting(
                name: "the optimiser of an adapter",
                requirement: OptimizerKind.adamw.rawValue,
                found: settings.optimizerKind.rawValue
            )
        }
        self.model = model
        self.settings = settings
        (self.group, self.parallel) = (group, parallel)
        self.loader = loader
        firstBatches = loader
        try model.setPrecision(settings.precision)
        passMemory = try PassMemory(model, settings)
        let gradients = try model.makeParameterSet()
        self.gradients = gradients
        let shares =
            group.hasOthers ? ParameterShares(model, processCount: group.processCount) : nil
        exchange = try shares.map { shares in
            try GradientExchange(gradients, shares, group, parallel, ops: model.ops)
        }
        if let shares, parallel.shardsOptimizer {
            optimizer = try AdamW(model, shares, rank: group.rank)
        } else {
            optimizer = try AdamW(model, kind: settings.optimizerKind)
        }
        batch = TokenBatch(tokenCount: settings.batchSize * settings.sequenceLength)
    }

    /// Frees the memory of the passes until the next of them.
    func giveUpPassMemory() { passMemory.giveUp() }

    /// Learns from the next micro-batches.
    ///
    /// A step whose loss or gradient norm is not finite, or an outlier beyond the settings' limits,
    /// changes neither parameters nor moments; it counts all the same, as in llm.c.
    /// - Returns: What was measured, and whether the update was left out.
    /// - Throws: ``TokenDataError`` or ``ModelError`` for bad data.
    public func step() throws -> TrainingStep {
        guard let step = try step(until: { false }) else {
            preconditionFailure("a step that nobody stops was dropped")
        }
        return step
    }

    /// Learns from the next micro-batches, unless it is told to stop before the last of them.
    ///
    /// A step that is dropped has changed nothing: the next one reads its data again.
    /// - Parameter shouldStop: Asked before every micro-batch; true drops the step.
    /// - Returns: As ``step()``; nil when the step was dropped.
    /// - Throws: As ``step()``; the data stand where they stood then, too.
    public func step(until shouldStop: () -> Bool) throws -> TrainingStep? {
        let clock = ContinuousClock()
        let start = clock.now
        guard let loss = try accumulateGradients(until: shouldStop) else { return nil }
        let norm = try exchange?.norm(ops) ?? optimizer.norm(of: gradients)
        let (skipReason, outliers) = judge(loss: loss, norm: norm)
        let rate = settings.schedule.rate(at: stepCount)
        stepCount += 1
        if skipReason == nil {
            optimizer.update(
                gradients: gradients,
                norm: norm,
                learningRate: rate,
                step: stepCount,
                settings: settings.optimizer
            )
            if parallel.shardsOptimizer, let exchange {
                try exchange.gather(model.parameters)
                model.parametersDidChange()
            }
        }
        return TrainingStep(
            step: stepCount,
            loss: loss,
            learningRate: rate,
            gradientNorm: norm,
            duration: clock.now - start,
            tokenCount: settings.totalBatchTokens,
            skipReason: skipReason,
            outliers: outliers
        )
    }

    /// Micro-batches of this process in a step.
    private var microBatchCount: Int { settings.accumulationSteps / group.processCount }

    /// Fills the gradients from the next micro-batches, those of all processes.
    /// - Returns: The mean loss; nil when it was told to stop.
    private func accumulateGradients(until shouldStop: () -> Bool) throws -> Float? {
        // Its own place in the data, which counts when all micro-batches are through.
        var position = settings.overfitsSingleBatch ? firstBatches : loader
        let count = microBatchCount
        // Every target counts alike, whichever batch it is in; where all do, so do batches.
        let countsAll = position.countsAllTargets
        guard
            let total = countsAll
                ? count * group.processCount
                : try countTargets(ofNext: count, from: position, until: shouldStop)
        else { return nil }
        // Nothing is carried along: a run that goes on drops what one without a break would.
        let dropout = Dropout(rate: settings.dropout, key: settings.seed).choice(stepCount)
        let workspace = try passMemory.take()
        var totalLoss = 0.0
        for micro in 0..<count {
            if shouldStop() { return nil }
            try position.nextBatch(into: &batch)
            let share = countsAll ? 1 : batch.countedTokenCount
            let isLast = micro == count - 1
            let loss = try model.lossAndGradients(
                inputs: batch.inputs,
                targets: batch.targets,
                isCounted: batch.isCounted,
                starts: batch.starts,
                // Numbered as one process alone would number them.
                dropout: dropout.choice(micro * group.processCount + group.rank),
                workspace: workspace,
                gradients: gradients,
                scale: Float(share) / Float(total),
                accumulate: micro > 0,
                didFinishLayer: isLast ? exchange.map { exchange in exchange.start(layer:) } : nil
            )
            totalLoss += Double(loss) * Double(share)
        }
        if let exchange {
            exchange.start(layer: nil)
            totalLoss = try group.sum(totalLoss)
            try exchange.finish()
        }
        loader = position
        return Float(totalLoss / Double(total))
    }

    /// How many targets of the next micro-batches count, those of all processes; at least 1, and
    /// nil when it was told to stop.
    private func countTargets(
        ofNext count: Int,
        from position: any BatchSource,
        until shouldStop: () -> Bool
    ) throws -> Int? {
        var position = position
        var total = 0
        for _ in 0..<count {
            if shouldStop() { return nil }
            try position.nextBatch(into: &batch)
            total += batch.countedTokenCount
        }
        return max(Int(try group.sum(Double(total))), 1)
    }

    /// Reads all training data once, and the weights below an adapter, so that a run that goes on
    /// with others is noticed.
    func digestData() throws {
        try group.together {
            try loader.digestShards()
            frozenWeightsDigest = try (model as? AdaptedModel)?.digestOfFrozenWeights()
        }
        try requireAlike()
        if stepCount == 0 { firstBatches = loader }
    }

    /// Compares the measurements of a step with the recent ones.
    private func judge(loss: Float, norm: Float) -> (SkipReason?, [Outlier]) {
        let measurements = [(StepQuantity.loss, loss), (.gradientNorm, norm)]
        if let (quantity, found) = measurements.first(where: { !$0.1.isFinite }) {
            nonFiniteStepsInARow += 1
            return (.nonFinite(quantity: quantity, found: found), [])
        }
        nonFiniteStepsInARow = 0
        let scores = [
            (StepQuantity.loss, lossDetector.add(loss), settings.skipLossZScore),
            (.gradientNorm, normDetector.add(norm), settings.skipNormZScore),
        ]
        var reason: SkipReason?
        var outliers: [Outlier] = []
        for case (let quantity, let zScore?, let limit) in scores {
            if zScore > OutlierDetector.notableZScore {
                outliers.append(Outlier(quantity: quantity, zScore: zScore))
            }
            if reason == nil, limit > 0, zScore > limit {
                reason = .outlier(quantity: quantity, zScore: zScore, limit: limit)
            }
        }
        return (reason, outliers)
    }

    /// Goes to the state that a checkpoint saved; parameters and moments are filled by the caller.
    /// - Parameters:
    ///   - stepCount: Steps made before the checkpoint.
    ///   - loader: The training data, standing where they stood.
    ///   - lossDetector: The recent losses.
    ///   - normDetector: The recent gradient norms.
    package func restore(
        stepCount: Int,
        loader: any BatchSource,
        lossDetector: OutlierDetector,
        normDetector: OutlierDetector
    ) {
        self.stepCount = stepCount
        self.loader = loader
        self.lossDetector = lossDetector
        self.normDetector = normDetector
        nonFiniteStepsInARow = 0
    }

    /// The mean loss over held-out data, from its first batch on.
    /// - Parameter validation: Data with batches of the settings' shape; not changed.
    /// - Returns: The loss in nats.
    /// - Throws: ``TokenDataError`` for bad data, ``TrainingError/diverged(step:quantity:found:)``.
    public func validationLoss(on validation: any BatchSource) throws -> Float {
        guard let loss = try validationLoss(on: validation, until: { false }) else {
            preconditionFailure("a validation that nobody stops was dropped")
        }
        return loss
    }

    /// The mean loss over held-out data, unless it is told to stop.
    /// - Parameters:
    ///   - validation: Data with batches of the settings' shape, the same in all processes; not
    ///     changed.
    ///   - shouldStop: Asked before every batch, or as many batches as there are processes; true
    ///     ends the measurement.
    /// - Returns: The loss in nats; nil when it was told to stop.
    /// - Throws: As ``validationLoss(on:)``.
    public func validationLoss(
        on validation: any BatchSource,
        until shouldStop: () -> Bool
    ) throws -> Float? {
        var validation = validation
        try validation.startEpoch()
        let limit = settings.validationBatches
        let available = validation.samplesPerEpoch
        let count = limit == 0 ? available : min(limit, available)
        let workspace = try passMemory.take()
        var total = 0.0
        var weight = 0.0
        // Processes take turns with the batches, and each adds up all of them in their order.
        for first in stride(from: 0, to: count, by: group.processCount) {
            if shouldStop() { return nil }
            let own = try group.together {
                var own = (loss: 0.0, weight: 0.0)
                for index in first..<min(first + group.processCount, count) {
                    try validation.nextBatch(into: &batch)
                    guard index - first == group.rank else { continue }
                    own = try meanLoss(ofBatchIn: workspace)
                }
                return own
            }
            for numbers in try group.gather([own.loss * own.weight, own.weight]) {
                total += numbers[0]
                weight += numbers[1]
            }
        }
        let loss = Float(total / max(weight, 1))
        return try group.together {
            if loss.isFinite { return loss }
            throw TrainingError.diverged(
                step: stepCount,
                quantity: "the validation loss",
                found: loss
            )
        }
    }

    /// The mean loss over the batch that was read last, and how much it counts among others.
    private func meanLoss(
        ofBatchIn workspace: TrainingWorkspace
    ) throws -> (loss: Double, weight: Double) {
        let positions = batch.targets.indices.filter { batch.isCounted?[$0] ?? true }
        let losses = try model.tokenLosses(
            inputs: batch.inputs,
            targets: batch.targets,
            at: positions,
            starts: batch.starts,
            workspace: workspace
        )
        if losses.isEmpty { return (0, 0) }
        // Every target counts alike; batches of the same number of them, too.
        let weight = batch.isCounted == nil ? 1 : Double(losses.count)
        return (losses.reduce(0.0) { $0 + Double($1) } / Double(losses.count), weight)
    }
}

// It changes a model and its own state with every step.
@available(*, unavailable) extension Trainer: Sendable {}
