// Comparisons with references on real data: a trained GPT-2, and a training run on Shakespeare.

import FileIO
import LanguageModels
import RandomNumbers
import Tensors
import TestSupport
import Testing
import TokenData
import Training

@Suite(
    .serialized,
    .enabled(if: TestData.isAvailable, Comment(rawValue: TestData.skipReason))
) struct RealDataParityTests {
    /// A prompt of `reference_numpy.json` and what NumPy computed from it.
    private struct Generation: Decodable {
        let promptIds: [Int32]
        let greedyIds: [Int32]
        let lastLogits: [Float]
    }

    @Test(arguments: InstructionSet.available)
    func trainedGPT2GivesItsReferenceLogitsAndTokens(isa: InstructionSet) throws {
        let model = try GPT2(
            llmcCheckpoint: TestData.path("tiny-gpt2/capp_gpt_llmc_v3.bin"),
            ops: Ops(instructionSet: isa, threadCount: 2)
        )
        func lastLogits(_ tokens: [Int32]) throws -> [Float] {
            let workspace = try TrainingWorkspace(
                model,
                batchSize: 1,
                sequenceLength: tokens.count,
                training: nil
            )
            return try model.lastLogits(inputs: tokens, workspace: workspace)[0]
        }
        let references: [Generation] = try recorded(
            at: TestData.path("tiny-gpt2/reference_numpy.json")
        )
        #expect(references.count == 3)
        for reference in references {
            var tokens = reference.promptIds
            let difference = compare(try lastLogits(tokens), reference.lastLogits)
            print("tiny-gpt2 \(isa) logits: largest difference \(difference.largest)")
            #expect(difference.largest <= 1e-4)

            for _ in reference.greedyIds {
                let logits = try lastLogits(tokens)
                let best = try #require(logits.indices.max { logits[$0] < logits[$1] })
                tokens.append(Int32(best))
            }
            #expect(Array(tokens.dropFirst(reference.promptIds.count)) == reference.greedyIds)
        }
    }

    /// A line of `shakespeare_losses.jsonl`.
    private struct ReferenceStep: Decodable {
        let trainLoss: Float
        let learningRate: Float
    }

    @Test func runOnShakespeareTracksPyTorch() throws {
        let expected: [ReferenceStep] = try MappedFile(fixture("shakespeare_losses.jsonl"))
            .contents().split(separator: UInt8(ascii: "\n")).map { try recorded($0) }
        try #require(expected.count == 300)

        let ops = try Ops(threadCount: 2)
        let configuration = try GPT2Configuration(
            contextLength: 64,
            layerCount: 2,
            headCount: 2,
            channels: 32
        )
        var generator = MersenneTwister(seed: 42)
        let trainer = try Trainer(
            model: GPT2(randomWeights: configuration, using: &generator, ops: ops),
            settings: TrainingSettings(
                sequenceLength: 64,
                schedule: LearningRateSchedule(
                    peak: 5e-4,
                    warmupSteps: 30,
                    totalSteps: expected.count
                )
            ),
            loader: TokenLoader(
                matching: TestData.path("tinyshakespeare/tiny_shakespeare_train.bin"),
                batchSize: 4,
                sequenceLength: 64,
                shuffled: true
            )
        )
        let steps = try expected.map { _ in try trainer.step() }
        let losses = compare(steps.map(\.loss), expected.map(\.trainLoss))
        let start = abs(steps[0].loss - expected[0].trainLoss)
        let rates = compare(steps.map(\.learningRate), expected.map(\.learningRate))
        print(
            "Shakespeare, 300 steps: loss \(steps[0].loss) to \(steps[299].loss), largest",
            "difference from PyTorch \(losses.largest), at the first step \(start)"
        )
        #expect(start <= 1e-5)
        #expect(losses.largest <= 1e-3)
        #expect(rates.largest <= 1e-8)
        #expect(steps[299].loss < steps[0].loss - 3)
    }
}
