// What hooks see of a pass, and that hooks that only read do not change it.

import Inference
import LanguageModels
import Tensors
import Testing

@Suite struct PassHookTests {
    private func allPoints(_ model: any InspectableModel) -> Set<HookPoint> {
        Set(
            (0..<model.layerCount).flatMap { layer -> [HookPoint] in
                [
                    .residualPre(layer: layer), .pattern(layer: layer), .z(layer: layer),
                    .residualMid(layer: layer), .mlpPost(layer: layer), .residualPost(layer: layer),
                ]
            }
        )
    }

    private func scored(_ tokens: [Int32], sequence: Int = 0) -> ScoredPart {
        ScoredPart(
            sequence: sequence,
            tokens: Array(tokens.dropLast()),
            targets: Array(tokens.dropFirst())
        )
    }

    @Test(arguments: InspectedModel.allCases, [ElementType.float32, .bfloat16, .q8_0])
    func hooksThatOnlyReadChangeNoBit(kind: InspectedModel, precision: ElementType) throws {
        let model = try kind.make(precision: precision, threadCount: 2)
        for length in [2, 20, 301] {
            let part = scored(randomTokens(length))
            let session = try model.makeHookedSession(sequenceCount: 1, tokenCapacity: 300)
            let expected = try session.losses(appending: [part])
            session.truncate(0, to: 0)
            var calls = 0
            let hooks = PassHooks(allPoints(model)) { value in
                calls += model.ops.floats(value.tensor).isEmpty ? 0 : 1
            }
            let found = try session.losses(appending: [part], hooks: hooks)
            #expect(found == expected, "\(length) tokens")
            // A pass of 300 tokens has two pieces.
            #expect(calls == 6 * model.layerCount * (length > 257 ? 2 : 1))
        }
    }

    @Test(arguments: InspectedModel.allCases)
    func valuesHaveTheShapesOfTheirPlacesAndSayWhoseTheyAre(kind: InspectedModel) throws {
        let model = try kind.make()
        let texts = [randomTokens(250), randomTokens(20)]
        let session = try model.makeHookedSession(sequenceCount: 2, tokenCapacity: 300)
        var chunks: [[HookedRows]] = []
        let hooks = PassHooks(allPoints(model)) { value in
            let count = value.parts.reduce(0) { $0 + $1.rows.count }
            switch value.point {
            case .residualPre(let layer):
                if layer == 0 { chunks.append(value.parts) }
                #expect(value.tensor.shape == [count, model.channels])
            case .residualMid, .residualPost:
                #expect(value.tensor.shape == [count, model.channels])
            case .z:
                #expect(value.tensor.shape == [count, model.headCount * model.headSize])
            case .mlpPost:
                #expect(value.tensor.shape == [count, model.hiddenChannels])
            case .pattern:
                #expect(value.parts.count == 1)
                let positions = value.parts[0].past + count
                #expect(value.tensor.shape == [model.headCount, count, positions])
            }
        }
        try session.append(
            texts.enumerated().map { SequencePart(sequence: $0, tokens: $1) },
            hooks: hooks
        )
        #expect(
            chunks == [
                [
                    HookedRows(sequence: 0, past: 0, rows: 0..<250),
                    HookedRows(sequence: 1, past: 0, rows: 250..<256),
                ],
                [HookedRows(sequence: 1, past: 6, rows: 0..<14)],
            ]
        )
        #expect(session.tokenCount(of: 1) == 20)
    }

    @Test(arguments: InspectedModel.allCases)
    func whatAHookWritesAffectsTheRestOfThePass(kind: InspectedModel) throws {
        let model = try kind.make()
        let part = scored(randomTokens(40))
        let session = try model.makeHookedSession(sequenceCount: 1, tokenCapacity: 300)
        for point in allPoints(model) {
            // Patterns are read-only.
            if case .pattern = point { continue }
            session.truncate(0, to: 0)
            let expected = try session.losses(appending: [part])
            session.truncate(0, to: 0)
            // Not all columns: the next norm would undo a common scale.
            let hooks = PassHooks([point]) { value in
                model.ops.scale(TensorColumns(value.tensor, 0..<3), by: 0.5)
            }
            let found = try session.losses(appending: [part], hooks: hooks)
            #expect(found != expected, "\(point.name)")
        }
    }

    @Test func anErrorOfAHookLeavesTheSequenceUnchanged() throws {
        struct Stop: Error {}
        let model = try InspectedModel.gpt2.make()
        let session = try model.makeHookedSession(sequenceCount: 1, tokenCapacity: 300)
        try session.append(
            [SequencePart(sequence: 0, tokens: [1, 2])],
            hooks: PassHooks([]) { _ in }
        )
        let hooks = PassHooks([.z(layer: 1)]) { _ in throw Stop() }
        #expect(throws: Stop.self) {
            try session.append([SequencePart(sequence: 0, tokens: [3])], hooks: hooks)
        }
        #expect(session.tokenCount(of: 0) == 2)
    }

    @Test func namesMatchTransformerLens() {
        #expect(HookPoint.pattern(layer: 3).name == "blocks.3.attn.hook_pattern")
        #expect(HookPoint.residualPre(layer: 0).name == "blocks.0.hook_resid_pre")
        #expect(HookPoint.mlpPost(layer: 11).name == "blocks.11.mlp.hook_post")
        #expect(HookPoint.z(layer: 1).name == "blocks.1.attn.hook_z")
    }
}
