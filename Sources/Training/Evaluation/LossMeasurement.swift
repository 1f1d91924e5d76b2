// What a model's predictions cost on some data, and the figures derived from it. Losses are those
// of whatever is measured: a model that generates, or one in training, each by its own arithmetic.

import Inference
import LanguageModels
import TokenData

#if canImport(Glibc)
    @preconcurrency import Glibc
#elseif canImport(Musl)
    @preconcurrency import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// The cross-entropy of a model on tokens it was asked to predict.
public struct LossMeasurement: Sendable, Equatable, Codable {
    /// The number of tokens predicted, each once.
    public let tokenCount: Int
    /// The sum of their losses in nats.
    public let totalLoss: Double
    /// The number of bytes that these tokens stand for; nil when not known.
    public let byteCount: Int?

    /// Combines a sum with its counts.
    /// - Throws: ``TrainingError/unusableLoss(found:)`` when the sum is not a finite number.
    package init(tokenCount: Int, totalLoss: Double, byteCount: Int?) throws {
        precondition(tokenCount > 0, "a loss of \(tokenCount) tokens")
        guard totalLoss.isFinite else { throw TrainingError.unusableLoss(found: totalLoss) }
        self.tokenCount = tokenCount
        self.totalLoss = totalLoss
        self.byteCount = byteCount
    }

    /// The mean loss of a token in nats.
    public var loss: Double { totalLoss / Double(tokenCount) }

    /// `exp(loss)`: the number of equally likely tokens among which the model would be as unsure;
    /// infinite for a loss above 709.
    public var perplexity: Double { exp(loss) }

    /// The loss in bits per byte of text, which does not depend on how text is cut into tokens; nil
    /// when the number of bytes is not known or 0.
    public var bitsPerByte: Double? {
        guard let byteCount, byteCount > 0 else { return nil }
        return totalLoss / log(2) / Double(byteCount)
    }
}

/// What says how well a model predicts.
protocol TokenScorer {
    /// The losses of the targets of some parts, each a whole sequence.
    /// - Parameter parts: At most B, of at most T tokens, in the order of their sequences.
    /// - Returns: The losses of each part.
    /// - Throws: ``ModelError`` for a token outside the vocabulary, or ``TensorError``.
    func losses(of parts: [ScoredPart]) throws -> [[Float]]
}

/// A model that generates: every part is a sequence of a session, read like a prompt.
struct SessionScorer: TokenScorer {
    private let session: any DecodingSession

    init(_ model: any LanguageModel, batchSize: Int, sequenceLength: Int) throws {
        session = try model.makeSession(sequenceCount: batchSize, tokenCapacity: sequenceLength)
    }

    func losses(of parts: [ScoredPart]) throws -> [[Float]] {
        for part in parts { session.truncate(part.sequence, to: 0) }
        return try session.losses(appending: parts)
    }
}

/// A model in training: every part is a row of a batch, filled up to its length.
struct TrainedModelScorer: TokenScorer {
    let model: TransformerModel
    let workspace: TrainingWorkspace

    func losses(of parts: [ScoredPart]) throws -> [[Float]] {
        let (B, T) = (workspace.batchSize, workspace.sequenceLength)
        // No position attends to later ones, so any token can fill those.
        var inputs = [Int32](repeating: 0, count: B * T)
        var targets = inputs
        var positions: [Int] = []
        for part in parts {
            let start = part.sequence * T
            let end = start + part.tokens.count
            let scored = end - part.targets.count..<end
            inputs.replaceSubrange(start..<end, with: part.tokens)
            targets.replaceSubrange(scored, with: part.targets)
            positions += scored
        }
        var losses = try model.tokenLosses(
            inputs: inputs,
            targets: targets,
            at: positions,
            workspace: workspace
        )[...]
        return parts.map { part in
            defer { losses = losses.dropFirst(part.targets.count) }
            return Array(losses.prefix(part.targets.count))
        }
    }
}

extension TokenLoader {
    /// Calls `body` with a model's mean loss on each of the next batches, and with the batch.
    /// - Parameters:
    ///   - scorer: The scorer, with room for the batches.
    ///   - batchCount: How many batches.
    ///   - batch: Filled with each of them.
    ///   - body: Called after each batch.
    /// - Throws: ``TokenDataError`` or ``ModelError`` for bad data; what `body` throws.
    mutating func forEachLoss(
        by scorer: some TokenScorer,
        batchCount: Int,
        batch: inout TokenBatch,
        _ body: (_ loss: Double, TokenBatch) throws -> Void
    ) throws {
        for _ in 0..<batchCount {
            try nextBatch(into: &batch)
            let T = source.sequenceLength
            let parts = (0..<batch.inputs.count / T).map { sequence in
                let rows = sequence * T..<(sequence + 1) * T
                return ScoredPart(
                    sequence: sequence,
                    tokens: Array(batch.inputs[rows]),
                    targets: Array(batch.targets[rows])
                )
            }
            let losses = try scorer.losses(of: parts).joined()
            try body(losses.reduce(0.0) { $0 + Double($1) } / Double(losses.count), batch)
        }
    }
}
