// Rows of several documents, some of whose tokens do not count, against transformers: GPT-2 and
// Llamas. The fixtures come from scripts/export_llama_training_fixtures.py.

import LanguageModels
import Tensors
import Testing

@Suite(.serialized) struct DocumentTrainingParityTests {
    @Test(arguments: ["tied", "grouped", "odd", "gpt2"], InstructionSet.available)
    func lossAndGradientsAreThoseOfTransformers(name: String, isa: InstructionSet) throws {
        let ops = try Ops(instructionSet: isa, threadCount: 2)
        let run = try #require(try TrainingFixture.read().models[name])
        let documents = try #require(run.documents)
        let expected = try TrainingFixture.tensors("\(name)_gradients.safetensors")
        for recomputation in Recomputation.allCases {
            let model = try run.makeModel(ops: ops)
            let workspace = try TrainingWorkspace(
                model,
                batchSize: run.batchSize,
                sequenceLength: run.sequenceLength,
                training: recomputation
            )
            let gradients = try model.makeParameterSet()
            let loss = try model.lossAndGradients(
                inputs: documents.inputs,
                targets: documents.targets,
                isCounted: documents.isCounted,
                starts: documents.inputStarts,
                workspace: workspace,
                gradients: gradients
            )
            #expect(abs(loss - documents.loss) <= 1e-5)
            let found = try run.named(gradients, ops: ops)
            for (tensor, values) in expected where tensor.hasPrefix("documents.") {
                let own = try #require(found[String(tensor.dropFirst("documents.".count))])
                let difference = compare(own, values)
                print("\(name) \(isa) \(tensor): relative difference \(difference.relative)")
                #expect(difference.relative <= 1e-4, "\(tensor)")
            }
        }
    }
}
