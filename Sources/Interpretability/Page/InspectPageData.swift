// The data of a page as its script reads them: one JSON object with a key for each subcommand of
// `inspect`, whose value has the keys of that subcommand's --json. Attention alone is packed.

import Pages

/// What the script of a page draws.
struct InspectPageData: Encodable {
    struct Attention: Encodable {
        let layers: [Int]
        let heads: [Int]
        /// ``PackedPatterns``.
        let patterns: String
    }

    struct Likely: Encodable {
        let token: Int32
        let text: String?
        let probability: Double?
    }

    struct Lens: Encodable {
        struct Position: Encodable {
            let top: [Likely]
            let entropy: Double?
            let kl: Double?
        }

        struct Layer: Encodable {
            let layer: Int
            let positions: [Position]
        }

        /// The layer that is the model's own prediction.
        let output: Int
        let layers: [Layer]
    }

    struct Next: Encodable {
        let losses: [Double?]
        let next: [Likely]
    }

    struct Heads: Encodable {
        struct Scores: Encodable {
            let layer: Int
            let head: Int
            let previousToken: Double?
            let firstToken: Double?
            let duplicateToken: Double?
            let induction: Double?
            let distance: Double?
            let entropy: Double?

            private enum CodingKeys: String, CodingKey {
                case layer, head, induction, distance, entropy
                case previousToken = "previous_token"
                case firstToken = "first_token"
                case duplicateToken = "duplicate_token"
            }
        }

        let heads: [Scores]
    }

    struct Ablated: Encodable {
        struct Part: Encodable {
            let layer: Int
            let head: Int?
            let loss: Double?
            let change: Double?
        }

        let loss: Double?
        let heads: [Part]
        let mlps: [Part]
    }

    struct Neurons: Encodable {
        struct Example: Encodable {
            let activation: Double?
            let token: Int32
            let text: String
            let before: String
            let after: String
        }

        struct Neuron: Encodable {
            let neuron: Int
            let top: [Example]
        }

        let layer: Int
        let neurons: [Neuron]
    }

    struct Weights: Encodable {
        struct Picture: Encodable {
            let rows: Int
            let columns: Int
            let means: [Double]
            let magnitudes: [Double]
        }

        let name: String
        let layer: Int?
        let shape: [Int]
        let mean: Double?
        let std: Double?
        let minimum: Double?
        let maximum: Double?
        let nonFinite: Int
        let picture: Picture

        private enum CodingKeys: String, CodingKey {
            case name, layer, shape, mean, std, minimum, maximum, picture
            case nonFinite = "non_finite"
        }
    }

    struct Neighbours: Encodable {
        struct Neighbour: Encodable {
            let token: Int32
            let text: String?
            let cosine: Double?
        }

        let token: Int32
        let text: String?
        let neighbours: [Neighbour]
    }

    var tokens: [Int32]?
    var texts: [String]?
    /// The index of the token that is selected at first.
    var chosen: Int?
    var attention: Attention?
    var lens: Lens?
    var next: Next?
    var heads: Heads?
    var ablate: Ablated?
    var neurons: Neurons?
    var weights: Weights?
    var neighbours: Neighbours?

    /// Gathers the data of parts.
    init(prompt: InspectPage.Prompt?, parts: [InspectPage.Part], text: (Int32) -> String?) {
        tokens = prompt?.tokens
        texts = prompt?.texts
        chosen = prompt?.chosen
        let requirePrompt = { (tokens: [Int32]) in
            precondition(tokens == prompt?.tokens, "what is on a page is about its prompt")
        }
        for part in parts {
            switch part {
            case .attention(let patterns, let chosen):
                requirePrompt(patterns.tokens)
                let heads = chosen ?? Array(0..<patterns.headCount)
                attention = Attention(
                    layers: patterns.layers,
                    heads: heads,
                    patterns: PackedPatterns.base64(patterns, heads: heads)
                )
            case .lens(let lens, let blocks):
                requirePrompt(lens.tokens)
                self.lens = Lens(lens, output: blocks, text)
            case .predictions(let predictions):
                requirePrompt(predictions.tokens)
                next = Next(
                    losses: predictions.losses.map { $0.flatMap(Self.short) },
                    next: predictions.next.map { Likely($0, text) }
                )
            case .headScores(let scores, _):
                heads = Heads(heads: scores.map(Heads.Scores.init))
            case .ablation(let ablation):
                ablate = Ablated(ablation)
            case .neurons(let layer, let examples, _):
                neurons = Neurons(layer: layer, neurons: examples.map(Neurons.Neuron.init))
            case .weights(let name, let layer, let statistics):
                weights = Weights(name, layer: layer, statistics)
            case .neighbours(let token, let found):
                neighbours = Neighbours(token, found, text)
            }
        }
    }

    /// Rounded to the digits that a page shows; nil for infinity and NaN, which a broken model
    /// computes.
    static func short(_ value: some BinaryFloatingPoint) -> Double? {
        value.isFinite ? PageData.rounded(Double(value)) : nil
    }
}
