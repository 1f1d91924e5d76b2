// How well a model predicts each token of a text, and what it expects next: logits as
// probabilities. The tokenizer knows what a token stands for.

import Inference
import Tensors

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// The losses of a sequence's tokens, and the likeliest next ones.
public struct TokenPredictions: Sendable, Equatable, Codable {
    /// The T tokens.
    public let tokens: [Int32]
    /// The cross-entropy of each token given those before it, in nats; nil for the first, which
    /// nothing predicts.
    public let losses: [Float?]
    /// The likeliest tokens after the last one, the likeliest first.
    public let next: [TokenProbability]

    /// Names the predictions.
    package init(tokens: [Int32], losses: [Float?], next: [TokenProbability]) {
        precondition(tokens.count == losses.count, "\(losses.count) losses of \(tokens.count)")
        self.tokens = tokens
        self.losses = losses
        self.next = next
    }
}

extension InspectableModel {
    /// How well the model predicts each token of a sequence, and what it expects after the last.
    /// - Parameters:
    ///   - tokens: 1 to ``LanguageModel/contextLength`` tokens.
    ///   - top: How many of the likeliest next tokens to keep, at least 1.
    /// - Returns: The losses and predictions.
    /// - Throws: ``InterpretabilityError`` for tokens that the model does not have, or weights that
    ///   are not finite; what the model's pass throws.
    package func predictions(of tokens: [Int32], top: Int = 10) throws -> TokenPredictions {
        precondition(top >= 1, "the likeliest \(top) tokens")
        try check(tokens)
        let session = try makeSession(sequenceCount: 1, tokenCapacity: tokens.count)
        var losses: [Float] = []
        if tokens.count > 1 {
            let part = ScoredPart(
                sequence: 0,
                tokens: Array(tokens.dropLast()),
                targets: Array(tokens.dropFirst())
            )
            losses = try session.losses(appending: [part])[0]
        }
        guard losses.allSatisfy(\.isFinite) else { throw InterpretabilityError.notFinite("losses") }
        var logits = try session.logits(appending: Array(tokens.suffix(1)))
        let next = try logits.withRows(0..<1, of: vocabularySize) { span in
            guard span.firstUnusable == nil else { throw InterpretabilityError.notFinite("logits") }
            return span.likeliest(top, total: span.logSumOfExponentials())
        }
        return TokenPredictions(
            tokens: tokens,
            losses: [nil] + losses.map { $0 },
            next: next.map(TokenProbability.init)
        )
    }
}

/// A token and how likely a model considers it.
public struct TokenProbability: Sendable, Equatable, Codable {
    /// The token's id.
    public let token: Int32
    /// Its probability, 0 to 1.
    public let probability: Float

    /// Pairs a token with its probability.
    package init(token: Int32, probability: Float) {
        self.token = token
        self.probability = probability
    }
}

/// Some rows of logits and their probabilities.
struct LogitRows {
    /// The likeliest tokens of each row, the likeliest first.
    let likeliest: [[TokenProbability]]
    private let vocabularySize: Int
    private let logits: [Float]  // (n, V)
    private let probabilities: [Float]  // (n, V)
    /// What to subtract from the logits of each row to get log-probabilities.
    private let totals: [Double]

    /// Reads logits.
    /// - Parameters:
    ///   - tensor: `(n, V)`.
    ///   - top: How many of the likeliest tokens to keep.
    ///   - ops: The tensor's operations.
    /// - Throws: ``InterpretabilityError/notFinite(_:)``, ``TensorError/outOfMemory(byteCount:)``.
    init(_ tensor: Tensor, top: Int, ops: Ops) throws {
        let (n, V) = (tensor.shape[0], tensor.shape[1])
        let softmax = try ops.tensor([n, V])
        ops.softmaxForward(probs: softmax, logits: tensor, vocabularySize: V)
        var logits = ops.floats(tensor)
        let rows = try (0..<n).map { row in
            try logits.withRows(row..<row + 1, of: V) { span in
                guard span.firstUnusable == nil else {
                    throw InterpretabilityError.notFinite("logits")
                }
                let total = span.logSumOfExponentials()
                return (total, span.likeliest(top, total: total).map(TokenProbability.init))
            }
        }
        likeliest = rows.map(\.1)
        vocabularySize = V
        self.logits = logits
        probabilities = ops.floats(softmax)
        totals = rows.map(\.0)
    }

    /// The cross-entropy of another prediction relative to one of these, `-sum p ln q` in nats.
    private func crossEntropy(of other: LogitRows, row: Int) -> Double {
        let range = row * vocabularySize..<(row + 1) * vocabularySize
        let (p, x) = (probabilities.span, other.logits.span)
        let total = other.totals[row]
        var sum = 0.0
        // What is impossible makes no difference, however unlikely the other prediction finds it.
        for i in range where p[i] > 0 { sum += Double(p[i]) * (total - Double(x[i])) }
        return sum
    }

    /// The entropy of a prediction, `-sum p ln p` in nats.
    func entropy(row: Int) -> Float { Float(crossEntropy(of: self, row: row)) }

    /// The divergence of another prediction from this one, `sum p ln(p / q)` in nats.
    func divergence(of other: LogitRows, row: Int) -> Float {
        // It is never negative, but rounding may make the difference of equal numbers so.
        let difference = crossEntropy(of: other, row: row) - crossEntropy(of: self, row: row)
        return Float(difference < 0 ? 0 : difference)
    }
}

extension TokenProbability {
    init(_ alternative: TokenLogprobs.Alternative) {
        self.init(token: alternative.token, probability: exp(alternative.logprob))
    }
}
