// Rows of several documents, with some tokens that do not count, compared with transformers: GPT-2
// and Llamas. The fixtures come from scripts/export_llama_training_fixtures.py.

import LanguageModels
import Tensors
import Testing

@Suite(.serialized) struct DocumentTrainingParityTests {
    @Test(arguments: ["tied", "grouped", "odd", "gpt2"], InstructionSet.available)
    func lossAndGradientsMatchTransformers(name: String, isa: InstructionSet) throws {
        let ops = try Ops(instructionSet: isa, threadCount: 2)
        let run = try #require(try TrainingFixture.read().models[name])
        let documents = try #require(run.documents)
        let expected = try TrainingFixture.tensors("\(name)_gradients.safetensors")
        for recomputation in Recomputation.allCases {
            let (loss, gradients) = try run.lossAndGradients(
                inputs: documents.inputs,
                targets: documents.targets,
                isCounted: documents.isCounted,
                starts: documents.inputStarts,
                recomputation: recomputation,
                ops: ops
            )
            #expect(abs(loss - documents.loss) <= 1e-5)
            try expectSame(gradients, expected, prefix: "documents.")
        }
    }
}
