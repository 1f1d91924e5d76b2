// Dropout compared with transformers, made to drop what our rule picks. The fixtures come from
// scripts/export_dropout_fixtures.py.

import LanguageModels
import Tensors
import Testing

@Suite(.serialized) struct DropoutTrainingParityTests {
    /// What `Dropout/dropout.json` holds.
    private struct Record: Decodable {
        let rate: Float
        let key: UInt64
        let losses: [String: Float]
    }

    @Test(arguments: ["gpt2", "grouped"], InstructionSet.available)
    func lossAndGradientsMatchTransformers(name: String, isa: InstructionSet) throws {
        let ops = try Ops(instructionSet: isa, threadCount: 2)
        let record: Record = try recorded(at: fixture("Dropout/dropout.json"))
        let run = try #require(try TrainingFixture.read().models[name])
        let expected = try TrainingFixture.tensors("../Dropout/\(name)_gradients.safetensors")
        let batch = try run.firstBatch(name)
        for recomputation in Recomputation.allCases {
            let (loss, gradients) = try run.lossAndGradients(
                inputs: batch.inputs,
                targets: batch.targets,
                dropout: Dropout(rate: record.rate, key: record.key),
                recomputation: recomputation,
                ops: ops
            )
            let expectedLoss = try #require(record.losses[name])
            #expect(abs(loss - expectedLoss) <= 1e-5)
            try expectSame(gradients, expected)
        }
    }
}
