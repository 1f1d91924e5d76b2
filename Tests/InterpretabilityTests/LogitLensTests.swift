// What layers would predict, and what the model predicts.

import Inference
import Interpretability
import Tensors
import Testing

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// Softmax in double.
private func probabilities(_ logits: [Float]) -> [Double] {
    let largest = Double(logits.max() ?? 0)
    let powers = logits.map { exp(Double($0) - largest) }
    let sum = powers.reduce(0, +)
    return powers.map { $0 / sum }
}

@Suite struct LogitLensTests {
    @Test(arguments: InspectedModel.allCases, [1, 5, 150])
    func theLastLayerIsTheModelsOwnPrediction(kind: InspectedModel, length: Int) throws {
        let model = try kind.make(threadCount: 2)
        let tokens = randomTokens(length)
        let lens = try model.logitLens(of: tokens, top: 3)
        #expect(lens.tokens == tokens)
        #expect(lens.layers.map(\.layer) == [0, 1, 2, 3])
        #expect(lens.layers.allSatisfy { $0.positions.count == length })
        let session = try model.makeSession()
        for (t, token) in tokens.enumerated() {
            let p = probabilities(try session.logits(appending: [token]))
            let position = lens.layers[3].positions[t]
            let order = p.indices.sorted { p[$0] > p[$1] }
            #expect(position.top.map(\.token) == order.prefix(3).map { Int32($0) })
            for (likely, index) in zip(position.top, order) {
                #expect(abs(Double(likely.probability) - p[index]) < 1e-5)
            }
            let entropy = -p.reduce(0) { $0 + $1 * log($1) }
            #expect(abs(Double(position.entropy) - entropy) < 1e-4)
            #expect(position.kl == 0)
        }
    }

    @Test(arguments: InspectedModel.allCases)
    func otherLayersAreReadByTheModelsNormAndClassifier(kind: InspectedModel) throws {
        let model = try kind.make()
        let tokens = randomTokens(8)
        let lens = try model.logitLens(of: tokens)
        let session = try model.makeHookedSession(sequenceCount: 1, tokenCapacity: 8)
        let after = try [0, 1, 2, 3].map { _ in try model.ops.tensor([8, model.channels]) }
        let points: Set<HookPoint> = [
            .residualPre(layer: 0), .residualPre(layer: 1), .residualPre(layer: 2),
            .residualPost(layer: 2),
        ]
        let hooks = PassHooks(points) { value in
            let layer = value.point == .residualPost(layer: 2) ? 3 : value.point.layer
            model.ops.copy(value.tensor, to: after[layer])
        }
        try session.append([SequencePart(sequence: 0, tokens: tokens)], hooks: hooks)
        let rows = try after.map { residual in
            let logits = try session.logits(ofResidual: residual)
            return (0..<8).map { probabilities(model.ops.floats(logits[$0])) }
        }
        for layer in 0...3 {
            for t in 0..<8 {
                let (p, q) = (rows[3][t], rows[layer][t])
                let position = lens.layers[layer].positions[t]
                let kl = zip(p, q).reduce(0) { $0 + $1.0 * log($1.0 / $1.1) }
                #expect(abs(Double(position.kl) - kl) < 1e-4)
                #expect(abs(Double(position.top[0].probability) - (q.max() ?? 0)) < 1e-5)
                #expect(layer == 3 || position.kl > 0)
            }
        }
    }

    @Test(arguments: InspectedModel.allCases)
    func lossesAreThoseOfTheNextTokens(kind: InspectedModel) throws {
        let model = try kind.make()
        let tokens = randomTokens(300)
        let found = try model.predictions(of: tokens, top: 4)
        #expect(found.tokens == tokens && found.losses.count == 300 && found.losses[0] == nil)
        let session = try model.makeSession()
        var logits: [Float] = []
        for (t, token) in tokens.enumerated() {
            if t > 0 {
                let loss = -log(probabilities(logits)[Int(token)])
                #expect(abs(Double(try #require(found.losses[t])) - loss) < 1e-4)
            }
            logits = try session.logits(appending: [token])
        }
        let p = probabilities(logits)
        #expect(
            found.next.map(\.token) == p.indices.sorted { p[$0] > p[$1] }.prefix(4).map(Int32.init)
        )
    }

    @Test func oneTokenHasNoLossAndAllNextTokensSumToOne() throws {
        let found = try InspectedModel.gpt2.make().predictions(of: [3], top: 1000)
        #expect(found.losses == [nil])
        #expect(found.next.count == InspectedModel.vocabularySize)
        #expect(abs(found.next.reduce(0) { $0 + $1.probability } - 1) < 1e-6)
    }
}
