// Dropout in passes: the same however a batch is computed, and none when losses are only measured.

import LanguageModels
import Tensors
import Testing

@Suite(.serialized) struct DropoutPassTests {
    private let batch = SmallBatch(4, 6)

    /// The loss, and the gradients that follow.
    private func pass(
        _ model: GPT2,
        _ workspace: TrainingWorkspace,
        _ dropout: Dropout?
    ) throws -> [Float] {
        let (loss, gradients) = try batch.pass(model, workspace, dropout: dropout)
        return [loss] + gradients
    }

    @Test(arguments: [ElementType.float32, .bfloat16])
    func recomputationDropsTheSameElements(precision: ElementType) throws {
        let model = try smallModel()
        try model.setPrecision(precision)
        let dropout = Dropout(rate: 0.3, key: 7)
        let expected = try pass(model, batch.workspace(model), dropout)
        #expect(try pass(model, batch.workspace(model), nil) != expected)
        for recomputation in [Recomputation.gelu, .block] {
            let found = try pass(model, batch.workspace(model, training: recomputation), dropout)
            #expect(found == expected, "\(recomputation)")
        }
    }

    @Test(arguments: [2, 3])
    func lanesDropTheSameElements(threads: Int) throws {
        let model = try smallModel()
        let dropout = Dropout(rate: 0.3, key: 7)
        let expected = try pass(model, batch.workspace(model), dropout)
        let found = try pass(model, batch.workspace(model, threads: threads), dropout)
        // The sums of 24 rows in a different order.
        for (a, b) in zip(found, expected) { #expect(abs(a - b) <= 1e-6) }
    }

    @Test func otherKeysDropOtherElements() throws {
        let model = try smallModel()
        let workspace = try batch.workspace(model)
        let keys = (0..<8).map { Dropout(rate: 0.3, key: 7).choice($0) }
        let results = try keys.map { try pass(model, workspace, $0) }
        #expect(Set(results.map { $0[0] }).count == keys.count)
        #expect(try pass(model, workspace, keys[0]) == results[0])
    }

    @Test func nothingIsDroppedAtARateOfZero() throws {
        let model = try smallModel()
        let workspace = try batch.workspace(model)
        let expected = try pass(model, workspace, nil)
        #expect(try pass(model, workspace, Dropout(rate: 0, key: 7)) == expected)
    }

    @Test func evaluationDropsNothing() throws {
        let model = try smallModel()
        let workspace = try batch.workspace(model)
        func losses() throws -> [Float] {
            try model.tokenLosses(
                inputs: batch.inputs,
                targets: batch.targets,
                at: Array(batch.inputs.indices),
                workspace: workspace
            ) + [model.loss(inputs: batch.inputs, targets: batch.targets, workspace: workspace)]
        }
        let expected = try losses()
        _ = try pass(model, workspace, Dropout(rate: 0.5, key: 7))
        #expect(try losses() == expected)
    }
}
