// Dropout against transformers, which drops what our rule picks. The fixtures come from
// scripts/export_dropout_fixtures.py.

import FileIO
import Foundation
import LanguageModels
import TensorFiles
import Tensors
import Testing
import TokenData

@Suite(.serialized) struct DropoutTrainingParityTests {
    /// What `Dropout/dropout.json` holds.
    private struct Record: Decodable {
        let rate: Float
        let key: UInt64
        let losses: [String: Float]
    }

    @Test(arguments: ["gpt2", "grouped"], InstructionSet.available)
    func lossAndGradientsAreThoseOfTransformers(name: String, isa: InstructionSet) throws {
        let ops = try Ops(instructionSet: isa, threadCount: 2)
        let bytes = try MappedFile(fixture("Dropout/dropout.json")).contents()
        let record = try JSONDecoder().decode(Record.self, from: Data(bytes))
        let run = try #require(try TrainingFixture.read().models[name])
        let archive = try TensorArchive(
            contentsOf: fixture("Dropout/\(name)_gradients.safetensors")
        )
        var loader = try run.loader(name)
        var batch = TokenBatch(tokenCount: run.batchSize * run.sequenceLength)
        try loader.nextBatch(into: &batch)
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
                inputs: batch.inputs,
                targets: batch.targets,
                dropout: Dropout(rate: record.rate, key: record.key),
                workspace: workspace,
                gradients: gradients
            )
            let expectedLoss = try #require(record.losses[name])
            #expect(abs(loss - expectedLoss) <= 1e-5)
            let found = try run.named(gradients, ops: ops)
            #expect(found.count == archive.tensors.count)
            for tensor in archive.tensors {
                let own = try #require(found[tensor.name])
                let difference = compare(own, try tensor.floats().floats())
                print("\(name) \(isa) \(tensor.name): relative difference \(difference.relative)")
                #expect(difference.relative <= 1e-4, "\(tensor.name)")
            }
        }
    }
}
