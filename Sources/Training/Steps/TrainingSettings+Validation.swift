// Which settings are valid, with a sentence for each one that is not.

import Tensors

extension TrainingSettings {
    /// Checks that the settings are valid together.
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
        try require(
            ElementType.floatTypes.contains(precision),
            "the precision",
            ElementType.floatTypes.map(\.rawValue).joined(separator: " or "),
            precision
        )
        try require(sequenceLength >= 1, "the sequence length", "at least 1", sequenceLength)
        let (microBatch, overflow) = batchSize.multipliedReportingOverflow(by: sequenceLength)
        try require(!overflow, "batch size times sequence length", "smaller", "an overflow")
        try require(
            totalBatchTokens >= microBatch && totalBatchTokens % microBatch == 0,
            "the number of tokens per step",
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
            "the number of warmup steps",
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
        try require(dropout >= 0 && dropout < 1, "dropout", "at least 0 and below 1", dropout)
        for (name, interval) in [
            ("the validation interval", validationInterval),
            ("the number of validation batches", validationBatches),
            ("the checkpoint interval", checkpointInterval),
            ("the sample interval", sampleInterval),
            ("the HellaSwag interval", hellaSwagInterval),
            ("the interval of the checkpoints that are kept forever", keepEvery),
        ] {
            try require(interval >= 0, name, "at least 0", interval)
        }
        try require(keepLast >= 1, "the number of newest checkpoints kept", "at least 1", keepLast)
        for (name, limit) in [
            ("the z-score of losses that are skipped", skipLossZScore),
            ("the z-score of gradient norms that are skipped", skipNormZScore),
        ] {
            try require(limit >= 0, name, "at least 0", limit)
        }
    }
}
