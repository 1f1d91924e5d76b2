// Sequences continued with a cache, compared with a single pass over all their tokens.

import FileIO
import Foundation
import Inference
import LanguageModels
import Tensors
import TestSupport
import Testing

@Suite(.serialized) struct CachedDecodingTests {
    /// The allowed error of logits of up to 3, or of losses: four times what was seen.
    private static let tolerance: Float = 4e-6

    /// Continues a prompt greedily, and compares every token with one pass over the whole text:
    /// positions only see earlier ones, so that pass predicts the same as passes over beginnings of
    /// the text.
    private func expectGreedyTokens(_ model: GPT2, prompt: [Int32], count: Int) throws -> [Int32] {
        let session = try GPT2Decoder(model).makeSession()
        var tokens = prompt
        var logits = try session.logits(appending: prompt)
        for _ in 0..<count {
            let token = try #require(best(logits))
            tokens.append(token)
            if tokens.count < model.configuration.contextLength {
                logits = try session.logits(appending: [token])
            }
        }
        let expected = try wholePass(model, Array(tokens.dropLast()))
        let found = tokens[prompt.count...]
        #expect(expected[(prompt.count - 1)...].map { best($0) } == found.map { $0 })
        return Array(found)
    }

    @Test func fiveHundredGreedyTokensMatchAPassOverTheWholeText() throws {
        let tokens = try expectGreedyTokens(
            livelyModel(contextLength: 512),
            prompt: [1, 2, 3, 4, 5],
            count: 500
        )
        // Otherwise every model would pass.
        #expect(Set(tokens).count > 10)
    }

    @Test(.enabled(if: TestData.isAvailable, Comment(rawValue: TestData.skipReason)))
    func fiveHundredGreedyTokensOfTheRealModelMatchAPassOverTheWholeText() throws {
        struct Reference: Decodable {
            let prompt_ids: [Int32]
        }
        let json = try MappedFile(TestData.path("tiny-gpt2/reference_numpy.json")).contents()
        let references = try JSONDecoder().decode([Reference].self, from: Data(json))
        let model = try GPT2(
            llmcCheckpoint: TestData.path("tiny-gpt2/capp_gpt_llmc_v3.bin"),
            ops: Ops()
        )
        for reference in references {
            let prompt = Array(reference.prompt_ids.prefix(12))
            let tokens = try expectGreedyTokens(model, prompt: prompt, count: 500)
            #expect(Set(tokens).count > 2)
        }
    }

    /// Lengths around one chunk, and of several.
    @Test(arguments: [255, 256, 257, 600])
    func aPromptOfSeveralChunksPredictsWhatAWholePassDoes(length: Int) throws {
        let model = try livelyModel(contextLength: 640)
        let tokens = randomTokens(length, vocabularySize: 61)
        let expected = try wholePass(model, tokens)[length - 1]
        let decoder = try GPT2Decoder(model)
        let splits = [0, 1, 16, 17, 254, 255, 256, 257, 300, 511, 512, 513, 599]
        var largest: Float = 0
        for split in splits where split < length {
            let session = try decoder.makeSession()
            if split > 0 { _ = try session.logits(appending: Array(tokens[..<split])) }
            let logits = try session.logits(appending: Array(tokens[split...]))
            #expect(session.tokenCount == length)
            let difference = largestDifference(logits, expected)
            largest = max(largest, difference)
            #expect(difference <= Self.tolerance, "\(split) tokens, then the others")
        }
        print("\(length) tokens: largest difference \(largest), logit \(expected.max() ?? 0)")
    }

    @Test func partsSplitByChunksPredictTheSameAsAlone() throws {
        let model = try livelyModel(contextLength: 640)
        let decoder = try GPT2Decoder(model)
        let session = try decoder.makeSession(sequenceCount: 4)
        let prompts = [255, 2, 600, 1].enumerated().map {
            randomTokens($1, vocabularySize: 61, seed: UInt64($0))
        }
        var logits = [Float](repeating: 0, count: 4 * 61)
        var span = logits.mutableSpan
        try session.append(
            prompts.enumerated().map { SequencePart(sequence: $0, tokens: $1) },
            predicting: &span
        )
        for (index, prompt) in prompts.enumerated() {
            let expected = try wholePass(model, prompt)[prompt.count - 1]
            let found = logits[index * 61..<(index + 1) * 61]
            #expect(largestDifference(found, expected) <= Self.tolerance, "sequence \(index)")
        }
    }

    @Test func sequencesDecodedTogetherHaveTheSameBitsAsAlone() throws {
        let decoder = try GPT2Decoder(livelyModel(contextLength: 128))
        let prompts: [[Int32]] = [[1, 2, 3], [60], Array(0..<40)]
        let together = try decoder.makeSession(sequenceCount: 3)
        let alone = try prompts.map { _ in try decoder.makeSession() }
        var next = prompts
        for _ in 0..<60 {
            // The prompts are read one by one, because a pass over many rows may round differently.
            var rows: [ArraySlice<Float>] = []
            var logits = [Float](repeating: 0, count: 3 * 61)
            if next[0].count > 1 {
                for (index, prompt) in next.enumerated() {
                    var row = [Float](repeating: 0, count: 61)
                    var span = row.mutableSpan
                    try together.append(
                        [SequencePart(sequence: index, tokens: prompt)],
                        predicting: &span
                    )
                    rows.append(row[...])
                }
            } else {
                var span = logits.mutableSpan
                try together.append(
                    next.enumerated().map { SequencePart(sequence: $0, tokens: $1) },
                    predicting: &span
                )
                rows = (0..<3).map { logits[$0 * 61..<($0 + 1) * 61] }
            }
            for index in 0..<3 {
                let expected = try alone[index].logits(appending: next[index])
                #expect(Array(rows[index]) == expected)
            }
            next = rows.map { [best($0) ?? 0] }
        }
    }

    @Test func aSlidingWindowEncodesItsTailAgain() throws {
        let decoder = try GPT2Decoder(livelyModel(contextLength: 32))
        let prompt: [Int32] = [1, 2, 3, 4, 5]
        let generator = try TokenGenerator(
            decoder,
            prompt: prompt,
            sampler: Sampler(.greedy, seed: 0),
            limits: GenerationLimits(maxTokens: 100, contextOverflow: .slide)
        )
        while try generator.next() != nil {}

        var history = prompt
        var session = try decoder.makeSession()
        var unseen = prompt
        for _ in 0..<100 {
            if session.tokenCount + unseen.count > 32 {
                session = try decoder.makeSession()
                unseen = history.suffix(16)
            }
            let token = try #require(best(try session.logits(appending: unseen)))
            history.append(token)
            unseen = [token]
        }
        #expect(generator.tokens == Array(history.dropFirst(prompt.count)))
        #expect(Set(generator.tokens).count > 5)
    }

    @Test func aFullPromptContinuesFromItsLaterHalf() throws {
        let decoder = try GPT2Decoder(livelyModel(contextLength: 32))
        let prompt = randomTokens(32, vocabularySize: 61)
        let generator = try TokenGenerator(
            decoder,
            prompt: prompt,
            sampler: Sampler(.greedy, seed: 0),
            limits: GenerationLimits(maxTokens: 2, contextOverflow: .slide)
        )
        while try generator.next() != nil {}
        let first = try #require(best(try decoder.makeSession().logits(appending: prompt)))
        let tail = Array((prompt + [first]).suffix(16))
        let second = try #require(best(try decoder.makeSession().logits(appending: tail)))
        #expect(generator.tokens == [first, second])
    }

    @Test func aTextIsTheSameForAnyNumberOfThreads() throws {
        let tokens = try (1...3).map { threads in
            let model = try livelyModel(contextLength: 256, ops: Ops(threadCount: threads))
            let generator = try TokenGenerator(
                GPT2Decoder(model),
                prompt: randomTokens(100, vocabularySize: 61),
                sampler: Sampler(.greedy, seed: 0),
                limits: GenerationLimits(maxTokens: 150)
            )
            while try generator.next() != nil {}
            return generator.tokens
        }
        #expect(tokens[0] == tokens[1])
        #expect(tokens[0] == tokens[2])
    }

    @Test func lossesMatchTheModelInTraining() throws {
        let model = try livelyModel(contextLength: 300)
        let (B, T) = (3, 300)
        let inputs = randomTokens(B * T, vocabularySize: 61)
        let targets = randomTokens(B * T, vocabularySize: 61, seed: 4)
        let expected = try model.tokenLosses(
            inputs: inputs,
            targets: targets,
            at: Array(0..<B * T),
            workspace: model.makeScoringWorkspace(batchSize: B, sequenceLength: T)
        )
        let session = try GPT2Decoder(model).makeSession(sequenceCount: B)
        // Targets at the end of each part: all, the last few, one, and none.
        let shapes = [
            [300: 300, 600: 300, 900: 300], [300: 50, 600: 3], [1: 1], [300: 0, 900: 7],
        ]
        for counts in shapes {
            let parts = counts.sorted { $0.key < $1.key }.map { end, count in
                let start = (end - 1) / T * T
                return ScoredPart(
                    sequence: start / T,
                    tokens: Array(inputs[start..<end]),
                    targets: Array(targets[end - count..<end])
                )
            }
            for sequence in 0..<B { session.truncate(sequence, to: 0) }
            let found = try session.losses(appending: parts)
            #expect(found.map(\.count) == parts.map(\.targets.count))
            for (end, losses) in zip(counts.keys.sorted(), found) {
                for (a, b) in zip(losses, expected[(end - losses.count)...]) {
                    #expect(abs(a - b) <= Self.tolerance)
                }
            }
        }
    }

    @Test func lossesOfALaterPartTakeInThoseBefore() throws {
        let decoder = try GPT2Decoder(livelyModel(contextLength: 64))
        let tokens = randomTokens(60, vocabularySize: 61)
        let all = ScoredPart(
            sequence: 0,
            tokens: tokens.dropLast(),
            targets: Array(tokens[20...])
        )
        let whole = try decoder.makeSession().losses(appending: [all])[0]
        let session = try decoder.makeSession()
        _ = try session.logits(appending: Array(tokens[..<30]))
        let rest = ScoredPart(
            sequence: 0,
            tokens: Array(tokens[30..<59]),
            targets: Array(tokens[31...])
        )
        let later = try session.losses(appending: [rest])[0]
        #expect(session.tokenCount == 59)
        try #require(later.count == 29)
        for (a, b) in zip(later, whole.suffix(29)) { #expect(abs(a - b) <= Self.tolerance) }
    }

    @Test func lossesFromLogitsMatchTheModel() throws {
        let decoder = try GPT2Decoder(livelyModel(contextLength: 64))
        let tokens = randomTokens(60, vocabularySize: 61)
        let parts = [
            ScoredPart(sequence: 0, tokens: tokens.dropLast(), targets: Array(tokens[20...])),
            ScoredPart(sequence: 1, tokens: [3, 4], targets: []),
            ScoredPart(sequence: 2, tokens: [5], targets: [6]),
        ]
        let expected = try decoder.makeSession(sequenceCount: 3).losses(appending: parts)
        let plain = PlainSession(try decoder.makeSession(sequenceCount: 3))
        let found = try plain.losses(appending: parts)
        #expect(found.map(\.count) == [40, 0, 1])
        for (a, b) in zip(found.joined(), expected.joined()) {
            #expect(abs(a - b) <= Self.tolerance)
        }
        #expect((0..<3).map { plain.tokenCount(of: $0) } == [59, 2, 1])
    }

    @Test func targetsOutsideTheVocabularyAreRefusedAndLeaveTheSequencesUnchanged() throws {
        let session = try GPT2Decoder(livelyModel(contextLength: 64)).makeSession()
        _ = try session.logits(appending: [1, 2])
        #expect(
            throws: ModelError.tokenOutsideVocabulary(token: 61, index: 5, vocabularySize: 61)
        ) {
            let part = ScoredPart(sequence: 0, tokens: [1, 2, 3], targets: [4, 61])
            return try session.losses(appending: [part])
        }
        #expect(session.tokenCount == 2)
    }
}

/// A session that computes losses from its logits, in the way that is available to every session.
private final class PlainSession: DecodingSession {
    private let session: any DecodingSession

    init(_ session: any DecodingSession) { self.session = session }

    var vocabularySize: Int { session.vocabularySize }
    var sequenceCount: Int { session.sequenceCount }
    var tokenCapacity: Int { session.tokenCapacity }

    func tokenCount(of sequence: Int) -> Int { session.tokenCount(of: sequence) }

    func append(_ parts: [SequencePart], predicting logits: inout MutableSpan<Float>) throws {
        try session.append(parts, predicting: &logits)
    }

    func truncate(_ sequence: Int, to tokenCount: Int) {
        session.truncate(sequence, to: tokenCount)
    }

    func copy(_ source: Int, to destination: Int, tokenCount: Int) throws {
        try session.copy(source, to: destination, tokenCount: tokenCount)
    }
}
