// Everything that decides how a run goes, apart from its data and its starting weights. What is
// said of each setting stands in TrainingSettings+Table.swift.

import LanguageModels
import Tensors

/// The settings of a training run, with the defaults of the command line.
public struct TrainingSettings: Sendable, Equatable, Codable {
    /// B: sequences per micro-batch.
    public var batchSize: Int = Self.default(\.batchSize)
    /// T: tokens per sequence.
    public var sequenceLength: Int
    /// Tokens per optimizer step: a multiple of a micro-batch's.
    public var totalBatchTokens: Int
    /// The learning rate over the run.
    public var schedule: LearningRateSchedule
    /// What updates the parameters.
    public var optimizerKind: OptimizerKind {
        get { storedOptimizerKind ?? .adamw }
        set { storedOptimizerKind = newValue == .adamw ? nil : newValue }
    }
    /// Nil for AdamW, and so absent from files, as in those from before there was a choice.
    private var storedOptimizerKind: OptimizerKind?
    /// The optimizer's rates.
    public var optimizer = OptimizerSettings()
    /// What the backward pass recomputes to save memory.
    public var recomputation: Recomputation = Self.default(\.recomputation)
    /// The type of the matrices and activations in a pass: float32 or bfloat16.
    ///
    /// The weights themselves, moments and gradients are always float32.
    public var precision: ElementType {
        get { storedPrecision ?? .float32 }
        set { storedPrecision = newValue == .float32 ? nil : newValue }
    }
    /// Nil for float32, and so absent from files, as in those from before there was a choice.
    private var storedPrecision: ElementType?
    /// The probability that training drops a number: of the embeddings, of attention's
    /// probabilities, and of what each half of a block adds to the residual stream.
    ///
    /// Nothing is dropped when losses are only measured.
    public var dropout: Float {
        get { storedDropout ?? 0 }
        set { storedDropout = newValue == 0 ? nil : newValue }
    }
    /// Nil for 0, and so absent from files, as in those from before there was a choice.
    private var storedDropout: Float?
    /// Steps between validations; 0 is never.
    public var validationInterval: Int = Self.default(\.validationInterval)
    /// Batches per validation; 0 is all.
    public var validationBatches: Int = Self.default(\.validationBatches)
    /// Steps between checkpoints; 0 is never, not even at the end.
    public var checkpointInterval: Int = Self.default(\.checkpointInterval)
    /// Steps between samples, which only the train command takes; 0 is never.
    public var sampleInterval: Int = Self.default(\.sampleInterval)
    /// Steps between HellaSwag evaluations, which only the train command makes; 0 is never.
    public var hellaSwagInterval: Int = Self.default(\.hellaSwagInterval)
    /// How many of the newest checkpoints are kept.
    public var keepLast: Int = Self.default(\.keepLast)
    /// Checkpoints of multiples of this step are kept forever; 0 is none.
    public var keepEvery: Int = Self.default(\.keepEvery)
    /// An update is skipped when its loss is more standard deviations than this above the recent
    /// mean; 0 is never.
    public var skipLossZScore: Double = Self.default(\.skipLossZScore)
    /// The same for the gradient norm.
    public var skipNormZScore: Double = Self.default(\.skipNormZScore)
    /// Whether every step uses the first batches of the data, to check that the model learns.
    public var overfitsSingleBatch: Bool = Self.default(\.overfitsSingleBatch)
    /// The seed of the random weights, dropout, the samples, and an order of the data that is not
    /// llm.c's.
    public var seed: UInt64 = Self.default(\.seed)

    /// Settings with defaults for everything that is not given.
    /// - Parameters:
    ///   - batchSize: B.
    ///   - sequenceLength: T.
    ///   - totalBatchTokens: Tokens per step; nil for one micro-batch.
    ///   - schedule: The learning rate, and with it the number of steps.
    public init(
        batchSize: Int = Self.default(\.batchSize),
        sequenceLength: Int,
        totalBatchTokens: Int? = nil,
        schedule: LearningRateSchedule
    ) {
        self.batchSize = batchSize
        self.sequenceLength = sequenceLength
        self.totalBatchTokens = totalBatchTokens ?? batchSize &* sequenceLength
        self.schedule = schedule
        optimizerKind = Self.default(\.optimizerKind)
        precision = Self.default(\.precision)
        dropout = Self.default(\.dropout)
    }

    private enum CodingKeys: String, CodingKey {
        case batchSize, sequenceLength, totalBatchTokens, schedule, optimizer, recomputation
        case storedOptimizerKind = "optimizerKind"
        case storedPrecision = "precision"
        case storedDropout = "dropout"
        case validationInterval, validationBatches, checkpointInterval, sampleInterval
        case hellaSwagInterval, keepLast, keepEvery, skipLossZScore, skipNormZScore
        case overfitsSingleBatch, seed
    }

    /// The number of micro-batches whose gradients are averaged in one step.
    package var accumulationSteps: Int { totalBatchTokens / (batchSize * sequenceLength) }
}
