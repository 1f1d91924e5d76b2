// The flags of `train`, in the groups its help shows, and the settings they make.

import ArgumentParser
import Swiftlet

extension LearningRateSchedule.Shape: ExpressibleByArgument {}
extension Recomputation: ExpressibleByArgument {}

/// How much data a step takes.
struct BatchOptions: ParsableArguments {
    @Option(help: "Sequences in a micro-batch.")
    var batchSize = 4

    @Option(help: "Tokens in a sequence (default: 1024, or the model's context if shorter).")
    var sequenceLength: Int?

    @Option(
        help: """
            Tokens of an optimiser step: a multiple of batch size times length (default: that).
            """
    )
    var totalBatchTokens: Int?

    @Option(help: "Optimiser steps (default: one epoch).")
    var steps: Int?

    @Option(help: "What the backward pass computes again, to save memory: none, gelu or block.")
    var recompute = Recomputation.none
}

/// How a step changes the weights.
struct OptimizerOptions: ParsableArguments {
    @Option(help: "The peak learning rate.")
    var learningRate: Float = 3e-4

    @Option(help: "Its course after the warm-up: cosine, linear, constant or wsd.")
    var schedule = LearningRateSchedule.Shape.cosine

    @Option(help: "Steps over which the learning rate rises to its peak.")
    var warmupSteps = 0

    @Option(help: "The last learning rate, as a fraction of the peak.")
    var finalLearningRateFraction: Float = 0

    @Option(help: "Weight decay, on weight matrices only.")
    var weightDecay: Float = 0.1

    @Option(help: "AdamW's decay rate of the first moment.")
    var beta1: Float = 0.9

    @Option(help: "AdamW's decay rate of the second moment.")
    var beta2: Float = 0.95

    @Option(help: "AdamW's epsilon.")
    var epsilon: Float = 1e-8

    @Option(help: "The largest norm of the gradients; 0 is no limit.")
    var gradClip: Float = 1

    /// The optimiser's rates as the library takes them.
    var settings: AdamW.Settings {
        var settings = AdamW.Settings()
        settings.beta1 = beta1
        settings.beta2 = beta2
        settings.epsilon = epsilon
        settings.weightDecay = weightDecay
        settings.gradientClip = gradClip
        return settings
    }

    /// The learning rate of a run of `steps` steps.
    func schedule(steps: Int) -> LearningRateSchedule {
        LearningRateSchedule(
            shape: schedule,
            peak: learningRate,
            warmupSteps: warmupSteps,
            finalFraction: finalLearningRateFraction,
            totalSteps: steps
        )
    }
}

/// What happens between steps.
struct IntervalOptions: ParsableArguments {
    @Option(help: "Steps between validations; 0 is never.")
    var valEvery = 250

    @Option(help: "Batches of a validation; 0 is all.")
    var valBatches = 20

    @Option(help: "Steps between samples; 0 is never.")
    var sampleEvery = 0

    @Option(help: "Tokens of a sample.")
    var sampleTokens = 64

    @Option(help: "What samples continue (default: they start a new text).")
    var samplePrompt: String?

    @Option(help: "Steps between checkpoints, and one at the end; 0 is never.")
    var checkpointEvery = 1000
}
