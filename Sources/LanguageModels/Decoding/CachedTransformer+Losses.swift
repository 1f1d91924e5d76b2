// Losses of tokens by the arithmetic of generation: what stored weights and a stored cache cost in
// quality. Tokens are computed as those of a prompt, many at once.

import Inference
import Tensors

extension CachedTransformer {
    /// The cross-entropy, in nats, of predicting some of the targets.
    ///
    /// Nothing is computed after a sequence's last position; between its first and its last one,
    /// the logits of all are. They take memory for ``CachedSession/chunkLength`` rows.
    /// - Parameters:
    ///   - inputs: B * T token ids, one sequence after the other.
    ///   - targets: As many: the token that follows each input. Those of other positions may be any
    ///     tokens.
    ///   - positions: Strictly ascending indices into `targets`.
    ///   - workspace: B sequences of T tokens at most; what they hold is forgotten.
    /// - Returns: A loss for each of `positions`.
    /// - Throws: ``ModelError`` for a wrong number of tokens, or one outside the vocabulary, or
    ///   ``TensorError`` when memory is short.
    public func tokenLosses(
        inputs: some Collection<Int32>,
        targets: some Collection<Int32>,
        at positions: [Int],
        workspace: CachedSession<Self>
    ) throws -> [Float] {
        let (B, T) = (workspace.sequenceCount, workspace.tokenCapacity)
        let (inputs, targets) = (Array(inputs), Array(targets))
        for tokens in [inputs, targets] {
            guard tokens.count == B * T else {
                throw ModelError.wrongBatch(
                    expected: "\(B) sequences of \(T) tokens",
                    found: "\(tokens.count) tokens"
                )
            }
            try ModelError.checkTokens(tokens, vocabularySize: vocabularySize)
        }
        precondition(
            zip(positions, positions.dropFirst()).allSatisfy(<)
                && positions.allSatisfy { 0..<B * T ~= $0 },
            "positions that do not ascend within \(B * T)"
        )
        var parts: [SequencePart] = []
        var predicted: [Range<Int>] = []
        var rest = positions[...]
        for sequence in 0..<B {
            workspace.truncate(sequence, to: 0)
            let end = (sequence + 1) * T
            let scored = rest.prefix { $0 < end }
            rest = rest.dropFirst(scored.count)
            guard let first = scored.first, let last = scored.last else { continue }
            parts.append(
                SequencePart(sequence: sequence, tokens: Array(inputs[sequence * T...last]))
            )
            predicted.append(first..<last + 1)
        }
        if parts.isEmpty { return [] }

        let indices = Array(predicted.joined())
        var losses = [Float](repeating: .nan, count: B * T)
        var done = 0
        try workspace.append(parts, predictedCounts: predicted.map(\.count)) { logits in
            let rows = indices[done..<done + logits.shape[0]]
            let rowLosses = try ops.tensor([rows.count])
            ops.crossEntropyForward(
                losses: rowLosses,
                logits: logits,
                targets: try ops.tensor(rows.map { targets[$0] }, shape: [rows.count]),
                vocabularySize: vocabularySize
            )
            for (index, loss) in zip(rows, ops.floats(rowLosses)) { losses[index] = loss }
            done += rows.count
        }
        return positions.map { losses[$0] }
    }
}
