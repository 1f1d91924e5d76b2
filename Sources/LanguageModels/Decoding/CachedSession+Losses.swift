// Losses of tokens by the arithmetic of generation: what stored weights and a stored cache cost in
// quality. Tokens are computed as those of a prompt, many at once.

import Inference
import Tensors

extension CachedSession {
    func losses(appending parts: [ScoredPart]) throws -> [[Float]] {
        try losses(appending: parts, hooks: nil)
    }

    /// The losses of targets, with hooks in the pass or without.
    func losses(appending parts: [ScoredPart], hooks: PassHooks?) throws -> [[Float]] {
        precondition(!parts.isEmpty, "losses of no parts")
        for part in parts {
            let first = tokenCount(of: part.sequence) + part.tokens.count - part.targets.count + 1
            try ModelError.checkTokens(part.targets, first: first, vocabularySize: vocabularySize)
        }
        let targets = parts.flatMap(\.targets)
        var losses: [Float] = []
        losses.reserveCapacity(targets.count)
        try append(
            parts.map { SequencePart(sequence: $0.sequence, tokens: $0.tokens) },
            predictedCounts: parts.map(\.targets.count),
            hooks: hooks
        ) { logits in
            let rows = losses.count..<losses.count + logits.shape[0]
            let rowLosses = try model.ops.tensor([rows.count])
            model.ops.crossEntropyForward(
                losses: rowLosses,
                logits: logits,
                targets: try model.ops.tensor(Array(targets[rows]), shape: [rows.count]),
                vocabularySize: vocabularySize
            )
            losses += model.ops.floats(rowLosses)
        }
        var rest = losses[...]
        return parts.map { part in
            defer { rest = rest.dropFirst(part.targets.count) }
            return Array(rest.prefix(part.targets.count))
        }
    }
}
