// Losses without parts of a model, compared with passes that compute everything again.

import Inference
import Interpretability
import LanguageModels
import Tensors
import Testing

@Suite struct AblationTests {
    /// Of all kinds of lengths: nothing to predict, one token, and more than a pass computes at
    /// once.
    private let texts = [1, 2, 40, 301, 7].map { randomTokens($0, seed: UInt64($0)) }

    private func loss(
        _ model: any InspectableModel,
        _ texts: [[Int32]],
        _ hooks: PassHooks
    ) throws -> Double {
        let session = try model.makeHookedSession(sequenceCount: 1, tokenCapacity: 300)
        var (sum, count) = (0.0, 0)
        for text in texts where text.count > 1 {
            session.truncate(0, to: 0)
            let part = ScoredPart(
                sequence: 0,
                tokens: Array(text.dropLast()),
                targets: Array(text.dropFirst())
            )
            for loss in try session.losses(appending: [part], hooks: hooks)[0] {
                (sum, count) = (sum + Double(loss), count + 1)
            }
        }
        return sum / Double(count)
    }

    @Test(arguments: InspectedModel.allCases, [ElementType.float32, .bfloat16, .q8_0])
    func reusingWhatIsBelowChangesNothing(kind: InspectedModel, precision: ElementType) throws {
        let model = try kind.make(precision: precision, cachePrecision: .bfloat16)
        let found = try model.ablate(texts, mlps: true)
        #expect(found.tokenCount == 346)
        #expect(abs(try loss(model, texts, PassHooks([]) { _ in }) - found.loss) < 1e-12)
        #expect(found.heads.count == 3 * model.headCount && found.mlps.count == 3)
        let ops = model.ops
        for part in found.heads {
            let head = try #require(part.head)
            let columns = head * model.headSize..<(head + 1) * model.headSize
            let hooks = PassHooks([.z(layer: part.layer)]) { value in
                ops.scale(TensorColumns(value.tensor, columns), by: 0)
            }
            let expected = try loss(model, texts, hooks)
            #expect(abs(part.loss - expected) < 1e-12, "layer \(part.layer), head \(head)")
            #expect(part.change == part.loss - found.loss && part.change != 0)
        }
        for part in found.mlps {
            var middle: [Float] = []
            let points: Set<HookPoint> = [
                .residualMid(layer: part.layer), .residualPost(layer: part.layer),
            ]
            let hooks = PassHooks(points) { value in
                if value.point == .residualMid(layer: part.layer) {
                    middle = ops.floats(value.tensor)
                } else {
                    ops.fill(value.tensor) { elements in
                        for i in 0..<elements.count { elements[i] = middle[i] }
                    }
                }
            }
            #expect(part.head == nil)
            #expect(abs(part.loss - (try loss(model, texts, hooks))) < 1e-12)
        }
    }

    /// The last weights of a part, without which it adds nothing.
    @Test(arguments: InspectedModel.allCases)
    func itEqualsAModelWithoutTheWeightsOfThePart(kind: InspectedModel) throws {
        let found = try kind.make().ablate(texts, mlps: true)
        let nothing = PassHooks([]) { _ in }
        for part in found.heads + found.mlps where part.layer == 1 {
            let model = try kind.make { weight, elements in
                guard weight.layer == 1 else { return }
                switch (weight.name, part.head) {
                case ("attprojw", let head?), ("wo", let head?):
                    let HS = kind == .gpt2 ? 5 : 6
                    for i in elements.indices where i % weight.shape[1] / HS == head {
                        elements[i] = 0
                    }
                case ("fcprojw", nil), ("fcprojb", nil), ("w2", nil):
                    elements = elements.map { _ in 0 }
                default: break
                }
            }
            #expect(abs(part.loss - (try loss(model, texts, nothing))) < 1e-5)
        }
    }

    @Test(arguments: InspectedModel.allCases, [2, 5])
    func batchesChangeNothingButRounding(kind: InspectedModel, batchSize: Int) throws {
        let model = try kind.make(threadCount: 2)
        let alone = try model.ablate(texts, mlps: true)
        let together = try model.ablate(texts, mlps: true, batchSize: batchSize)
        #expect(together.tokenCount == alone.tokenCount)
        #expect(abs(together.loss - alone.loss) < 1e-5)
        for (a, b) in zip(together.heads + together.mlps, alone.heads + alone.mlps) {
            #expect(a.layer == b.layer && a.head == b.head)
            #expect(abs(a.loss - b.loss) < 1e-5)
        }
    }

    @Test func onlyTheChosenPartsAreAblated() throws {
        let model = try InspectedModel.llama.make()
        let all = try model.ablate(texts, mlps: true)
        let some = try model.ablate(texts, layers: [2, 0], heads: [4, 1])
        #expect(
            some.heads.map { [$0.layer, $0.head ?? -1] } == [[0, 1], [0, 4], [2, 1], [2, 4]]
        )
        for part in some.heads { #expect(all.heads.contains(part)) }
        #expect(some.mlps.isEmpty)
        let mlps = try model.ablate(texts, layers: [1], heads: [], mlps: true)
        #expect(mlps.heads.isEmpty && mlps.mlps == [all.mlps[1]])
    }

    @Test func progressCountsToTheEndAndItsErrorsStopTheWork() throws {
        struct Stop: Error {}
        let model = try InspectedModel.gpt2.make()
        var seen: [Int] = []
        _ = try model.ablate(texts, layers: [1], mlps: true) { done, total in
            // Four texts that predict, each by the whole model and without three heads and a
            // network.
            #expect(total == 20)
            seen.append(done)
        }
        #expect(seen == Array(1...20))
        #expect(throws: Stop.self) {
            _ = try model.ablate(texts) { done, _ in if done == 3 { throw Stop() } }
        }
    }
}
