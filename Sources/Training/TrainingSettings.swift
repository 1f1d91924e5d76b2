// Everything that decides how a run goes, apart from its data and its starting weights.

import LanguageModels

/// The settings of a training run, with the defaults of the command line.
public struct TrainingSettings: Sendable, Equatable, Codable {
    /// B: sequences in a micro-batch.
    public var batchSize = 4
    /// T: tokens in a sequence.
    public var sequenceLength: Int
    /// Tokens of one optimiser step: a multiple of a micro-batch's.
    public var totalBatchTokens: Int
    /// The learning rate over the run.
    public var schedule: LearningRateSchedule
    /// The optimiser's rates.
    public var optimizer = AdamW.Settings()
    /// What the backward pass computes again to save memory.
    public var recomputation = Recomputation.none
    /// Steps between validations; 0 is never.
    public var validationInterval = 250
    /// Batches of a validation; 0 is all there are.
    public var validationBatches = 20
    /// Steps between checkpoints; 0 is never, not even at the end.
    public var checkpointInterval = 1000
    /// Steps between samples; 0 is never.
    public var sampleInterval = 0

    /// Settings with defaults for all that is not given.
    /// - Parameters:
    ///   - batchSize: B.
    ///   - sequenceLength: T.
    ///   - totalBatchTokens: Tokens of a step; nil for one micro-batch.
    ///   - schedule: The learning rate, and with it the number of steps.
    public init(
        batchSize: Int = 4,
        sequenceLength: Int,
        totalBatchTokens: Int? = nil,
        schedule: LearningRateSchedule
    ) {
        self.batchSize = batchSize
        self.sequenceLength = sequenceLength
        self.totalBatchTokens = totalBatchTokens ?? batchSize &* sequenceLength
        self.schedule = schedule
    }

    /// Micro-batches whose gradients are averaged in one step.
    public var accumulationSteps: Int { totalBatchTokens / (batchSize * sequenceLength) }

    /// Checks that the settings make sense together.
    /// - Throws: ``TrainingError/invalidSetting(name:requirement:found:)``.
    public func validate() throws {
        func require(_ holds: Bool, _ name: String, _ requirement: String, _ found: some Any) throws
        {
            guard !holds else { return }
            throw TrainingError.invalidSetting(
                name: name,
                requirement: requirement,
                found: "\(found)"
            )
        }
        try require(
            batchSize >= 1 && batchSize <= 1 << 20,
            "the batch size",
            "1 to 2^20",
            batchSize
        )
        try require(sequenceLength >= 1, "the sequence length", "at least 1", sequenceLength)
        let (microBatch, overflow) = batchSize.multipliedReportingOverflow(by: sequenceLength)
        try require(!overflow, "batch size times sequence length", "smaller", "an overflow")
        try require(
            totalBatchTokens >= microBatch && totalBatchTokens % microBatch == 0,
            "the number of tokens of a step",
            "a multiple of batch size times sequence length, \(microBatch)",
            totalBatchTokens
        )
        try require(
            schedule.totalSteps >= 0 && schedule.totalSteps <= Int(Int32.max),
            "the number of steps",
            "0 to \(Int32.max), the most that llm.c's state files can count",
            schedule.totalSteps
        )
        try require(
            schedule.peak > 0 && schedule.peak.isFinite,
            "the learning rate",
            "positive",
            schedule.peak
        )
        try require(
            schedule.warmupSteps >= 0,
            "the number of warm-up steps",
            "at least 0",
            schedule.warmupSteps
        )
        try require(
            (0...1).contains(schedule.finalFraction),
            "the final fraction of the learning rate",
            "between 0 and 1",
            schedule.finalFraction
        )
        for (name, beta) in [("beta1", optimizer.beta1), ("beta2", optimizer.beta2)] {
            try require(beta >= 0 && beta < 1, name, "at least 0 and below 1", beta)
        }
        try require(
            optimizer.epsilon > 0 && optimizer.epsilon.isFinite,
            "epsilon",
            "positive",
            optimizer.epsilon
        )
        try require(
            optimizer.weightDecay >= 0 && optimizer.weightDecay.isFinite,
            "the weight decay",
            "at least 0",
            optimizer.weightDecay
        )
        try require(
            optimizer.gradientClip >= 0,
            "the gradient clip",
            "at least 0",
            optimizer.gradientClip
        )
        for (name, interval) in [
            ("the validation interval", validationInterval),
            ("the number of validation batches", validationBatches),
            ("the checkpoint interval", checkpointInterval),
            ("the sample interval", sampleInterval),
        ] {
            try require(interval >= 0, name, "at least 0", interval)
        }
    }
}
