// The inside of a model's pass, compared with transformers. The fixtures come from
// scripts/export_inspection_fixtures.py.

import Inference
import Interpretability
import Tensors
import TestSupport
import Testing

@Suite(.serialized) struct InspectionParityTests {
    /// The small random models, and the trained one if there is real data.
    private static var names: [String] {
        InspectionFixture.names + (TestData.isAvailable ? [InspectionFixture.trained] : [])
    }

    private func open(_ name: String) throws -> (any InspectableModel, InspectionFixture) {
        let model = try InspectionFixture.model(name, ops: Ops(threadCount: 1))
        return (model, try InspectionFixture.read(name))
    }

    @Test(arguments: names)
    func residualStreamsMatchTransformers(name: String) throws {
        let (model, expected) = try open(name)
        let session = try model.makeHookedSession(
            sequenceCount: 1,
            tokenCapacity: expected.tokens.count
        )
        let last = model.layerCount - 1
        let places =
            (0...last).map { HookPoint.residualPre(layer: $0) } + [.residualPost(layer: last)]
        var streams: [[Float]] = []
        let hooks = PassHooks(Set(places)) { value in
            let rows = model.ops.floats(value.tensor)
            streams.append(Array(rows.suffix(model.channels)))
        }
        try session.append([SequencePart(sequence: 0, tokens: expected.tokens)], hooks: hooks)
        try #require(streams.count == expected.residuals.count)
        for (layer, (found, expected)) in zip(streams, expected.residuals).enumerated() {
            let difference = compare(found, expected)
            print("\(name), residual stream \(layer): largest difference \(difference.largest)")
            #expect(difference.largest <= 1e-4)
        }
    }

    @Test(arguments: names)
    func attentionPatternsMatchTransformers(name: String) throws {
        let (model, expected) = try open(name)
        let patterns = try model.attentionPatterns(of: expected.tokens)
        let count = expected.tokens.count
        #expect(patterns.tokens == expected.tokens)
        #expect(patterns.layers == Array(0..<model.layerCount))
        var largest: Float = 0
        for (layer, heads) in expected.patterns.enumerated() {
            for (head, rows) in heads.enumerated() {
                let found = Array(patterns[layer: layer, head: head])
                for (t, row) in rows.enumerated() {
                    let whole = row + Array(repeating: 0, count: count - row.count)
                    let values = Array(found[t * count..<(t + 1) * count])
                    largest = max(largest, compare(values, whole).largest)
                    #expect(abs(values.reduce(0, +) - 1) <= 1e-6)
                    #expect(values[(t + 1)...].allSatisfy { $0 == 0 })
                }
            }
        }
        print("\(name), patterns: largest difference \(largest)")
        #expect(largest <= 1e-5)
        // Some of the layers give the same part of the values.
        let last = model.layerCount - 1
        let part = try model.attentionPatterns(of: expected.tokens, layers: [last])
        #expect(part.layers == [last])
        #expect(part[layer: last, head: 0] == patterns[layer: last, head: 0])
    }

    @Test(arguments: names)
    func theLensShowsWhatTransformersComputes(name: String) throws {
        let (model, expected) = try open(name)
        let lens = try model.logitLens(of: expected.tokens, top: 3)
        #expect(lens.layers.map(\.layer) == Array(0...model.layerCount))
        for (layer, positions) in zip(lens.layers, expected.lens) {
            try #require(layer.positions.count == positions.count)
            let values = layer.positions.flatMap { [$0.entropy, $0.kl] }
            let difference = compare(values, positions.flatMap { [$0.entropy, $0.kl] })
            print("\(name), lens \(layer.layer): largest difference \(difference.largest)")
            #expect(difference.largest <= 1e-4)
            for (found, expected) in zip(layer.positions, positions) {
                try expectLikeliest(found.top, expected.top)
            }
        }
    }

    private func expectLikeliest(
        _ found: [TokenProbability],
        _ expected: [InspectionFixture.Likely]
    ) throws {
        #expect(found.map(\.token) == expected.map(\.token))
        let probabilities = found.map(\.probability)
        try #require(probabilities.count == expected.count)
        #expect(compare(probabilities, expected.map(\.probability)).largest <= 1e-4)
    }

    @Test(arguments: names)
    func lossesAndNextTokensMatchTransformers(name: String) throws {
        let (model, expected) = try open(name)
        let predictions = try model.predictions(of: expected.tokens, top: 3)
        #expect(predictions.losses.first == .some(nil))
        let losses = predictions.losses.dropFirst().compactMap { $0 }
        try #require(losses.count == expected.losses.count)
        let difference = compare(losses, expected.losses)
        print("\(name), losses: largest difference \(difference.largest)")
        #expect(difference.largest <= 1e-4)
        try expectLikeliest(predictions.next, expected.next)
    }

    /// Sequences have different lengths, so batches of two must keep them apart.
    @Test(arguments: names, [1, 2])
    func ablatedLossesMatchAModelWhoseHeadsAreZeroed(
        name: String,
        batchSize: Int
    ) throws {
        let (model, expected) = try open(name)
        let ablation = try model.ablate(
            expected.sequences,
            mlps: true,
            batchSize: batchSize
        )
        #expect(ablation.tokenCount == expected.sequences.reduce(0) { $0 + $1.count - 1 })
        var largest = abs(ablation.loss - expected.ablation.loss)
        try #require(ablation.heads.count == model.layerCount * model.headCount)
        for (index, part) in ablation.heads.enumerated() {
            let (layer, head) = index.quotientAndRemainder(dividingBy: model.headCount)
            #expect(part.layer == layer && part.head == head)
            #expect(abs(part.change - (part.loss - ablation.loss)) <= 1e-9)
            largest = max(largest, abs(part.loss - expected.ablation.heads[layer][head]))
        }
        try #require(ablation.mlps.count == model.layerCount)
        for (layer, part) in ablation.mlps.enumerated() {
            #expect(part.layer == layer && part.head == nil)
            largest = max(largest, abs(part.loss - expected.ablation.mlps[layer]))
        }
        print("\(name), ablated losses: largest difference \(largest)")
        #expect(largest <= 1e-5)
    }

    @Test(arguments: names)
    func headScoresMatchThePatternsOfTransformers(name: String) throws {
        let (model, expected) = try open(name)
        let scores = try model.headScores(on: expected.sequences, seed: 1)
        try expectScores(scores, expected.headScores, of: model)
    }

    private func expectScores(
        _ scores: [HeadScores],
        _ expected: InspectionFixture.HeadScores,
        of model: any InspectableModel
    ) throws {
        #expect(
            scores.map(\.layer)
                == (0..<model.layerCount).flatMap { layer in
                    Array(repeating: layer, count: model.headCount)
                }
        )
        let columns: [(KeyPath<HeadScores, Float>, [[Float]])] = [
            (\.previousToken, expected.previousToken), (\.firstToken, expected.firstToken),
            (\.distance, expected.distance), (\.entropy, expected.entropy),
        ]
        for (path, values) in columns {
            let values = values.flatMap { $0 }
            try #require(scores.count == values.count)
            #expect(compare(scores.map { $0[keyPath: path] }, values).largest <= 1e-4)
        }
    }

    @Test(arguments: names)
    func neuronsAreMostActiveWhereTransformersSays(name: String) throws {
        let (model, expected) = try open(name)
        for neuron in expected.excitations {
            let found = try model.excitations(
                layer: neuron.layer,
                neurons: [neuron.neuron],
                of: expected.sequences,
                top: neuron.top.count
            )
            try #require(found.count == 1)
            #expect(found[0].layer == neuron.layer && found[0].neuron == neuron.neuron)
            #expect(found[0].top.map(\.sequence) == neuron.top.map(\.sequence))
            #expect(found[0].top.map(\.position) == neuron.top.map(\.position))
            let values = found[0].top.map(\.activation)
            #expect(compare(values, neuron.top.map(\.activation)).largest <= 1e-4)
        }
    }

    /// A pass over this many tokens is made in pieces.
    @Test(.enabled(if: TestData.isAvailable, Comment(rawValue: TestData.skipReason)))
    func aLongTextIsMeasuredLikeAShortOne() throws {
        let (model, expected) = try open(InspectionFixture.trained)
        let text = try #require(expected.longText)
        let losses = try model.predictions(of: text.tokens, top: 1).losses.compactMap { $0 }
        try #require(losses.count == text.losses.count)
        #expect(compare(losses, text.losses).largest <= 1e-4)
        let scores = try model.headScores(on: [text.tokens], seed: 1)
        try expectScores(scores, text.headScores, of: model)
    }
}
