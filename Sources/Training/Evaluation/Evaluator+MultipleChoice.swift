// Multiple choice as llm.c scores HellaSwag: the model chooses the ending that it finds most
// likely, by the mean loss of the ending's own tokens after the context.

import Inference
import TokenData
import Tokenization

/// How many questions a model answered, and how many correctly.
package struct MultipleChoiceScore: Sendable, Equatable {
    /// Questions for which the right ending was chosen.
    package let correctCount: Int
    /// Questions asked.
    package let exampleCount: Int

    /// The share of right answers, 0 when nothing was asked.
    package var accuracy: Double {
        exampleCount > 0 ? Double(correctCount) / Double(exampleCount) : 0
    }
}

extension Evaluator {
    /// Lets the model choose endings; on a tie, the first one.
    ///
    /// An example longer than T keeps the end of its context, and an ending longer than T keeps its
    /// own end, so that every example is scored.
    /// - Parameters:
    ///   - examples: Questions in the model's tokens.
    ///   - progress: Called after every batch, counting endings.
    /// - Returns: How many were right.
    /// - Throws: ``ModelError`` for tokens outside the vocabulary, ``TensorError``,
    ///   ``TrainingError/unusableLoss(found:)``; what `progress` throws.
    package func score(
        _ examples: [MultipleChoiceExample],
        progress: Progress = { _, _ in }
    ) throws -> MultipleChoiceScore {
        let losses = try endingLosses(examples, progress: progress)
        let correctCount = zip(examples, losses).count { example, losses in
            losses.indices.min { losses[$0] < losses[$1] } == example.label
        }
        return MultipleChoiceScore(correctCount: correctCount, exampleCount: examples.count)
    }

    /// The mean loss of each ending of each example, in nats per token.
    /// - Throws: As ``score(_:progress:)``.
    package func endingLosses(
        _ examples: [MultipleChoiceExample],
        progress: Progress = { _, _ in }
    ) throws -> [[Double]] {
        var losses = examples.map { [Double](repeating: 0, count: $0.endings.count) }
        // Longest first: neighbors have about the same length, so there is little padding, and a
        // lack of memory shows at once.
        let endings = examples.indices.flatMap { example in
            examples[example].endings.indices.map {
                EndingIndex(example: example, ending: $0, length: length(examples[example], $0))
            }
        }
        .sorted { ($1.length, $0.example, $0.ending) < ($0.length, $1.example, $1.ending) }
        if group.hasOthers {
            try group.requireAlike(["the questions to choose answers to": summary(examples)])
        }

        var memory: (B: Int, T: Int, scorer: any TokenScorer)?
        func batchLosses(_ batch: EndingBatch) throws -> [Double] {
            let (B, T) = (batch.endings.count, batch.T)
            if memory?.B != B || memory?.T != T {
                // The old one is freed before the new one is allocated.
                memory = nil
            }
            let scorer = try memory?.scorer ?? makeScorer(B, T)
            memory = (B, T, scorer)
            let losses = try meanLosses(
                endings[batch.endings].map { sequence(examples[$0.example], $0.ending) },
                scorer
            )
            if let loss = losses.first(where: { !$0.isFinite }) {
                throw TrainingError.unusableLoss(found: loss)
            }
            return losses
        }

        let batches = batches(of: endings)
        for first in stride(from: 0, to: batches.count, by: group.processCount) {
            let round = batches[first..<min(first + group.processCount, batches.count)]
            // All processes contribute the same count of numbers.
            let count = round.map(\.endings.count).max() ?? 0
            let found = try group.gather(count: count) {
                let own = first + group.rank
                let losses = try round.indices.contains(own) ? batchLosses(round[own]) : []
                return losses + repeatElement(0, count: count - losses.count)
            }
            for (batch, batchLosses) in zip(round, found) {
                for (index, loss) in zip(endings[batch.endings], batchLosses) {
                    losses[index.example][index.ending] = loss
                }
            }
            try progress(round.last?.endings.upperBound ?? 0, endings.count)
        }
        return losses
    }

    /// Examples in a few words, which are others for other examples.
    private func summary(_ examples: [MultipleChoiceExample]) -> String {
        let texts = examples.flatMap { [$0.context] + $0.endings }
        var digest = ContentDigest()
        texts.flatMap { [Int32(truncatingIfNeeded: $0.count)] + $0 }
            .withUnsafeBytes { digest.update($0) }
        return "\(examples.count) with the checksum \(digest.hexadecimal)"
    }

    /// The batches of some endings, in order.
    private func batches(of endings: [EndingIndex]) -> [EndingBatch] {
        var batches: [EndingBatch] = []
        var start = 0
        while start < endings.count {
            let T = min(
                (endings[start].length + Self.lengthStep - 1) / Self.lengthStep * Self.lengthStep,
                sequenceLength
            )
            let B = min(max(1, batchSize * sequenceLength / T), endings.count - start)
            batches.append(EndingBatch(endings: start..<start + B, T: T))
            start += B
        }
        return batches
    }

    /// Sequences are padded to a multiple of this many tokens, so that many batches share memory.
    private static var lengthStep: Int { 8 }

    /// One ending among those of all examples.
    private struct EndingIndex {
        let example: Int
        let ending: Int
        /// The number of inputs in its sequence.
        let length: Int
    }

    /// Neighboring endings that are computed at once.
    private struct EndingBatch {
        let endings: Range<Int>
        /// Tokens per sequence.
        let T: Int
    }

    /// A context and one ending of it.
    private struct EndingSequence {
        /// At most T + 1 tokens: the last is only predicted.
        let tokens: [TokenID]
        /// The number of tokens in the ending, all of which are predicted.
        let endingCount: Int
    }

    /// The inputs of an ending's sequence.
    private func length(_ example: MultipleChoiceExample, _ ending: Int) -> Int {
        min(example.context.count + example.endings[ending].count - 1, sequenceLength)
    }

    private func sequence(_ example: MultipleChoiceExample, _ ending: Int) -> EndingSequence {
        let tokens = (example.context + example.endings[ending]).suffix(sequenceLength + 1)
        return EndingSequence(
            tokens: Array(tokens),
            endingCount: min(example.endings[ending].count, tokens.count - 1)
        )
    }

    /// The mean loss of each ending of one batch.
    private func meanLosses(
        _ sequences: [EndingSequence],
        _ scorer: any TokenScorer
    ) throws -> [Double] {
        let parts = sequences.enumerated().map { index, sequence in
            ScoredPart(
                sequence: index,
                tokens: sequence.tokens.dropLast(),
                targets: sequence.tokens.suffix(sequence.endingCount)
            )
        }
        return try scorer.losses(of: parts).map { losses in
            losses.reduce(0.0) { $0 + Double($1) } / Double(losses.count)
        }
    }
}
