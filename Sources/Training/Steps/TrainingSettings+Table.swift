// The settings of a training run, each with everything there is to say about it: what it belongs
// to, the name of its flag, its property, default and bounds, the words of its errors and its help,
// and whether a run may continue with another value. TrainingSetting.swift says what is read from
// here; TrainOptions.swift declares the options of the command, by property.

import LanguageModels
import Tensors

extension TrainingSettings {
    /// Every setting, in the order in which a run's differences are listed.
    package static let table: [any AnySetting] = [
        Setting(.batches, "batch-size", \.batchSize, default: 4, in: .from(1, to: 1 << 20))
            .called("the batch size", "Sequences per micro-batch."),
        Setting(.batches, "sequence-length", \.sequenceLength, in: .from(1, to: 1 << 20))
            .called(
                "the sequence length",
                "Tokens per sequence (default: 1024, or the model's context if shorter)."
            ),
        Setting(
            .batches,
            "precision",
            \.precision,
            default: .float32,
            in: .oneOf(ElementType.floatTypes)
        )
        .called("the precision", "The precision of matrices and activations in training."),
        Setting(.batches, "total-batch-tokens", \.totalBatchTokens, in: .from(1))
            .called(
                "the number of tokens per step",
                """
                Tokens per optimizer step: a multiple of batch size times sequence length, times \
                the number of processes if there are several (default: exactly that, or as before \
                in a resumed run).
                """
            ),
        Setting(.batches, "recompute", \.recomputation, default: Recomputation.none)
            .called("recomputation", "What the backward pass recomputes to save memory.")
            .mayDiffer(),
        Setting(.optimizer, "learning-rate", \.schedule.peak, default: 3e-4, in: .positive)
            .called("the learning rate", "The peak learning rate."),
        Setting(.optimizer, "schedule", \.schedule.shape, default: .cosine)
            .called("the schedule", "The learning rate schedule after the warmup."),
        Setting(.optimizer, "warmup-steps", \.schedule.warmupSteps, default: 0, in: .from(0))
            .called(
                "the number of warmup steps",
                "Steps over which the learning rate rises to its peak."
            ),
        Setting(.batches, "steps", \.schedule.totalSteps, in: .from(0, to: Int(Int32.max)))
            .called("the number of steps", "Optimizer steps (default: one epoch).")
            .mayDiffer(where: areConstant),
        Setting(
            .optimizer,
            "final-learning-rate-fraction",
            \.schedule.finalFraction,
            default: 0,
            in: .fraction
        )
        .called(
            "the final fraction of the learning rate",
            "The final learning rate, as a fraction of the peak."
        )
        .mayDiffer(where: areConstant),
        Setting(.optimizer, "optimizer", \.optimizerKind, default: .adamw)
            .called(
                "the optimizer",
                """
                The optimizer: AdamW, or Muon for the matrices within blocks and AdamW for the rest.
                """
            ),
        Setting(.optimizer, "beta1", \.optimizer.beta1, default: 0.9, in: .belowOne)
            .called("beta1", "AdamW's decay rate for the first moment."),
        Setting(.optimizer, "beta2", \.optimizer.beta2, default: 0.95, in: .belowOne)
            .called("beta2", "AdamW's decay rate for the second moment."),
        Setting(.optimizer, "epsilon", \.optimizer.epsilon, default: 1e-8, in: .positive)
            .called("epsilon", "AdamW's epsilon."),
        Setting(.optimizer, "weight-decay", \.optimizer.weightDecay, default: 0.1, in: .notNegative)
            .called("the weight decay", "Weight decay, on weight matrices only."),
        Setting(.optimizer, "grad-clip", \.optimizer.gradientClip, default: 1, in: .zeroOrMore)
            .called("the gradient clip", "The largest norm of the gradients; 0 means no limit."),
        Setting(.optimizer, "dropout", \.dropout, default: 0, in: .belowOne)
            .called(
                "dropout",
                """
                The probability that a number is dropped: of the embeddings, of attention's \
                probabilities, and of the outputs of attention and the MLP.
                """
            ),
        Setting(.optimizer, "skip-loss-zscore", \.skipLossZScore, default: 0, in: .zeroOrMore)
            .called(
                "the z-score of losses that are skipped",
                """
                Skip updates whose loss is more than this many standard deviations above the mean \
                of the last 128; 0 skips none.
                """
            ),
        Setting(.optimizer, "skip-norm-zscore", \.skipNormZScore, default: 0, in: .zeroOrMore)
            .called(
                "the z-score of gradient norms that are skipped",
                "Skip updates whose gradient norm is that far above the last 128; 0 skips none."
            ),
        Setting(.data, "overfit-single-batch", \.overfitsSingleBatch, default: false)
            .called(
                "overfitting a single batch",
                "Use the first step's data in every step; the loss should fall to almost nothing."
            ),
        Setting(.run, "seed", \.seed, default: 42, in: .from(0))
            .called(
                "the seed",
                """
                The random seed for weights, dropout, samples, and the order of the data unless it \
                is llm.c's.
                """
            ),
        Setting(.intervals, "val-every", \.validationInterval, default: 250, in: .from(0))
            .called("the validation interval", "Steps between validations; 0 means never.")
            .mayDiffer(),
        Setting(.intervals, "val-batches", \.validationBatches, default: 20, in: .from(0))
            .called("the number of validation batches", "Batches per validation; 0 means all.")
            .mayDiffer(),
        Setting(.intervals, "sample-every", \.sampleInterval, default: 0, in: .from(0))
            .called("the sample interval", "Steps between samples; 0 means never.")
            .mayDiffer(),
        Setting(.intervals, "hellaswag-every", \.hellaSwagInterval, default: 0, in: .from(0))
            .called(
                "the HellaSwag interval",
                "Steps between HellaSwag evaluations; 0 means never."
            )
            .mayDiffer(),
        Setting(.intervals, "checkpoint-every", \.checkpointInterval, default: 1000, in: .from(0))
            .called(
                "the checkpoint interval",
                """
                Steps between checkpoints. More are written at the end, and whenever the \
                validation loss is the lowest so far; 0 writes none at all.
                """
            )
            .mayDiffer(),
        Setting(.intervals, "keep-last", \.keepLast, default: 2, in: .from(1))
            .called(
                "the number of newest checkpoints kept",
                "How many of the newest checkpoints to keep, in addition to the best."
            )
            .mayDiffer(),
        Setting(.intervals, "keep-every", \.keepEvery, default: 0, in: .from(0))
            .called(
                "the interval of the checkpoints that are kept forever",
                "Also keep the checkpoints at multiples of this many steps for good; 0 keeps none."
            )
            .mayDiffer(),
    ]
    /// Whether two runs have a constant rate: they head for no end, and may be extended.
    @Sendable
    private static func areConstant(_ then: Self, _ now: Self) -> Bool {
        then.schedule.shape == .constant && now.schedule.shape == .constant
    }
}
