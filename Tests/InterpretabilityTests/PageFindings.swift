import Interpretability

/// Findings whose numbers are known, for pages.
enum PageFindings {
    static let texts = ["The", " cat", "\n", " sat", " the", " cat"]
    static let tokens: [Int32] = [10, 11, 12, 13, 14, 11]

    static let prompt = InspectPage.Prompt(tokens: tokens, texts: texts)
    static let subject = InspectPage.Subject(
        model: "some-model",
        facts: ["2 layers of 3 heads", "float32"],
        seconds: 1_795_747_860
    )

    static func text(_ token: Int32) -> String? {
        tokens.firstIndex(of: token).map { texts[$0] } ?? (token < 100 ? " word\(token)" : nil)
    }

    /// Head h of layer l looks `3 l + h` tokens back with 0.75, and everywhere else equally.
    static func patterns(
        _ tokens: [Int32] = tokens,
        layers: [Int] = [0, 1],
        heads: Int = 3
    ) -> AttentionPatterns {
        let T = tokens.count
        var values = [Float](repeating: 0, count: layers.count * heads * T * T)
        for (place, layer) in layers.enumerated() {
            for head in 0..<heads {
                for t in 0..<T {
                    let row = ((place * heads + head) * T + t) * T
                    let target = max(0, t - (3 * layer + head))
                    for s in 0...t { values[row + s] = t == 0 ? 1 : 0.25 / Float(t) }
                    if t > 0 { values[row + target] = 0.75 }
                }
            }
        }
        return AttentionPatterns(
            tokens: tokens,
            layers: layers,
            headCount: heads,
            values: values
        )
    }

    /// Two tokens, of whose patterns almost nothing could be computed.
    static let undefinedPatterns = AttentionPatterns(
        tokens: [1, 2],
        layers: [0],
        headCount: 1,
        values: [.nan, 0, .nan, .nan]
    )

    static func lens(_ tokens: [Int32] = tokens, layers: Int = 2) -> LogitLens {
        LogitLens(
            tokens: tokens,
            layers: (0...layers).map { layer in
                LogitLens.Layer(
                    layer: layer,
                    positions: tokens.indices.map { t in
                        LogitLens.Position(
                            top: [
                                TokenProbability(
                                    token: layer == layers && t + 1 < tokens.count
                                        ? tokens[t + 1] : 20,
                                    probability: Float(layer + 1) / Float(layers + 2)
                                ),
                                TokenProbability(token: 200, probability: 0.125),
                            ],
                            entropy: Float(t),
                            kl: Float(layers - layer)
                        )
                    }
                )
            }
        )
    }

    static func predictions(_ tokens: [Int32] = tokens) -> TokenPredictions {
        TokenPredictions(
            tokens: tokens,
            losses: tokens.indices.map { $0 == 0 ? nil : Float($0) / 2 },
            next: [
                TokenProbability(token: 13, probability: 0.5),
                TokenProbability(token: 12, probability: 0.25),
            ]
        )
    }

    static func scores(layers: Int = 2, heads: Int = 3) -> [HeadScores] {
        (0..<layers * heads).map { index in
            HeadScores(
                layer: index / heads,
                head: index % heads,
                previousToken: index == 1 ? 0.875 : 0.1,
                firstToken: 0.2,
                duplicateToken: 0.3,
                induction: index == 5 ? 0.75 : 0.05,
                distance: Float(index),
                entropy: 1.5
            )
        }
    }

    static let ablation = Ablation(
        loss: 3,
        tokenCount: 640,
        heads: (0..<6).map { index in
            let change = index == 4 ? 0.5 : index == 2 ? -0.25 : 0
            return Ablation.Part(
                layer: index / 3,
                head: index % 3,
                loss: 3 + change,
                change: change
            )
        },
        mlps: (0..<2).map { layer in
            let change = Double(layer + 1)
            return Ablation.Part(layer: layer, head: nil, loss: 3 + change, change: change)
        }
    )

    static let neurons = [
        NeuronExamples(
            neuron: 7,
            top: [
                .init(activation: 4, token: 11, text: " cat", before: "the", after: " sat"),
                .init(activation: 1, token: 12, text: "\n", before: "a", after: ""),
            ]
        )
    ]

    /// The parts of a prompt's page.
    static var promptParts: [InspectPage.Part] {
        [
            .attention(patterns()), .lens(lens(), blocks: 2), .predictions(predictions()),
            .headScores(scores(), measuredOn: "the prompt"),
        ]
    }

    static var allParts: [InspectPage.Part] {
        promptParts + [.ablation(ablation), .neurons(layer: 1, neurons, of: 1)]
    }

    static func page(_ parts: [InspectPage.Part] = allParts) -> InspectPage {
        InspectPage(subject, prompt: prompt, parts: parts, text: text)
    }
}
