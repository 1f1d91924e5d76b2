// What each layer would predict: its residual stream, read by the model's own last norm and
// classifier (nostalgebraist, "interpreting GPT: the logit lens", 2020).

import Inference
import Tensors

/// What the layers of a model would predict at each position of a sequence.
public struct LogitLens: Sendable, Equatable, Codable {
    /// What a layer would predict at a position.
    public struct Position: Sendable, Equatable, Codable {
        /// The likeliest next tokens, the likeliest first.
        public let top: [TokenProbability]
        /// The entropy of the prediction, in nats.
        public let entropy: Float
        /// The divergence of the prediction from the model's own, `sum p ln(p / q)` in nats, where
        /// p is the model's.
        public let kl: Float

        /// Names a prediction.
        package init(top: [TokenProbability], entropy: Float, kl: Float) {
            self.top = top
            self.entropy = entropy
            self.kl = kl
        }
    }

    /// The predictions after some blocks.
    public struct Layer: Sendable, Equatable, Codable {
        /// How many blocks have added to the residual stream: 0 for the embeddings alone, L for the
        /// model's own prediction.
        public let layer: Int
        /// A prediction for each token.
        public let positions: [Position]

        /// Names the predictions.
        package init(layer: Int, positions: [Position]) {
            self.layer = layer
            self.positions = positions
        }
    }

    /// The T tokens.
    public let tokens: [Int32]
    /// The layers, from 0 to L.
    public let layers: [Layer]

    /// Names what the layers predict.
    package init(tokens: [Int32], layers: [Layer]) {
        self.tokens = tokens
        self.layers = layers
    }
}

/// Tokens whose logits are computed together: enough for the classifier to run at full speed.
private let rowsAtOnce = 128

extension InspectableModel {
    /// What each layer would predict at each position: the residual stream after so many blocks,
    /// through the model's own last norm and classifier.
    ///
    /// Tokens are taken 128 at a time, so only the result grows with the sequence.
    /// - Parameters:
    ///   - tokens: 1 to ``LanguageModel/contextLength`` tokens.
    ///   - top: How many of the likeliest tokens to keep, at least 1.
    /// - Returns: The predictions after 0 to L blocks.
    /// - Throws: ``InterpretabilityError`` for tokens that the model does not have, or weights that
    ///   are not finite; what the model's pass throws.
    package func logitLens(of tokens: [Int32], top: Int = 5) throws -> LogitLens {
        precondition(top >= 1, "the likeliest \(top) tokens")
        try check(tokens)
        let session = try makeHookedSession(sequenceCount: 1, tokenCapacity: tokens.count)
        var positions = [[LogitLens.Position]](repeating: [], count: layerCount + 1)
        for first in stride(from: 0, to: tokens.count, by: rowsAtOnce) {
            let some = Array(tokens[first..<min(first + rowsAtOnce, tokens.count)])
            let residuals = try residuals(of: some, in: session)
            let own = try rows(of: residuals[layerCount], top: top, in: session)
            for layer in 0...layerCount {
                // The last one is the model's own prediction.
                let theirs =
                    layer == layerCount
                    ? own : try rows(of: residuals[layer], top: top, in: session)
                positions[layer] += some.indices.map { row in
                    LogitLens.Position(
                        top: theirs.likeliest[row],
                        entropy: theirs.entropy(row: row),
                        kl: layer == layerCount ? 0 : own.divergence(of: theirs, row: row)
                    )
                }
            }
        }
        return LogitLens(
            tokens: tokens,
            layers: positions.enumerated().map { LogitLens.Layer(layer: $0, positions: $1) }
        )
    }

    /// The residual stream of new tokens before each block and after the last one, `(L + 1, n, C)`.
    private func residuals(of tokens: [Int32], in session: any HookedSession) throws -> Tensor {
        let kept = try ops.tensor([layerCount + 1, tokens.count, channels])
        let points = (0..<layerCount).map { HookPoint.residualPost(layer: $0) }
        let hooks = PassHooks(Set(points + [.residualPre(layer: 0)])) { value in
            let after = value.point == .residualPre(layer: 0) ? 0 : value.point.layer + 1
            let rows = value.parts[0].rows
            ops.copy(value.tensor, to: kept[after][rows])
        }
        try session.append([SequencePart(sequence: 0, tokens: tokens)], hooks: hooks)
        return kept
    }

    private func rows(
        of residual: Tensor,
        top: Int,
        in session: any HookedSession
    ) throws -> LogitRows {
        try LogitRows(session.logits(ofResidual: residual), top: top, ops: ops)
    }
}
