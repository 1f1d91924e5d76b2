// Whole models compared with what PyTorch computed for the same weights and tokens. The fixtures
// come from scripts/export_parity_fixtures.py.

import LanguageModels
import Tensors
import Testing

extension GPT2 {
    /// The logits, the loss and the gradients of the tokens of a debug state.
    func pass(
        _ state: GPT2DebugState,
        _ recomputation: Recomputation
    ) throws -> (logits: [Float], loss: Float, gradients: TensorSet) {
        let workspace = try TrainingWorkspace(
            self,
            batchSize: state.batchSize,
            sequenceLength: state.sequenceLength,
            training: recomputation
        )
        let logits = try allLogits(inputs: state.inputs, workspace: workspace)
        let gradients = try makeParameterSet()
        let loss = try lossAndGradients(
            inputs: state.inputs,
            targets: state.targets,
            workspace: workspace,
            gradients: gradients
        )
        return (logits.flatMap { $0 }, loss, gradients)
    }
}

@Suite(.serialized) struct ModelParityTests {
    @Test(arguments: ["odd", "even"], InstructionSet.available)
    func logitsLossAndGradientsMatchPyTorch(name: String, isa: InstructionSet) throws {
        let ops = try Ops(instructionSet: isa, threadCount: 2)
        let model = try GPT2(llmcCheckpoint: fixture("\(name)_model.bin"), ops: ops)
        let expected = try GPT2DebugState(
            path: fixture("\(name)_debug_state.bin"),
            configuration: model.configuration,
            ops: model.ops
        )
        for recomputation in Recomputation.allCases {
            let (logits, loss, gradients) = try model.pass(expected, recomputation)
            let difference = compare(logits, expected.logits.floats())
            print(
                "\(name) \(isa) \(recomputation) logits: largest difference \(difference.largest)"
            )
            #expect(difference.largest <= 1e-4)
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
