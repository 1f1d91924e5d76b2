// Turns the parts of a page into its data: shorter numbers, texts for tokens, and attention
// patterns as small as a page needs them.

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

extension InspectPageData.Likely {
    init(_ likely: TokenProbability, _ text: (Int32) -> String?) {
        self.init(
            token: likely.token,
            text: text(likely.token),
            probability: InspectPageData.short(likely.probability)
        )
    }
}

extension InspectPageData.Lens {
    init(_ lens: LogitLens, output: Int, _ text: (Int32) -> String?) {
        self.output = output
        // The same tokens occur again and again.
        let tokens = Set(lens.layers.flatMap(\.positions).flatMap(\.top).map(\.token))
        let texts = Dictionary(uniqueKeysWithValues: tokens.map { ($0, text($0)) })
        layers = lens.layers.map { layer in
            Layer(
                layer: layer.layer,
                positions: layer.positions.map { position in
                    Position(
                        top: position.top.map { InspectPageData.Likely($0) { texts[$0] ?? nil } },
                        entropy: InspectPageData.short(position.entropy),
                        kl: InspectPageData.short(position.kl)
                    )
                }
            )
        }
    }
}

extension InspectPageData.Heads.Scores {
    init(_ scores: HeadScores) {
        self.init(
            layer: scores.layer,
            head: scores.head,
            previousToken: InspectPageData.short(scores.previousToken),
            firstToken: InspectPageData.short(scores.firstToken),
            duplicateToken: InspectPageData.short(scores.duplicateToken),
            induction: InspectPageData.short(scores.induction),
            distance: InspectPageData.short(scores.distance),
            entropy: InspectPageData.short(scores.entropy)
        )
    }
}

extension InspectPageData.Ablated {
    init(_ ablation: Ablation) {
        let part = { (part: Ablation.Part) in
            Part(
                layer: part.layer,
                head: part.head,
                loss: part.loss.isFinite ? part.loss : nil,
                change: InspectPageData.short(part.change)
            )
        }
        loss = ablation.loss.isFinite ? ablation.loss : nil
        heads = ablation.heads.map(part)
        mlps = ablation.mlps.map(part)
    }
}

extension InspectPageData.Neurons.Neuron {
    init(_ examples: NeuronExamples) {
        neuron = examples.neuron
        top = examples.top.map { example in
            InspectPageData.Neurons.Example(
                activation: InspectPageData.short(example.activation),
                token: example.token,
                text: example.text,
                before: example.before,
                after: example.after
            )
        }
    }
}

extension InspectPageData.Weights {
    init(_ name: String, layer: Int?, _ statistics: WeightStatistics) {
        let picture = statistics.picture
        let whole = { (values: [Float]) in values.map { InspectPageData.short($0) ?? 0 } }
        self.init(
            name: name,
            layer: layer,
            shape: statistics.shape,
            mean: statistics.mean.flatMap { InspectPageData.short($0) },
            std: statistics.standardDeviation.flatMap { InspectPageData.short($0) },
            minimum: statistics.minimum.flatMap { InspectPageData.short($0) },
            maximum: statistics.maximum.flatMap { InspectPageData.short($0) },
            nonFinite: statistics.nonFiniteCount,
            picture: Picture(
                rows: picture.rows,
                columns: picture.columns,
                means: whole(picture.means),
                magnitudes: whole(picture.magnitudes)
            )
        )
    }
}

extension InspectPageData.Neighbours {
    init(_ token: Int32, _ found: [TokenNeighbour], _ text: (Int32) -> String?) {
        self.init(
            token: token,
            text: text(token),
            neighbours: found.map { neighbour in
                Neighbour(
                    token: neighbour.token,
                    text: text(neighbour.token),
                    cosine: InspectPageData.short(neighbour.cosine)
                )
            }
        )
    }
}

/// Patterns in bytes.
///
/// A byte is the square root of the attention in 255 parts. Large values are rounded to within
/// 0.004 and small ones to much less, where a byte for the attention itself would turn them into 0.
enum PackedPatterns {
    /// The values of one head: token t looks at t + 1 tokens.
    static func size(tokens T: Int) -> Int {
        T * (T + 1) / 2
    }

    /// The triangles of `heads` of every layer, one after the other, row after row.
    static func bytes(_ patterns: AttentionPatterns, heads: [Int]) -> [UInt8] {
        let T = patterns.tokens.count
        let count = patterns.layers.count * heads.count * size(tokens: T)
        return [UInt8](unsafeUninitializedCapacity: count) { bytes, initialized in
            for layer in patterns.layers.indices {
                for head in heads {
                    let start = (layer * patterns.headCount + head) * T * T
                    for t in 0..<T {
                        for value in patterns.values[start + t * T...start + t * T + t] {
                            bytes.initializeElement(at: initialized, to: byte(value))
                            initialized += 1
                        }
                    }
                }
            }
        }
    }

    /// The same as text.
    static func base64(_ patterns: AttentionPatterns, heads: [Int]) -> String {
        Data(bytes(patterns, heads: heads)).base64EncodedString()
    }

    /// A value from 0 to 1; NaN, which a broken model computes, becomes 0.
    static func byte(_ value: Float) -> UInt8 {
        guard value > 0 else { return 0 }
        return UInt8((min(value, 1).squareRoot() * 255).rounded())
    }
}

/// The texts that activate one neuron most.
package struct NeuronExamples: Sendable, Equatable {
    /// A text around the token at which the neuron is active.
    package struct Example: Sendable, Equatable {
        /// The neuron's activation there.
        package let activation: Float
        /// The token.
        package let token: Int32
        /// The token's text.
        package let text: String
        /// What precedes it, as far as shown.
        package let before: String
        /// What follows it.
        package let after: String

        /// Names a text.
        package init(
            activation: Float,
            token: Int32,
            text: String,
            before: String,
            after: String
        ) {
            (self.activation, self.token, self.text) = (activation, token, text)
            (self.before, self.after) = (before, after)
        }
    }

    /// The neuron.
    package let neuron: Int
    /// The texts, strongest activation first.
    package let top: [Example]

    /// Names the texts of a neuron.
    package init(neuron: Int, top: [Example]) {
        (self.neuron, self.top) = (neuron, top)
    }
}
