// What the commands of `inspect` that run a model print with --json. A pattern of attention has too
// many numbers for this; AttentionReport writes it.

import Swiftlet

/// A token that may come next.
struct TokenReport: Encodable {
    let token: TokenID
    /// Nil for a token that the tokenizer lacks.
    @NullIfMissing private(set) var text: String?
    let probability: Float

    init(_ found: TokenProbability, _ names: TokenNames) {
        token = found.token
        text = names.text(of: found.token)
        probability = found.probability
    }
}

/// The keys of `inspect lens --json`.
struct LensReport: Encodable {
    struct Position: Encodable {
        let top: [TokenReport]
        let entropy: Float
        let kl: Float
    }

    struct Layer: Encodable {
        let layer: Int
        let positions: [Position]
    }

    let tokens: [TokenID]
    let layers: [Layer]

    init(_ lens: LogitLens, _ names: TokenNames) {
        tokens = lens.tokens
        layers = lens.layers.map { layer in
            Layer(
                layer: layer.layer,
                positions: layer.positions.map { position in
                    Position(
                        top: position.top.map { TokenReport($0, names) },
                        entropy: position.entropy,
                        kl: position.kl
                    )
                }
            )
        }
    }
}

/// The keys of `inspect next --json`.
struct NextReport: Encodable {
    let tokens: [TokenID]
    /// Null for the first.
    let losses: [Float?]
    let next: [TokenReport]

    init(_ predictions: TokenPredictions, _ names: TokenNames) {
        tokens = predictions.tokens
        losses = predictions.losses
        next = predictions.next.map { TokenReport($0, names) }
    }
}

/// The keys of `inspect heads --json`.
struct HeadsReport: Encodable {
    struct Head: Encodable {
        let layer: Int
        let head: Int
        let previousToken: Float
        let firstToken: Float
        let duplicateToken: Float
        let induction: Float
        let distance: Float
        let entropy: Float

        init(_ scores: HeadScores) {
            layer = scores.layer
            head = scores.head
            previousToken = scores.previousToken
            firstToken = scores.firstToken
            duplicateToken = scores.duplicateToken
            induction = scores.induction
            distance = scores.distance
            entropy = scores.entropy
        }
    }

    let heads: [Head]

    init(_ heads: [HeadScores]) {
        self.heads = heads.map(Head.init)
    }
}

/// The keys of `inspect ablate --json`.
struct AblationReport: Encodable {
    struct Part: Encodable {
        let layer: Int
        /// Left out for a feed-forward network.
        let head: Int?
        let loss: Double
        let change: Double

        init(_ part: Ablation.Part) {
            layer = part.layer
            head = part.head
            loss = part.loss
            change = part.change
        }
    }

    let loss: Double
    let heads: [Part]
    /// Left out if they were not asked for.
    let mlps: [Part]?

    init(_ ablation: Ablation, withMLPs: Bool) {
        loss = ablation.loss
        heads = ablation.heads.map(Part.init)
        mlps = withMLPs ? ablation.mlps.map(Part.init) : nil
    }
}
