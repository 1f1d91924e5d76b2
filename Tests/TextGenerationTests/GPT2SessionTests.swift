// Generation with real GPT-2s: a session, however its tokens arrive, predicts the same as a pass
// over the whole sequence.

import FileIO
import Foundation
import Inference
import LanguageModels
import RandomNumbers
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

private func smallDecoder() throws -> GPT2Decoder { try GPT2Decoder(smallModel()) }

/// The largest difference between two rows of logits; infinite if one of them is NaN.
private func largestDifference(_ a: some Collection<Float>, _ b: some Collection<Float>) -> Float {
    guard a.count == b.count, !a.isEmpty else { return .infinity }
    return zip(a, b).reduce(0) { largest, pair in
        // `max` would ignore NaN.
        let difference = abs(pair.0 - pair.1)
        return difference.isNaN ? .infinity : max(largest, difference)
    }
}

@Suite(.serialized) struct GPT2SessionTests {
    @Test func aSessionPredictsTheSameAsAWholePass() throws {
        let model = try smallModel()
        let tokens = (0..<37).map { Int32($0 * 7 % 61) }
        let workspace = try TrainingWorkspace(
            model,
            batchSize: 1,
            sequenceLength: tokens.count,
            training: nil
        )
        let expected = try model.allLogits(inputs: tokens, workspace: workspace)
        let session = try GPT2Decoder(model).makeSession()
        // A prompt, then one token at a time up to the full context.
        for end in [5] + Array(6...37) {
            let logits = try session.logits(
                appending: Array(tokens[session.tokenCount..<end])
            )
            #expect(session.tokenCount == end)
            #expect(logits.count == 61)
            let difference = largestDifference(logits, expected[end - 1])
            #expect(difference <= 1e-5, "after \(end) tokens")
        }
    }

    @Test func aTokenTooManyIsAnErrorAndChangesNothing() throws {
        let model = try smallDecoder()
        let session = try model.makeSession()
        _ = try session.logits(appending: [Int32](repeating: 1, count: 37))
        #expect(throws: ModelError.sequenceTooLong(length: 38, maximum: 37)) {
            try session.logits(appending: [1])
        }
        #expect(session.tokenCount == 37)
    }

    @Test func aSessionHoldsNoMoreThanItsCapacity() throws {
        let session = try smallDecoder().makeSession(sequenceCount: 2, tokenCapacity: 3)
        #expect(session.tokenCapacity == 3)
        let expected = try smallDecoder().makeSession().logits(appending: [1, 2, 3])
        #expect(try session.logits(appending: [1, 2, 3]) == expected)
        #expect(throws: ModelError.sequenceTooLong(length: 4, maximum: 3)) {
            try session.logits(appending: [4])
        }
        #expect(session.tokenCount == 3)
    }

    @Test func aTokenOutsideTheVocabularyIsAnErrorAndChangesNothing() throws {
        let session = try smallDecoder().makeSession()
        _ = try session.logits(appending: [1, 2])
        #expect(
            throws: ModelError.tokenOutsideVocabulary(token: 61, index: 2, vocabularySize: 61)
        ) {
            try session.logits(appending: [61])
        }
        #expect(session.tokenCount == 2)
    }

    @Test func aBatchPredictsTheSameAsEachSequenceAlone() throws {
        let model = try smallDecoder()
        let session = try model.makeSession(sequenceCount: 3)
        var held: [[Int32]] = [[], [], []]
        let passes: [[SequencePart]] = [
            [
                SequencePart(sequence: 0, tokens: [1, 2, 3]),
                SequencePart(sequence: 2, tokens: [60]),
            ],
            [SequencePart(sequence: 2, tokens: [5]), SequencePart(sequence: 0, tokens: [6, 7])],
            [SequencePart(sequence: 1, tokens: Array(0..<37))],
        ]
        for parts in passes {
            var logits = [Float](repeating: 0, count: parts.count * 61)
            var span = logits.mutableSpan
            try session.append(parts, predicting: &span)
            for (row, part) in parts.enumerated() {
                held[part.sequence] += part.tokens
                let alone = try model.makeSession().logits(appending: held[part.sequence])
                let difference = largestDifference(alone, logits[row * 61..<(row + 1) * 61])
                #expect(difference <= 1e-5)
                #expect(session.tokenCount(of: part.sequence) == held[part.sequence].count)
            }
        }
    }

    @Test func aSequenceCutBackOrCopiedContinuesFromThere() throws {
        let model = try smallDecoder()
        let session = try model.makeSession(sequenceCount: 2)
        _ = try session.logits(appending: [1, 2, 3, 4])
        session.truncate(0, to: 2)
        try session.copy(0, to: 1)
        let expected = try model.makeSession().logits(appending: [1, 2, 9])
        #expect(try session.logits(appending: [9]) == expected)
        #expect(session.tokenCount(of: 1) == 2)
        var copied = [Float](repeating: 0, count: 61)
        var span = copied.mutableSpan
        try session.append([SequencePart(sequence: 1, tokens: [9])], predicting: &span)
        #expect(copied == expected)
    }

    @Test func anErrorInOnePartLeavesAllSequencesUnchanged() throws {
        let session = try smallDecoder().makeSession(sequenceCount: 2)
        var logits = [Float](repeating: 0, count: 2 * 61)
        var span = logits.mutableSpan
        #expect(throws: ModelError.self) {
            try session.append(
                [
                    SequencePart(sequence: 0, tokens: [1]),
                    SequencePart(sequence: 1, tokens: [61]),
                ],
                predicting: &span
            )
        }
        #expect(session.tokenCount(of: 0) == 0)
        #expect(session.tokenCount(of: 1) == 0)
    }

    @Test func textsOfABatchAreTheSameAsAlone() throws {
        let model = try smallDecoder()
        let options = try SamplingOptions(temperature: 1.5, topP: 0.9, repetitionPenalty: 1.2)
        for overflow in ContextOverflow.allCases {
            let limits = GenerationLimits(
                maxTokens: 50,
                endTokens: [60],
                contextOverflow: overflow
            )
            let prompts: [[Int32]] = [[1, 2, 3], [7], [1, 2, 3]]
            let samplers = (0..<3).map { Sampler(options, seed: $0) }
            let batch = try GenerationEngine(
                model,
                prompts: prompts,
                samplers: samplers,
                limits: limits
            )
            while try batch.next() != nil {}
            for index in 0..<3 {
                let alone = try TokenGenerator(
                    model,
                    prompt: prompts[index],
                    sampler: samplers[index],
                    limits: limits
                )
                while try alone.next() != nil {}
                #expect(batch[index].tokens == alone.tokens)
                #expect(batch[index].stopReason == alone.stopReason)
            }
        }
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
        let model = try GPT2Decoder(
            llmcCheckpoint: TestData.path("tiny-gpt2/capp_gpt_llmc_v3.bin"),
            ops: Ops()
        )
        #expect(references.count == 3)
        for reference in references {
            let logits = try model.makeSession().logits(appending: reference.prompt_ids)
            let difference = largestDifference(logits, reference.last_logits)
            print("tiny-gpt2 logits: largest difference \(difference)")
            #expect(difference <= 1e-4)

            let generator = try TokenGenerator(
                model,
                prompt: reference.prompt_ids,
                sampler: Sampler(.greedy, seed: 0),
                limits: GenerationLimits(maxTokens: reference.greedy_ids.count)
            )
            while try generator.next() != nil {}
            #expect(generator.tokens == reference.greedy_ids)
        }
    }
}
