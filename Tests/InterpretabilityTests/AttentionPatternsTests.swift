// What each head looks at.

import Inference
import Interpretability
import Tensors
import Testing

@Suite struct AttentionPatternsTests {
    @Test(arguments: InspectedModel.allCases, [1, 2, 17, 300])
    func rowsSumToOneAndSeeNothingThatComesLater(kind: InspectedModel, length: Int) throws {
        let model = try kind.make(threadCount: 2)
        let patterns = try model.attentionPatterns(of: randomTokens(length))
        #expect(patterns.layers == [0, 1, 2] && patterns.headCount == model.headCount)
        var (furthest, later) = (0.0, Float(0))
        for layer in patterns.layers {
            for head in 0..<patterns.headCount {
                let pattern = Array(patterns[layer: layer, head: head])
                for t in 0..<length {
                    let row = pattern[t * length..<(t + 1) * length]
                    furthest = max(furthest, abs(row.reduce(0.0) { $0 + Double($1) } - 1))
                    later = max(later, row.dropFirst(t + 1).max() ?? 0)
                }
            }
        }
        #expect(furthest <= 0x1p-22)
        #expect(later == 0)
    }

    @Test(arguments: InspectedModel.allCases)
    func aSequenceInOtherPiecesHasTheSamePatterns(kind: InspectedModel) throws {
        let model = try kind.make()
        let tokens = randomTokens(300)
        let patterns = try model.attentionPatterns(of: tokens)
        let session = try model.makeHookedSession(sequenceCount: 1, tokenCapacity: 300)
        var largest: Float = 0
        var rowCount = 0
        let hooks = PassHooks([.pattern(layer: 2)]) { value in
            let past = value.parts[0].past
            rowCount += value.tensor.shape[1]
            for head in 0..<model.headCount {
                let whole = Array(patterns[layer: 2, head: head])
                for row in 0..<value.tensor.shape[1] {
                    let start = (past + row) * 300
                    for (s, p) in model.ops.floats(value.tensor[head][row]).enumerated() {
                        largest = max(largest, abs(p - whole[start + s]))
                    }
                }
            }
        }
        for piece in [0..<1, 1..<100, 100..<290, 290..<300] {
            let part = SequencePart(sequence: 0, tokens: Array(tokens[piece]))
            try session.append([part], hooks: hooks)
        }
        #expect(rowCount == 300)
        #expect(largest < 2e-6)
    }

    @Test func selectedLayersAreTheSameAsAmongAll() throws {
        let model = try InspectedModel.llama.make()
        let all = try model.attentionPatterns(of: randomTokens(9))
        let some = try model.attentionPatterns(of: randomTokens(9), layers: [1, 0, 1])
        #expect(some.layers == [0, 1])
        #expect(some.values[...] == all.values.prefix(some.values.count))
    }

    @Test(arguments: InspectedModel.allCases)
    func roundedWeightsAndCachesHaveNearlyTheSamePatterns(kind: InspectedModel) throws {
        let expected = try kind.make().attentionPatterns(of: randomTokens(30))
        for precision in [ElementType.bfloat16, .q8_0] {
            let model = try kind.make(precision: precision, cachePrecision: .bfloat16)
            let found = try model.attentionPatterns(of: randomTokens(30))
            let largest = zip(found.values, expected.values).reduce(0) { max($0, abs($1.0 - $1.1)) }
            #expect(largest > 0 && largest < 0.2, "\(precision)")
        }
    }
}
