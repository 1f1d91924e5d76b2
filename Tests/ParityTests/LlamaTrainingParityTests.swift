// Training Llamas compared with transformers: losses, gradients, and steps of AdamW. The fixtures
// come from scripts/export_llama_training_fixtures.py.

import LanguageModels
import Tensors
import Testing
import TokenData
import Training

@Suite(.serialized) struct LlamaTrainingParityTests {
    @Test(arguments: ["tied", "grouped", "odd"], InstructionSet.available)
    func lossAndGradientsMatchTransformers(name: String, isa: InstructionSet) throws {
        let ops = try Ops(instructionSet: isa, threadCount: 2)
        let run = try #require(try TrainingFixture.read().models[name])
        let expected = try TrainingFixture.tensors("\(name)_gradients.safetensors")
        let batch = try run.firstBatch(name)
        for recomputation in Recomputation.allCases {
            let (loss, gradients) = try run.lossAndGradients(
                inputs: batch.inputs,
                targets: batch.targets,
                recomputation: recomputation,
                ops: ops
            )
            let expectedLoss = try #require(run.loss)
            #expect(abs(loss - expectedLoss) <= 1e-5)
            try expectSame(gradients, expected, prefix: "plain.")
        }
    }

    /// The rounding is bfloat16's: 8 bits, in every product along the way.
    ///
    /// Up to 0.058 was seen.
    @Test(arguments: ["tied", "grouped", "odd"], InstructionSet.available)
    func gradientsAtBFloat16AreNearTransformersAtFloat32(
        name: String,
        isa: InstructionSet
    ) throws {
        let ops = try Ops(instructionSet: isa, threadCount: 2)
        let run = try #require(try TrainingFixture.read().models[name])
        let expected = try TrainingFixture.tensors("\(name)_gradients.safetensors")
        let batch = try run.firstBatch(name)
        var first: [String: [Float]]?
        for recomputation in Recomputation.allCases {
            let (loss, gradients) = try run.lossAndGradients(
                inputs: batch.inputs,
                targets: batch.targets,
                precision: .bfloat16,
                recomputation: recomputation,
                ops: ops
            )
            let expectedLoss = try #require(run.loss)
            #expect(abs(loss - expectedLoss) <= 2e-2)
            #expect(gradients == first ?? gradients)
            first = gradients
            for (tensor, values) in gradients {
                let difference = compare(values, try #require(expected["plain." + tensor]))
                print("\(name) \(isa) bfloat16 \(tensor): \(difference.relative)")
                #expect(difference.relative <= 8e-2, "\(tensor)")
                // Something was rounded.
                #expect(difference.relative > 1e-5, "\(tensor)")
            }
        }
    }

    @Test(arguments: ["tied", "grouped", "odd", "gpt2"], InstructionSet.available)
    func tenStepsMatchPyTorch(name: String, isa: InstructionSet) throws {
        let run = try #require(try TrainingFixture.read().models[name])
        #expect(run.steps.count == 10)
        let expected = try TrainingFixture.tensors("\(name)_final.safetensors")
        for recomputation in Recomputation.allCases {
            let ops = try Ops(instructionSet: isa, threadCount: 2)
            let trainer = try run.trainer(name, recomputation: recomputation, ops: ops)
            let (steps, losses, norms) = try makeSteps(
                trainer,
                losses: run.steps.map(\.loss),
                norms: run.steps.map(\.gradNorm),
                "\(name) \(isa) \(recomputation)"
            )
            #expect(losses <= 1e-4)
            #expect(norms <= 1e-4)
            // Clipping is tested only if it happens.
            #expect(steps.allSatisfy { $0.gradientNorm > run.optimizer.gradClip })

            let weights = try run.named(trainer.model.parameters, ops: ops)
            #expect(!expected.isEmpty)
            for (tensor, values) in expected {
                let found = TrainingFixture.samples(of: try #require(weights[tensor]))
                #expect(compare(found, values).largest <= 1e-4, "\(tensor)")
            }
        }
    }
}
