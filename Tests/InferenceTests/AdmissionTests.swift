// Sequences that come and go while others generate, and that are continued or cut back.

import Inference
import Testing

private func greedy() -> Sampler { Sampler(.greedy, seed: 0) }

private func limits(_ maxTokens: Int, ends: Set<Int32> = []) -> GenerationLimits {
    GenerationLimits(maxTokens: maxTokens, endTokens: ends)
}

/// Runs an engine to its end.
private func finish(_ engine: GenerationEngine) throws {
    while try engine.next() != nil {}
}

@Suite struct AdmissionTests {
    @Test func aSequenceCanBeAddedWhileOthersGenerate() throws {
        let model = ScriptedModel.counting(vocabularySize: 50)
        let engine = try GenerationEngine(model, sequenceCount: 2)
        #expect(try engine.next() == nil)
        #expect(try engine.add(prompt: [10], sampler: greedy(), limits: limits(4)) == 0)
        _ = try engine.next()
        #expect(engine.freeCount == 1)
        #expect(try engine.add(prompt: [20, 21], sampler: greedy(), limits: limits(2)) == 1)
        try finish(engine)
        #expect(engine[0].tokens == [11, 12, 13, 14])
        #expect(engine[1].tokens == [22, 23])
        // The new prompt is read in the pass of the other's token.
        #expect(model.record.passes[1].map(\.tokens) == [[11], [20, 21]])
    }

    @Test func aFreedPlaceIsReused() throws {
        let engine = try GenerationEngine(
            ScriptedModel.counting(vocabularySize: 50),
            sequenceCount: 2
        )
        try engine.add(prompt: [10], sampler: greedy(), limits: limits(2))
        try engine.add(prompt: [20], sampler: greedy(), limits: limits(5))
        _ = try engine.next()
        engine.remove(0)
        #expect(engine.sequences == [1])
        #expect(try engine.add(prompt: [30], sampler: greedy(), limits: limits(2)) == 0)
        try finish(engine)
        #expect(engine[0].tokens == [31, 32])
        #expect(engine[1].tokens == [21, 22, 23, 24, 25])
    }

    @Test func sequencesCanLeaveAndJoinBetweenPromptsAndTokens() throws {
        let engine = try GenerationEngine(
            ScriptedModel.counting(vocabularySize: 50),
            sequenceCount: 3
        )
        for token in [10, 20, 30] as [Int32] {
            try engine.add(prompt: [token], sampler: greedy(), limits: limits(2))
        }
        try engine.readPrompts()
        engine.remove(0)
        engine.remove(1)
        for token in [40, 5] as [Int32] {
            try engine.add(prompt: [token], sampler: greedy(), limits: limits(2))
        }
        try finish(engine)
        #expect(engine.sequences.map { engine[$0].tokens } == [[41, 42], [6, 7], [31, 32]])
    }

    @Test func aLongPromptIsReadInPiecesBetweenTheTokensOfOthers() throws {
        let model = ScriptedModel.counting(vocabularySize: 50, contextLength: 20)
        let engine = try GenerationEngine(model, sequenceCount: 3)
        engine.promptTokensPerPass = 4
        try engine.add(prompt: [40], sampler: greedy(), limits: limits(5))
        try engine.add(prompt: Array(1...10), sampler: greedy(), limits: limits(2))
        try engine.add(prompt: [30, 31, 32], sampler: greedy(), limits: limits(2))
        var named: [[Int]] = []
        while let events = try engine.next() { named.append(events.map(\.sequence)) }
        #expect(
            model.record.passes.map { $0.map(\.tokens) } == [
                [[40], [1, 2, 3, 4]], [[41], [5, 6, 7, 8]], [[42], [9, 10], [30, 31]],
                [[43], [11], [32]], [[44], [33]],
            ]
        )
        #expect(named == [[0], [0], [0, 1], [0, 1, 2], [0, 1, 2], [0, 2]])
        #expect(engine[1].tokens == [11, 12])
        #expect(engine[2].tokens == [33, 34])
    }

    @Test func promptsReadInPiecesGiveTheSameAsAtOnce() throws {
        let model = ScriptedModel(vocabularySize: 23, contextLength: 40) { tokens in
            let hash = tokens.enumerated().reduce(7) {
                ($0 * 31 + Int($1.element) + $1.offset) % 9973
            }
            return (0..<23).map { Float((hash * ($0 + 3) * ($0 + 11)) % 101) / 20 }
        }
        let prompts: [[Int32]] = [[1], Array(0..<17), Array(0..<17), [3, 4, 5], Array(5..<19)]
        func generate(_ budget: Int) throws -> [[Int32]] {
            let engine = try GenerationEngine(
                model,
                prompts: prompts,
                samplers: prompts.indices.map { Sampler(.usual, seed: UInt64($0)) },
                limits: limits(12)
            )
            engine.promptTokensPerPass = budget
            if budget % 2 == 0 { try engine.readPrompts() }
            try finish(engine)
            return engine.sequences.map { engine[$0].tokens }
        }
        let whole = try generate(.max)
        for budget in 1...20 { #expect(try generate(budget) == whole, "\(budget) at a time") }
    }

    @Test func aTurnIsContinuedWithoutReadingItAgain() throws {
        let model = ScriptedModel.counting(vocabularySize: 50)
        let engine = try GenerationEngine(model)
        try engine.add(prompt: [1, 2], sampler: greedy(), limits: limits(9, ends: [5]))
        try finish(engine)
        #expect(engine[0].history == [1, 2, 3, 4])
        #expect(engine[0].stopReason == .endOfText)
        try engine.restart(0, with: [1, 2, 3, 4, 20, 21])
        #expect(engine[0].unreadTokenCount == 2)
        #expect(engine[0].promptTokenCount == 6)
        _ = try engine.next()
        #expect(engine[0].tokens == [22])
        #expect(model.record.passes.last?[0].tokens == [20, 21])
    }

    @Test func aSequenceIsCutBackToWhereItsTokensDiffer() throws {
        let model = ScriptedModel.counting(vocabularySize: 50)
        let engine = try GenerationEngine(model)
        try engine.add(prompt: [1, 2, 3], sampler: greedy(), limits: limits(3))
        try finish(engine)
        // The same again: only the last token is read, from which the next is predicted.
        try engine.restart(0, with: [1, 2, 3])
        try finish(engine)
        #expect(engine[0].tokens == [4, 5, 6])
        try engine.restart(0, with: [1, 9])
        try finish(engine)
        #expect(engine[0].tokens == [10, 11, 12])
        let read = model.record.passes.map { $0[0].tokens }
        #expect(read[3] == [3])
        #expect(read[6] == [9])
    }

    @Test func generatedTokensStillCountAfterARestart() throws {
        let model = ScriptedModel(vocabularySize: 6) { _ in [5, 4, 3, 2, 1, 0] }
        let options = try SamplingOptions(temperature: 0, presencePenalty: 100)
        let engine = try GenerationEngine(model)
        let sampler = Sampler(options, seed: 1)
        try engine.add(prompt: [5, 0], sampler: sampler, limits: limits(4))
        _ = try engine.next()
        _ = try engine.next()
        #expect(engine[0].tokens == [0, 1])
        try engine.restart(0, with: [4, 0, 1], generatedCount: 2)
        try finish(engine)
        #expect(engine[0].tokens == [0, 1, 2, 3])
        // A new turn: what was generated before is its prompt.
        try engine.restart(0, with: [4, 0, 1, 2, 3])
        try finish(engine)
        #expect(engine[0].tokens == [0, 1, 2, 3])
    }

    @Test func aPromptThatDoesNotFitLeavesTheSequenceUnchanged() throws {
        let engine = try GenerationEngine(
            ScriptedModel.counting(vocabularySize: 50),
            contextLength: 3
        )
        let error = InferenceError.promptTooLong(tokenCount: 4, maximum: 3)
        #expect(throws: error) {
            try engine.add(prompt: [1, 2, 3, 4], sampler: greedy(), limits: limits(1))
        }
        #expect(engine.freeCount == 1)
        try engine.add(prompt: [1, 2], sampler: greedy(), limits: limits(9))
        #expect(throws: error) { try engine.restart(0, with: [1, 2, 3, 4]) }
        try finish(engine)
        #expect(engine[0].tokens == [3, 4])
        #expect(engine[0].stopReason == .context)
    }

    @Test func anErrorEndsAllSequencesAndTheyCanContinue() throws {
        let model = ScriptedModel(vocabularySize: 9) { tokens in
            var logits = [Float](repeating: 0, count: 9)
            logits[Int(tokens.last ?? 0) + 1] = tokens.count == 3 ? .nan : 1
            return logits
        }
        let engine = try GenerationEngine(model, sequenceCount: 2)
        try engine.add(prompt: [1, 2], sampler: greedy(), limits: limits(5))
        try engine.add(prompt: [4], sampler: greedy(), limits: limits(5))
        _ = try engine.next()
        #expect(throws: InferenceError.self) { try engine.next() }
        #expect(engine.sequences.map { engine[$0].stopReason } == [.interrupted, .interrupted])
        #expect(try engine.next() == nil)
        try engine.restart(1, with: [4])
        #expect(try engine.next()?.map(\.token) == [5])
    }
}
