// Losses of tokens by whatever is measured: a model that generates, or one in training, each by its
// own arithmetic.

import Inference
import LanguageModels

/// What says how well a model predicts.
protocol TokenScorer {
    /// The losses of the targets of some parts, each of which is all of its sequence.
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
        // No position looks at those after it, so any token may fill them.
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
