// The arithmetic of training: one optimizer step, and the loss on held-out data. TrainingRun
// decides what happens between steps (validation, checkpoints, samples), and when to give up.

import Collectives
import LanguageModels
import Tensors
import TokenData

/// Trains a model step by step.
package final class Trainer {
    /// The model being trained.
    package let model: TransformerModel
    /// How it is trained.
    package let settings: TrainingSettings
    /// The processes that train it together; by default only this one.
    package let group: ProcessGroup
    /// How they divide the work.
    package let parallel: DataParallel
    /// Optimizer steps made so far.
    package private(set) var stepCount = 0
    /// Consecutive updates skipped because a measurement was not finite.
    package private(set) var nonFiniteStepsInARow = 0
    /// What runs the arithmetic.
    package var ops: Ops { model.ops }
    /// The training data, positioned before the next batch.
    package private(set) var loader: any BatchSource
    /// The optimizer and its moments.
    package let optimizer: AdamW
    /// A checksum of the weights below an adapter; nil if there is none, and before
    /// ``digestData()``.
    private(set) var frozenWeightsDigest: String?
    /// The recent losses.
    package private(set) var lossDetector = OutlierDetector()
    /// The recent gradient norms.
    package private(set) var normDetector = OutlierDetector()

    /// Where every step starts when all use the same batches.
    private var firstBatches: any BatchSource
    private let gradients: TensorSet
    /// Nil for a single process.
    private let exchange: GradientExchange?
    private var passMemory: PassMemory

    /// Memory for activations, which recomputation reduces.
    package var activationByteCount: Int { passMemory.byteCount }
    private var batch: TokenBatch

    /// Allocates gradients, moments and working memory.
    /// - Parameters:
    ///   - model: Its weights are changed by every step.
    ///   - settings: How to train; checked here.
    ///   - loader: The training data, with batches of the settings' shape; this process's part of
    ///     it.
    ///   - group: The processes that train the model together.
    ///   - parallel: How they divide the work.
    /// - Throws: ``TrainingError``, ``ModelError`` or ``TensorError``.
    package init(
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
                name: "the optimizer of an adapter",
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

    /// Frees the memory of the passes until the next pass.
    func giveUpPassMemory() { passMemory.giveUp() }

    /// Trains on the next micro-batches.
    ///
    /// A step whose loss or gradient norm is not finite, or an outlier beyond the settings' limits,
    /// changes neither parameters nor moments; it still counts, as in llm.c.
    /// - Returns: What was measured, and whether the update was skipped.
    /// - Throws: ``TokenDataError`` or ``ModelError`` for bad data.
    package func step() throws -> TrainingStep {
        guard let step = try step(until: { false }) else {
            preconditionFailure("a step that nobody stops was dropped")
        }
        return step
    }

    /// Trains on the next micro-batches, unless told to stop before the last of them.
    ///
    /// A dropped step has changed nothing: the next one reads its data again.
    /// - Parameter shouldStop: Asked before every micro-batch; true drops the step.
    /// - Returns: As ``step()``; nil when the step was dropped.
    /// - Throws: As ``step()``; the position in the data is then unchanged too.
    package func step(until shouldStop: () -> Bool) throws -> TrainingStep? {
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

    /// This process's micro-batches in a step.
    private var microBatchCount: Int { settings.accumulationSteps / group.processCount }

    /// Fills the gradients from the next micro-batches, those of all processes.
    /// - Returns: The mean loss; nil if told to stop.
    private func accumulateGradients(until shouldStop: () -> Bool) throws -> Float? {
        // A separate position in the data, which is adopted when all micro-batches are done.
        var position = settings.overfitsSingleBatch ? firstBatches : loader
        let count = microBatchCount
        // Every target counts equally, whichever batch it is in; if all count, so do batches.
        guard
            let total = position.countsAllTargets
                ? count * group.processCount
                : try countTargets(ofNext: count, from: position, until: shouldStop)
        else { return nil }
        // An error is kept until the losses are added up: it ends all processes then, and those
        // without one have not waited for messages that never came.
        var found = Result<Double, any Error>.success(0)
        for micro in 0..<count {
            if shouldStop() { return nil }
            found = found.flatMap { sum in
                Result {
                    try sum + addGradients(ofBatch: micro, of: count, from: &position, total: total)
                }
            }
        }
        exchange?.startRest()
        let totalLoss = try group.sum { try found.get() }
        try exchange?.finish()
        loader = position
        return Float(totalLoss / Double(total))
    }

    /// Adds the gradients of a micro-batch to those of the step.
    /// - Parameters:
    ///   - micro: Its number among those of this process.
    ///   - count: How many these are.
    ///   - position: Its place in the data; moved on.
    ///   - total: What all batches of the step weigh together, those of all processes.
    /// - Returns: The loss times the weight of the batch.
    /// - Throws: As ``step()``.
    private func addGradients(
        ofBatch micro: Int,
        of count: Int,
        from position: inout any BatchSource,
        total: Int
    ) throws -> Double {
        try position.nextBatch(into: &batch)
        let share = position.countsAllTargets ? 1 : batch.countedTokenCount
        // No state is carried along: a resumed run drops what an uninterrupted one would.
        let dropout = Dropout(rate: settings.dropout, key: settings.seed).choice(stepCount)
        let isLast = micro == count - 1
        let loss = try model.lossAndGradients(
            inputs: batch.inputs,
            targets: batch.targets,
            isCounted: batch.isCounted,
            starts: batch.starts,
            // Numbered as one process alone would number them.
            dropout: dropout.choice(micro * group.processCount + group.rank),
            workspace: passMemory.take(),
            gradients: gradients,
            scale: Float(share) / Float(total),
            accumulate: micro > 0,
            didFinishLayer: isLast ? exchange.map { exchange in exchange.start(layer:) } : nil
        )
        return Double(loss) * Double(share)
    }

    /// How many targets count in the next micro-batches of all processes; at least 1, and nil if
    /// told to stop.
    private func countTargets(
        ofNext count: Int,
        from position: any BatchSource,
        until shouldStop: () -> Bool
    ) throws -> Int? {
        var position = position
        var found = Result<Int, any Error>.success(0)
        for _ in 0..<count {
            if shouldStop() { return nil }
            found = found.flatMap { sum in
                Result {
                    try position.nextBatch(into: &batch)
                    return sum + batch.countedTokenCount
                }
            }
        }
        return max(Int(try group.sum { Double(try found.get()) }), 1)
    }

    /// Reads all training data once, and the weights below an adapter, so that a resumed run
    /// notices if they have changed.
    func digestData() throws {
        try group.together {
            try loader.digestShards()
            frozenWeightsDigest = try (model as? AdaptedModel)?.digestOfFrozenWeights()
        }
        try requireAlike()
        if stepCount == 0 { firstBatches = loader }
    }

    /// Compares the measurements of a step with the recent ones.
    private func judge(loss: Float, norm: Float) -> (SkipReason?, [StepOutlier]) {
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
        var outliers: [StepOutlier] = []
        for case (let quantity, let zScore?, let limit) in scores {
            if zScore > OutlierDetector.notableZScore {
                outliers.append(StepOutlier(quantity: quantity, zScore: zScore))
            }
            if reason == nil, limit > 0, zScore > limit {
                reason = .outlier(quantity: quantity, zScore: zScore, limit: limit)
            }
        }
        return (reason, outliers)
    }

    /// Restores the state saved in a checkpoint; the caller fills in parameters and moments.
    /// - Parameters:
    ///   - stepCount: Steps made before the checkpoint.
    ///   - loader: The training data, at its saved position.
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
    package func validationLoss(on validation: any BatchSource) throws -> Float {
        guard let loss = try validationLoss(on: validation, until: { false }) else {
            preconditionFailure("a validation that nobody stops was dropped")
        }
        return loss
    }

    /// The mean loss over held-out data, unless told to stop.
    /// - Parameters:
    ///   - validation: Data with batches of the settings' shape, the same in all processes; not
    ///     changed.
    ///   - shouldStop: Asked before every batch, or every as many batches as there are processes;
    ///     true ends the measurement.
    /// - Returns: The loss in nats; nil if told to stop.
    /// - Throws: As ``validationLoss(on:)``.
    package func validationLoss(
        on validation: any BatchSource,
        until shouldStop: () -> Bool
    ) throws -> Float? {
        var validation = validation
        let workspace = try group.together {
            try validation.startEpoch()
            return try passMemory.take()
        }
        let limit = settings.validationBatches
        let available = validation.samplesPerEpoch
        let count = limit == 0 ? available : min(limit, available)
        var total = 0.0
        var weight = 0.0
        // Processes take turns with the batches, and each sums all of them in order.
        for first in stride(from: 0, to: count, by: group.processCount) {
            if shouldStop() { return nil }
            let losses = try group.gather(count: 2) {
                var own = (loss: 0.0, weight: 0.0)
                for index in first..<min(first + group.processCount, count) {
                    try validation.nextBatch(into: &batch)
                    guard index - first == group.rank else { continue }
                    own = try meanLoss(ofBatchIn: workspace)
                }
                return [own.loss * own.weight, own.weight]
            }
            for loss in losses {
                total += loss[0]
                weight += loss[1]
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

    /// The mean loss over the batch that was read last, and its weight among others.
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
        // Every target counts equally, and so do batches with the same number of them.
        let weight = batch.isCounted == nil ? 1 : Double(losses.count)
        return (losses.reduce(0.0) { $0 + Double($1) } / Double(losses.count), weight)
    }
}

// It changes a model and its own state with every step.
@available(*, unavailable) extension Trainer: Sendable {}
