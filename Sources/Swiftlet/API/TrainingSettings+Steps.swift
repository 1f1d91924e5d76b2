// Training settings made from the few values that most runs change.

import Training

extension TrainingSettings {
    /// Settings for a number of steps, with the command line's defaults for everything else.
    /// - Parameters:
    ///   - steps: Optimizer steps.
    ///   - batchSize: Sequences in a batch.
    ///   - sequenceLength: Tokens in a sequence, at most the model's context.
    ///   - learningRate: The peak rate, from which it falls along a cosine.
    ///   - warmupSteps: Steps over which the rate first rises to its peak.
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
