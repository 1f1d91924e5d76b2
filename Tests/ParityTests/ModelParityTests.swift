// Whole models compared with what PyTorch computed for the same weights and tokens. The fixtures
// come from scripts/export_parity_fixtures.py.

import FileIO
import Foundation
import LanguageModels
import Tensors
import Testing

/// Files in this target's Fixtures folder.
func fixture(_ name: String) -> FilePath {
    FilePath(Bundle.module.resourcePath ?? ".").appending("Fixtures").appending(name)
}

/// The largest absolute difference, and the difference's norm relative to the expected norm.
func compare(_ found: [Float], _ expected: [Float]) -> (largest: Float, relative: Double) {
    precondition(found.count == expected.count)
    var largest: Float = 0
    var difference = 0.0
    var norm = 0.0
    for (a, b) in zip(found, expected) {
        let d = a - b
        // Infinite if one is NaN, which later comparisons would ignore.
        if !(abs(d) <= largest) { largest = d.isNaN ? .infinity : abs(d) }
        difference += Double(d) * Double(d)
        norm += Double(b) * Double(b)
    }
    return (largest, difference.squareRoot() / max(norm.squareRoot(), 1e-30))
}

@Suite(.serialized) struct ModelParityTests {
    @Test(arguments: ["odd", "even"], InstructionSet.available)
    func logitsLossAndGradientsAreThoseOfPyTorch(name: String, isa: InstructionSet) throws {
        let ops = try Ops(instructionSet: isa, threadCount: 2)
        let model = try GPT2(llmcCheckpoint: fixture("\(name)_model.bin"), ops: ops)
        let expected = try GPT2DebugState(
            path: fixture("\(name)_debug_state.bin"),
            configuration: model.configuration,
            ops: model.ops
        )
        for recomputation in Recomputation.allCases {
            let workspace = try TrainingWorkspace(
                model,
                batchSize: expected.batchSize,
                sequenceLength: expected.sequenceLength,
                training: recomputation
            )
            let logits = try model.allLogits(inputs: expected.inputs, workspace: workspace)
            let difference = compare(logits.flatMap { $0 }, expected.logits.floats())
            print(
                "\(name) \(isa) \(recomputation) logits: largest difference \(difference.largest)"
            )
            #expect(difference.largest <= 1e-4)

            let gradients = try model.makeParameterSet()
            let loss = try model.lossAndGradients(
                inputs: expected.inputs,
                targets: expected.targets,
                workspace: workspace,
                gradients: gradients
            )
            #expect(abs(loss - expected.loss) <= 1e-5)
            for (index, specification) in gradients.layout.specifications.enumerated() {
                let difference = compare(
                    gradients.tensors[index].floats(),
                    expected.gradients.tensors[index].floats()
                )
                print(
                    "\(name) \(isa) \(recomputation) d\(specification.name): largest difference",
                    "\(difference.largest), relative \(difference.relative)"
                )
                #expect(difference.relative <= 1e-4, "\(specification.name)")
            }
        }
    }
}
