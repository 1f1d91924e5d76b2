// The loss of one text, with context for every token: a sliding window, which is how perplexities
// of long texts are usually reported.

import Inference
import TokenData

extension Evaluator {
    /// The loss of every token of a text, each predicted once.
    ///
    /// A window of T tokens moves over the text by `stride`, and each time the tokens that are new
    /// in it are scored. A token in the first window has all tokens before it as context, any other
    /// at least T - stride. A small stride gives more context, and takes T / stride times the
    /// arithmetic of one pass over the text.
    /// - Parameters:
    ///   - text: What is measured.
    ///   - stride: Tokens the window moves by, from 1 to T; nil is half of T.
    ///   - progress: Called after every batch of windows, counting tokens.
    /// - Returns: The loss, with the text's bytes.
    /// - Throws: ``TrainingError`` for a stride out of range or a loss that is not a number,
    ///   ``ModelError`` for tokens outside the vocabulary, ``TensorError``; what `progress` throws.
    package func loss(
        of text: EncodedText,
        stride: Int? = nil,
        progress: Progress = { _, _ in }
    ) throws -> LossMeasurement {
        let stride = stride ?? max(1, sequenceLength / 2)
        guard 1...sequenceLength ~= stride else {
            throw TrainingError.invalidSetting(
                name: "the stride",
                requirement: "from 1 to the sequence length, \(sequenceLength)",
                found: "\(stride)"
            )
        }
        let targetCount = text.tokens.count - 1
        var windows = SlidingWindows(
            targetCount: targetCount,
            length: sequenceLength,
            stride: stride
        )
        let T = windows.length
        let B = min(batchSize, windows.count)
        let scorer = try makeScorer(B, T)
        var totalLoss = 0.0
        var scoredCount = 0
        while scoredCount < targetCount {
            var parts: [ScoredPart] = []
            while parts.count < B, let window = windows.next() {
                parts.append(
                    ScoredPart(
                        sequence: parts.count,
                        tokens: Array(text.tokens[window.start..<window.start + T]),
                        // Target i is token i + 1.
                        targets: window.scored.map { text.tokens[$0 + 1] }
                    )
                )
            }
            let losses = try scorer.losses(of: parts).joined()
            totalLoss = losses.reduce(totalLoss) { $0 + Double($1) }
            scoredCount += losses.count
            try progress(scoredCount, targetCount)
        }
        return try LossMeasurement(
            tokenCount: scoredCount,
            totalLoss: totalLoss,
            byteCount: text.byteCount
        )
    }
}

/// Windows of one length such that every target is scored once, by the first window that sees it.
///
/// Each window starts `stride` after the previous one, except that the last ends with the text, so
/// that its targets have as much context as the window allows.
struct SlidingWindows: Sequence, IteratorProtocol {
    /// One position of the window.
    struct Window: Equatable {
        /// Index of its first input; input i predicts target i, which is token i + 1 of the text.
        let start: Int
        /// The targets it scores; they end where it ends.
        let scored: Range<Int>
    }

    /// The number of targets in the text.
    let targetCount: Int
    /// The number of inputs in each window.
    let length: Int
    private let stride: Int
    private var previous: Window?

    /// Windows over a text of `targetCount` tokens after the first, one or more.
    /// - Parameters:
    ///   - targetCount: The number of tokens to score.
    ///   - length: The number of inputs in a window; fewer if the text is shorter.
    ///   - stride: The number of inputs from one window to the next, from 1 to `length`.
    init(targetCount: Int, length: Int, stride: Int) {
        precondition(
            targetCount > 0 && 1...length ~= stride,
            "windows of \(length) by \(stride) over \(targetCount) tokens"
        )
        self.targetCount = targetCount
        self.length = Swift.min(length, targetCount)
        self.stride = stride
    }

    /// The number of windows.
    var count: Int { 1 + (targetCount - length + stride - 1) / stride }

    mutating func next() -> Window? {
        guard let last = previous else {
            previous = Window(start: 0, scored: 0..<length)
            return previous
        }
        guard last.scored.upperBound < targetCount else { return nil }
        let start = Swift.min(last.start + stride, targetCount - length)
        previous = Window(start: start, scored: last.scored.upperBound..<start + length)
        return previous
    }
}
