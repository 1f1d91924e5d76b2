// Logits as probabilities: what is likely, how undecided a prediction is, and how far it is from
// another one.

import Inference
import Tensors

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// Some rows of logits, and the probabilities that they stand for.
struct LogitRows {
    /// The likeliest tokens of each row, the likeliest first.
    let likeliest: [[TokenProbability]]
    private let vocabularySize: Int
    private let logits: [Float]  // (n, V)
    private let probabilities: [Float]  // (n, V)
    /// What the logits of each row must be reduced by to become logarithms of probabilities.
    private let totals: [Double]

    /// Reads logits.
    /// - Parameters:
    ///   - tensor: `(n, V)`.
    ///   - top: How many of the likeliest tokens to keep.
    ///   - ops: What the tensor is of.
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

    /// The cross-entropy of another prediction by one of these, `-sum p ln q` in nats.
    private func crossEntropy(of other: LogitRows, row: Int) -> Double {
        let range = row * vocabularySize..<(row + 1) * vocabularySize
        let (p, x) = (probabilities.span, other.logits.span)
        let total = other.totals[row]
        var sum = 0.0
        // What cannot be makes no difference, however unlikely the other one finds it.
        for i in range where p[i] > 0 { sum += Double(p[i]) * (total - Double(x[i])) }
        return sum
    }

    /// How undecided a prediction is, `-sum p ln p` in nats.
    func entropy(row: Int) -> Float { Float(crossEntropy(of: self, row: row)) }

    /// How far another prediction is from this one, `sum p ln(p / q)` in nats.
    func divergence(of other: LogitRows, row: Int) -> Float {
        // It is never negative, but what is left of a difference of equal numbers may be.
        let difference = crossEntropy(of: other, row: row) - crossEntropy(of: self, row: row)
        return Float(difference < 0 ? 0 : difference)
    }
}

extension TokenProbability {
    init(_ alternative: TokenLogprobs.Alternative) {
        self.init(token: alternative.token, probability: exp(alternative.logprob))
    }
}
