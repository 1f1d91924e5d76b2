// A model measured on data that it does not learn from: here, whole token shards.
// Evaluator+Text.swift measures a text, Evaluator+MultipleChoice.swift multiple choice.

import Collectives
import FileIO
import Inference
import LanguageModels
import TokenData
import Tokenization

/// Measures a model; its weights are not changed.
///
/// ```swift
/// let evaluator = try Evaluator(model)
/// let loss = try evaluator.loss(ofShards: "data/*_val*.bin").loss
/// let accuracy = try evaluator.score(examples).accuracy
/// ```
package struct Evaluator {
    /// B: sequences computed at once.
    package let batchSize: Int
    /// T: the most tokens of context for a prediction.
    package let sequenceLength: Int

    /// Called with how much of the work is done, and how much there is, in units that the method
    /// defines.
    package typealias Progress = (_ done: Int, _ total: Int) throws -> Void

    private let vocabularySize: Int
    /// The processes that share the batches of multiple choice.
    let group: ProcessGroup
    /// Makes the scorer, with memory for B sequences of T tokens.
    let makeScorer: (_ batchSize: Int, _ sequenceLength: Int) throws -> any TokenScorer

    /// Chooses the shape of batches; memory is only taken while something is measured.
    /// - Parameters:
    ///   - model: The model to measure, with the arithmetic it generates with.
    ///   - batchSize: B, at least 1.
    ///   - sequenceLength: T, at least 1 and at most the model's context; nil is that, or 1024 if
    ///     it is longer.
    /// - Throws: ``ModelError`` for a shape the model cannot take.
    package init(
        _ model: any LanguageModel,
        batchSize: Int = 4,
        sequenceLength: Int? = nil
    ) throws {
        try self.init(
            vocabularySize: model.vocabularySize,
            contextLength: model.contextLength,
            batchSize: batchSize,
            sequenceLength: sequenceLength
        ) { try SessionScorer(model, batchSize: $0, sequenceLength: $1) }
    }

    /// The same for a model in training, measured with the passes it is trained with, in its state
    /// at the time of each call.
    ///
    /// The processes of a group share the batches of multiple choice; all of them must then
    /// measure.
    package init(
        _ model: TransformerModel,
        batchSize: Int = 4,
        sequenceLength: Int? = nil,
        group: ProcessGroup = .alone
    ) throws {
        try self.init(
            vocabularySize: model.sizes.vocabularySize,
            contextLength: model.sizes.contextLength,
            batchSize: batchSize,
            sequenceLength: sequenceLength,
            group: group
        ) {
            let workspace = try model.makeScoringWorkspace(batchSize: $0, sequenceLength: $1)
            return TrainedModelScorer(model: model, workspace: workspace)
        }
    }

    private init(
        vocabularySize: Int,
        contextLength: Int,
        batchSize: Int,
        sequenceLength: Int?,
        group: ProcessGroup = .alone,
        makeScorer: @escaping (Int, Int) throws -> any TokenScorer
    ) throws {
        self.vocabularySize = vocabularySize
        self.group = group
        self.makeScorer = makeScorer
        self.batchSize = batchSize
        self.sequenceLength =
            sequenceLength
            ?? min(GPT2Configuration.gpt2ContextLength, contextLength)
        try TrainingWorkspace.checkShape(
            contextLength,
            batchSize: batchSize,
            sequenceLength: self.sequenceLength
        )
    }

    /// The loss on all batches of some shards, in order.
    ///
    /// As in llm.c, a sequence starts where the previous one ended, without its context, and the
    /// rest of a shard that fills no batch is left out.
    /// - Parameters:
    ///   - pattern: The path of one file, or a shell pattern such as `data/*_val*.bin`.
    ///   - vocabulary: The bytes of tokens, for ``LossMeasurement/bitsPerByte``; those that begin
    ///     or end texts count as none.
    ///   - progress: Called after every batch, counting batches.
    /// - Returns: The loss of all targets.
    /// - Throws: ``TokenDataError`` for bad or too little data, `TextTokenizerError` for tokens
    ///   that `vocabulary` lacks, ``TrainingError/unusableLoss(found:)``, ``TensorError``; what
    ///   `progress` throws.
    package func loss(
        ofShards pattern: FilePath,
        vocabulary: (any TokenDecoder)? = nil,
        progress: Progress = { _, _ in }
    ) throws -> LossMeasurement {
        var loader = try TokenLoader(
            matching: pattern,
            batchSize: batchSize,
            sequenceLength: sequenceLength,
            shuffled: false,
            vocabularySize: vocabularySize
        )
        let scorer = try makeScorer(batchSize, sequenceLength)
        var batch = TokenBatch(tokenCount: loader.tokensPerBatch)
        let batchCount = loader.samplesPerEpoch
        var totalLoss = 0.0
        var byteCount = 0
        var done = 0
        let tokensPerBatch = loader.tokensPerBatch
        try loader.forEachLoss(
            by: scorer,
            batchCount: batchCount,
            batch: &batch
        ) { loss, batch in
            totalLoss += loss * Double(tokensPerBatch)
            if let vocabulary {
                for row in 0..<batchSize {
                    let rows = row * sequenceLength..<(row + 1) * sequenceLength
                    byteCount += try vocabulary.byteCount(
                        of: batch.targets[rows],
                        after: batch.inputs[rows.lowerBound]
                    )
                }
            }
            done += 1
            try progress(done, batchCount)
        }
        return try LossMeasurement(
            tokenCount: batchCount * tokensPerBatch,
            totalLoss: totalLoss,
            byteCount: vocabulary == nil ? nil : byteCount
        )
    }
}

extension TokenDecoder {
    /// The number of bytes that some tokens stand for, after another one.
    fileprivate func byteCount(
        of tokens: ArraySlice<TokenID>,
        after first: TokenID
    ) throws -> Int {
        let markers = endsOfText + (startOfText.map { [$0] } ?? [])
        var previous = context(after: first, nil)
        return try tokens.reduce(0) { count, token in
            defer { previous = context(after: token, previous) }
            if markers.contains(token) { return count }
            return count + (try bytes(of: token, after: previous).count)
        }
    }
}

// Its model's weights may change during training without synchronization.
@available(*, unavailable) extension Evaluator: Sendable {}
