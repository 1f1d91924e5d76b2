// The pass of a Llama 2: one token at a time, in chunks, in batches, and in every precision.
// ParityTests compares its results with transformers.

import Inference
import RandomNumbers
import Tensors
import Testing

@testable import LanguageModels

/// Sizes with shared heads, a head size that is not a vector, and columns that are not whole
/// blocks: L2 NH6 NKV2 C36 H44 maxT300 V13.
func smallLlama(
    keyValueHeads: Int = 2,
    separate: Bool = false,
    channels: Int = 36,
    hidden: Int = 44,
    context: Int = 300
) throws -> Llama2Configuration {
    try Llama2Configuration(
        contextLength: context,
        vocabularySize: 13,
        layerCount: 2,
        headCount: keyValueHeads * 3,
        keyValueHeadCount: keyValueHeads,
        channels: channels,
        hiddenChannels: hidden,
        hasSeparateClassifier: separate
    )
}

/// Random weights, larger than those of a new model, so that no part of it is close to linear.
func randomLlama(_ configuration: Llama2Configuration) throws -> MemoryWeights<Llama2Configuration>
{
    var generator = MersenneTwister(seed: 3)
    let checkpoint = try MemoryWeights(randomWeights: configuration, using: &generator)
    for weight in configuration.weights where weight.role != .norm {
        checkpoint.tensor(weight).withUnsafeMutableElements(as: Float.self) { floats in
            for i in floats.indices { floats[i] *= 10 }
        }
    }
    return checkpoint
}

@Suite struct Llama2DecoderTests {
    @Test(arguments: [(1, false), (2, true)])
    func aPromptAtOnceGivesTheSameAsItsTokensOneByOne(heads: Int, separate: Bool) throws {
        let configuration = try smallLlama(
            keyValueHeads: heads,
            separate: separate,
            channels: heads * 18
        )
        let model = try Llama2Decoder(randomLlama(configuration), ops: Ops(threadCount: 1))
        // More than one chunk.
        let tokens = randomTokens(290, vocabularySize: 13)
        let session = try model.makeSession()
        var oneByOne: [Float] = []
        for token in tokens { oneByOne = try session.logits(appending: [token]) }
        let atOnce = try model.makeSession().logits(appending: tokens)
        #expect(largestDifference(oneByOne, atOnce) <= 1e-4)
        #expect(Set(atOnce).count == 13)
    }

    @Test func sequencesOfABatchAreIndependent() throws {
        let model = try Llama2Decoder(randomLlama(smallLlama()), ops: Ops(threadCount: 2))
        let texts = [randomTokens(7, vocabularySize: 13), randomTokens(3, vocabularySize: 13)]
        let session = try model.makeSession(sequenceCount: 2)
        var logits = [Float](repeating: .nan, count: 2 * 13)
        var span = logits.mutableSpan
        try session.append(
            texts.enumerated().map { SequencePart(sequence: $0.offset, tokens: $0.element) },
            predicting: &span
        )
        for (index, text) in texts.enumerated() {
            let alone = try model.makeSession().logits(appending: text)
            let row = Array(logits[index * 13..<(index + 1) * 13])
            #expect(largestDifference(row, alone) <= 1e-5)
        }
    }

    @Test func aTruncatedSequenceContinuesAsIfItHadNeverBeenLonger() throws {
        let model = try Llama2Decoder(randomLlama(smallLlama()), ops: Ops(threadCount: 1))
        let session = try model.makeSession()
        _ = try session.logits(appending: [1, 2, 3, 4, 5])
        session.truncate(0, to: 2)
        let again = try session.logits(appending: [6])
        let fresh = try model.makeSession().logits(appending: [1, 2, 6])
        #expect(largestDifference(again, fresh) <= 1e-5)
    }

    /// Bounds are four times what was seen.
    @Test(arguments: [
        (ElementType.bfloat16, 0.05 as Float), (.q8_0, 0.05), (.q8_f32, 0.05), (.q4_0, 0.8),
    ])
    func otherPrecisionsAreClose(precision: ElementType, bound: Float) throws {
        let checkpoint = try randomLlama(smallLlama(channels: 36, hidden: 70))
        let ops = try Ops(threadCount: 2)
        let tokens = randomTokens(12, vocabularySize: 13)
        func logits(_ precision: ElementType, _ cache: ElementType) throws -> [Float] {
            try Llama2Decoder(checkpoint, precision: precision, cachePrecision: cache, ops: ops)
                .makeSession().logits(appending: tokens)
        }
        let exact = try logits(.float32, .float32)
        let difference = try largestDifference(logits(precision, .float32), exact)
        print("\(precision): \(difference) of \(exact.map { abs($0) }.max() ?? 0)")
        #expect(difference <= bound && difference > 0)
        #expect(try largestDifference(logits(.float32, .bfloat16), exact) <= 0.05)
    }

    @Test func nanInAnEmbeddingReachesOnlyTheSequencesThatHoldItsToken() throws {
        let checkpoint = try randomLlama(smallLlama(separate: true))
        let embedding = checkpoint.tensor(checkpoint.configuration.weight(.tokenEmbedding))
        embedding.withUnsafeMutableElements(as: Float.self) { $0[5 * 36] = .nan }
        let model = try Llama2Decoder(checkpoint, ops: Ops(threadCount: 1))
        let damaged = try model.makeSession().logits(appending: [1, 5, 2])
        #expect(damaged.allSatisfy { $0.isNaN })
        let whole = try model.makeSession().logits(appending: [1, 4, 2])
        #expect(whole.allSatisfy { $0.isFinite })
    }

    @Test func tokensOutsideTheVocabularyAndTooManyAreRefused() throws {
        let model = try Llama2Decoder(randomLlama(smallLlama()), ops: Ops(threadCount: 1))
        let session = model.makeSession(sequenceCount: 1, tokenCapacity: 4)
        #expect(throws: ModelError.self) { try session.logits(appending: [13]) }
        #expect(throws: ModelError.self) { try session.logits(appending: [1, 2, 3, 4, 5]) }
        #expect(session.tokenCount == 0)
    }
}
