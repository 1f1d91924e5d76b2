// Scores of heads and places that activate neurons, compared with the numbers they are computed
// from.

import Inference
import Interpretability
import RandomNumbers
import Tensors
import Testing

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

@Suite struct HeadScoreTests {
    /// The mean over some rows of the patterns of a head in several sequences.
    private func mean(
        _ patterns: [AttentionPatterns],
        _ layer: Int,
        _ head: Int,
        from first: Int,
        _ value: (_ row: [Float], _ t: Int) -> Double
    ) -> Double {
        let values = patterns.flatMap { patterns in
            let (all, T) = (Array(patterns[layer: layer, head: head]), patterns.tokens.count)
            return first >= T
                ? [] : (first..<T).map { t in value(Array(all[t * T..<(t + 1) * T]), t) }
        }
        return values.reduce(0, +) / Double(values.count)
    }

    private func expect(
        _ scores: HeadScores,
        _ text: [AttentionPatterns],
        _ repeated: [AttentionPatterns],
        half: Int
    ) {
        func mean(
            _ patterns: [AttentionPatterns],
            from first: Int,
            _ value: (_ row: [Float], _ t: Int) -> Double
        ) -> Double {
            self.mean(patterns, scores.layer, scores.head, from: first, value)
        }
        let expected = [
            mean(text, from: 1) { Double($0[$1 - 1]) },
            mean(text, from: 1) { row, _ in Double(row[0]) },
            mean(repeated, from: half) { Double($0[$1 - half]) },
            mean(repeated, from: half) { Double($0[$1 - half + 1]) },
            mean(text, from: 0) { row, t in
                row.enumerated().reduce(0) { $0 + Double($1.element) * Double(t - $1.offset) }
            },
            mean(text, from: 0) { row, _ in
                -row.reduce(0) { $0 + ($1 > 0 ? Double($1) * log(Double($1)) : 0) }
            },
        ]
        let found = [
            scores.previousToken, scores.firstToken, scores.duplicateToken, scores.induction,
            scores.distance, scores.entropy,
        ]
        for (a, b) in zip(found, expected) { #expect(abs(Double(a) - b) < 1e-4) }
    }

    private func repeatedTokens(seed: UInt64, length: Int, count: Int) -> [[Int32]] {
        var generator = MersenneTwister(seed: seed)
        return (0..<count).map { _ in
            let tokens = (0..<length).map { _ in
                Int32(generator.next32() % UInt32(InspectedModel.vocabularySize))
            }
            return tokens + tokens
        }
    }

    @Test(arguments: InspectedModel.allCases, [true, false])
    func theyAreMeansOverPatterns(kind: InspectedModel, withTexts: Bool) throws {
        let model = try kind.make()
        let texts = withTexts ? [1, 2, 290].map { randomTokens($0) } : []
        let scores = try model.headScores(
            on: texts,
            seed: 7,
            repeatedLength: 12,
            repeatedCount: 3
        )
        let repeated = try repeatedTokens(seed: 7, length: 12, count: 3)
            .map { try model.attentionPatterns(of: $0) }
        // Texts that predict nothing are ignored.
        let text = try texts.dropFirst().map { try model.attentionPatterns(of: $0) }
        #expect(scores.count == 3 * model.headCount)
        for (index, score) in scores.enumerated() {
            #expect(score.layer == index / model.headCount)
            #expect(score.head == index % model.headCount)
            expect(score, withTexts ? text : repeated, repeated, half: 12)
        }
    }

    @Test func repetitionsFitAShortContext() throws {
        let model = try InspectedModel.gpt2.make(contextLength: 5)
        let scores = try model.headScores(seed: 1)
        let patterns = try repeatedTokens(seed: 1, length: 2, count: 10)
            .map { try model.attentionPatterns(of: $0) }
        for score in scores { expect(score, patterns, patterns, half: 2) }
        let short = try InspectedModel.gpt2.make(contextLength: 3)
        #expect(throws: InterpretabilityError.contextTooShort(3)) { try short.headScores() }
    }

    @Test(arguments: InspectedModel.allCases)
    func neuronsAreShownWhereTheirActivationsAreLargest(kind: InspectedModel) throws {
        let model = try kind.make()
        let texts = [1, 9, 300].map { randomTokens($0, seed: UInt64($0)) }
        let found = try model.excitations(layer: 1, neurons: [3, 0], of: texts, top: 4)
        #expect(found.map(\.neuron) == [0, 3] && found.allSatisfy { $0.layer == 1 })
        var all: [[NeuronExcitations.Place]] = [[], []]
        for (index, text) in texts.enumerated() {
            let session = try model.makeHookedSession(sequenceCount: 1, tokenCapacity: 300)
            let hooks = PassHooks([.mlpPost(layer: 1)]) { value in
                for row in 0..<value.tensor.shape[0] {
                    let activations = model.ops.floats(value.tensor[row])
                    for (place, neuron) in [0, 3].enumerated() {
                        all[place].append(
                            NeuronExcitations.Place(
                                activation: activations[neuron],
                                sequence: index,
                                position: value.parts[0].past + row
                            )
                        )
                    }
                }
            }
            try session.append([SequencePart(sequence: 0, tokens: text)], hooks: hooks)
        }
        for (neuron, places) in zip(found, all) {
            let expected = places.sorted { $0.activation > $1.activation }.prefix(4)
            #expect(neuron.top == Array(expected))
        }
    }

    @Test func allNeuronsAndAllPlacesCanBeAskedFor() throws {
        let model = try InspectedModel.gpt2.make()
        var seen: [Int] = []
        let found = try model.excitations(layer: 0, of: [[1, 2], [3]], top: 99) { done, total in
            #expect(total == 2)
            seen.append(done)
        }
        #expect(seen == [1, 2])
        #expect(found.count == model.hiddenChannels && found.allSatisfy { $0.top.count == 3 })
    }

    /// A neuron of a network without weights is equally active everywhere.
    @Test func ofEqualActivationsTheFirstIsKept() throws {
        let model = try InspectedModel.gpt2.make { weight, elements in
            if weight.name == "fcw" { elements = elements.map { _ in 0 } }
        }
        let found = try model.excitations(layer: 2, neurons: [5], of: [[1, 2], [3]], top: 2)
        #expect(found[0].top.map { [$0.sequence, $0.position] } == [[0, 0], [0, 1]])
    }
}
