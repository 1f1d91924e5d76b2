// The settings of a run by what most runs change.

import Training

extension TrainingSettings {
    /// Settings of a number of steps, with the command line's defaults for all that is not given.
    /// - Parameters:
    ///   - steps: Optimizer steps.
    ///   - batchSize: Sequences in a batch.
    ///   - sequenceLength: Tokens in a sequence, at most the model's context.
    ///   - learningRate: The highest rate, from which it falls along a cosine.
    ///   - warmupSteps: Steps over which it rises first.
    public init(
        steps: Int,
        batchSize: Int = TrainingSettings.default(\.batchSize),
        sequenceLength: Int = 256,
        learningRate: Float = TrainingSettings.default(\.schedule.peak),
        warmupSteps: Int = TrainingSettings.default(\.schedule.warmupSteps)
    ) {
        self.init(
            batchSize: batchSize,
            sequenceLength: sequenceLength,
            schedule: LearningRateSchedule(
                peak: learningRate,
                warmupSteps: warmupSteps,
                totalSteps: steps
            )
        )
    }
}
