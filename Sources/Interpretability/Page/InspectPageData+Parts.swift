// What the parts of a page become in its data: shorter numbers, and texts beside tokens.

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
        // The same tokens come again and again.
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
