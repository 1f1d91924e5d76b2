// Generation with real GPT-2s: that a session, however its tokens arrive, predicts what a pass over
// the whole sequence predicts.

import FileIO
import Foundation
import Inference
import LanguageModels
import Tensors
import TestSupport
import Testing

private func smallModel() throws -> GPT2 {
    var generator = MersenneTwister(seed: 11)
    let configuration = try GPT2Configuration(
        contextLength: 37,
        vocabularySize: 61,
        layerCount: 2,
        headCount: 2,
        channels: 24
    )
    return try GPT2(randomWeights: configuration, using: &generator, ops: Ops())
}

@Suite(.serialized) struct GPT2SessionTests {
    @Test func aSessionPredictsWhatAWholePassDoes() throws {
        let model = try smallModel()
        let tokens = (0..<37).map { Int32($0 * 7 % 61) }
        let workspace = try GPT2Workspace(
            model.configuration,
            batchSize: 1,
            sequenceLength: tokens.count,
            training: nil
        )
        let expected = try model.allLogits(inputs: tokens, workspace: workspace)
        let session = model.makeSession()
        // A prompt, then one token at a time up to the full context.
        for end in [5] + Array(6...37) {
            let logits = try session.logits(
                appending: Array(tokens[session.tokenCount..<end])
            )
            #expect(session.tokenCount == end)
            #expect(logits.count == 61)
            let difference = zip(logits, expected[end - 1]).map { abs($0 - $1) }.max() ?? .nan
            #expect(difference <= 1e-5, "after \(end) tokens")
        }
    }

    @Test func aTokenTooManyIsAnErrorAndChangesNothing() throws {
        let model = try smallModel()
        let session = model.makeSession()
        _ = try session.logits(appending: [Int32](repeating: 1, count: 37))
        #expect(throws: ModelError.sequenceTooLong(length: 38, maximum: 37)) {
            try session.logits(appending: [1])
        }
        #expect(session.tokenCount == 37)
    }

    @Test func aTokenOutsideTheVocabularyIsAnErrorAndChangesNothing() throws {
        let session = try smallModel().makeSession()
        _ = try session.logits(appending: [1, 2])
        #expect(
            throws: ModelError.tokenOutsideVocabulary(token: 61, index: 2, vocabularySize: 61)
        ) {
            try session.logits(appending: [61])
        }
        #expect(session.tokenCount == 2)
    }

    @Test(.enabled(if: TestData.isAvailable, Comment(rawValue: TestData.skipReason)))
    func theRealModelGivesItsReferenceTokens() throws {
        struct Reference: Decodable {
            let prompt_ids: [Int32]
            let greedy_ids: [Int32]
            let last_logits: [Float]
        }
        let json = try MappedFile(TestData.path("tiny-gpt2/reference_numpy.json")).contents()
        let references = try JSONDecoder().decode([Reference].self, from: Data(json))
        let model = try GPT2(
            llmcCheckpoint: TestData.path("tiny-gpt2/capp_gpt_llmc_v3.bin"),
            ops: Ops()
        )
        #expect(references.count == 3)
        for reference in references {
            let logits = try model.makeSession().logits(appending: reference.prompt_ids)
            let difference = zip(logits, reference.last_logits).map { abs($0 - $1) }.max() ?? .nan
            print("tiny-gpt2 logits: largest difference \(difference)")
            #expect(difference <= 1e-4)

            var generator = try TokenGenerator(
                model,
                prompt: reference.prompt_ids,
                sampler: Sampler(.greedy, seed: 0),
                maxTokens: reference.greedy_ids.count
            )
            while try generator.next() != nil {}
            #expect(generator.tokens == reference.greedy_ids)
        }
    }
}
