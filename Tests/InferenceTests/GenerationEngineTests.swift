import Inference
import Testing

/// Logits that depend on every token of the sequence and its position.
private func mixingModel() -> ScriptedModel {
    ScriptedModel(vocabularySize: 23, contextLength: 40) { tokens in
        let hash = tokens.enumerated().reduce(7) { ($0 * 31 + Int($1.element) + $1.offset) % 9973 }
        return (0..<23).map { Float((hash * ($0 + 3) * ($0 + 11)) % 101) / 20 }
    }
}

private let prompts: [[Int32]] = [[1], [4, 5, 6], [1], [4, 5], [4, 5, 6]]

@Suite struct GenerationEngineTests {
    @Test(arguments: ContextOverflow.allCases)
    func eachSequenceIsTheSameAsAlone(overflow: ContextOverflow) throws {
        let options = try SamplingOptions(topK: 8, repetitionPenalty: 1.1)
        let limits = GenerationLimits(
            maxTokens: 60,
            endTokens: [22],
            contextOverflow: overflow
        )
        let samplers = prompts.indices.map { Sampler(options, seed: UInt64($0)) }
        let batch = try GenerationEngine(
            mixingModel(),
            prompts: prompts,
            samplers: samplers,
            limits: limits
        )
        while try batch.next() != nil {}
        for (index, prompt) in prompts.enumerated() {
            let alone = try TokenGenerator(
                mixingModel(),
                prompt: prompt,
                sampler: samplers[index],
                limits: limits
            )
            while try alone.next() != nil {}
            #expect(batch[index].tokens == alone.tokens)
            #expect(batch[index].stopReason == alone.stopReason)
            #expect(batch[index].promptTokenCount == prompt.count)
        }
        // They end at different times, or the test would show little.
        #expect(Set(batch.sequences.map { batch[$0].generatedTokenCount }).count > 2)
    }

    @Test func equalPromptsAreComputedOnce() throws {
        let model = mixingModel()
        let batch = try GenerationEngine(
            model,
            prompts: prompts,
            samplers: prompts.map { _ in Sampler(.greedy, seed: 0) },
            limits: GenerationLimits(maxTokens: 3)
        )
        try batch.readPrompts()
        try batch.readPrompts()
        #expect(
            model.record.passes == [
                [
                    SequencePart(sequence: 0, tokens: [1]),
                    SequencePart(sequence: 1, tokens: [4, 5, 6]),
                    SequencePart(sequence: 3, tokens: [4, 5]),
                ]
            ]
        )
        #expect(Set(model.record.copies) == [[0, 2, 1], [1, 4, 3]])
    }

    @Test func aRoundIsOnePassWithATokenOfEachActiveSequence() throws {
        let model = ScriptedModel.counting(vocabularySize: 10)
        let batch = try GenerationEngine(
            model,
            prompts: [[2], [7], [4]],
            samplers: Array(repeating: Sampler(.greedy, seed: 0), count: 3),
            limits: GenerationLimits(maxTokens: 5, endTokens: [9])
        )
        var rounds: [[Int32?]] = []
        while let events = try batch.next() {
            #expect(events.map(\.sequence) == events.map(\.sequence).sorted())
            rounds.append(events.map(\.token))
        }
        #expect(
            rounds == [[3, 8, 5], [4, nil, 6], [5, 7], [6, 8], [7, nil], [nil]]
        )
        #expect(
            model.record.passes.map { $0.map(\.sequence) } == [
                [0, 1, 2], [0, 1, 2], [0, 2], [0, 2], [0, 2],
            ]
        )
        #expect(batch.sequences.map { batch[$0].stopReason } == [.length, .endOfText, .endOfText])
    }

    @Test func aSequenceThatSlidesDoesSoInThePassOfTheOthers() throws {
        let model = ScriptedModel.counting(vocabularySize: 50, contextLength: 4)
        let batch = try GenerationEngine(
            model,
            prompts: [[10], [20, 21, 22, 23]],
            samplers: Array(repeating: Sampler(.greedy, seed: 0), count: 2),
            limits: GenerationLimits(maxTokens: 3, contextOverflow: .slide)
        )
        while try batch.next() != nil {}
        #expect(
            model.record.passes.map { $0.map(\.tokens) } == [
                [[10], [20, 21, 22, 23]], [[11], [23, 24]], [[12], [25]],
            ]
        )
        #expect(batch[1].tokens == [24, 25, 26])
    }

    @Test func promptsAreCutIndividually() throws {
        let model = ScriptedModel.counting(vocabularySize: 50, contextLength: 4)
        let batch = try GenerationEngine(
            model,
            prompts: [[9, 1, 2, 3, 4, 5], [20, 21], [30, 31, 32, 33, 34]],
            samplers: Array(repeating: Sampler(.greedy, seed: 0), count: 3),
            limits: GenerationLimits(maxTokens: 3, contextOverflow: .slide, startToken: 9)
        )
        while try batch.next() != nil {}
        #expect(model.record.passes[0].map(\.tokens) == [[9, 5], [20, 21], [33, 34]])
        #expect(batch.sequences.map { batch[$0].promptTokenCount } == [2, 2, 2])
        let tokens = batch.sequences.map { batch[$0].tokens }
        #expect(tokens == [[6, 7, 8], [22, 23, 24], [35, 36, 37]])
    }

    @Test(arguments: [(0, 3), (1, 4), (4, 7), (5, 8), (6, 8), (Int.max, 8)])
    func aSessionHasRoomForWhatMayComeAndNoMore(maxTokens: Int, capacity: Int) throws {
        let model = ScriptedModel.counting(vocabularySize: 50, contextLength: 8)
        let batch = try GenerationEngine(
            model,
            prompts: [[10], [20, 21, 22]],
            samplers: Array(repeating: Sampler(.greedy, seed: 0), count: 2),
            limits: GenerationLimits(maxTokens: maxTokens)
        )
        while try batch.next() != nil {}
        #expect(model.record.capacities == [capacity])
        #expect(batch[1].generatedTokenCount == min(maxTokens, 6))
    }

    @Test func theCallerCanEndOneSequence() throws {
        let batch = try GenerationEngine(
            ScriptedModel.counting(vocabularySize: 50),
            prompts: [[10], [20]],
            samplers: Array(repeating: Sampler(.greedy, seed: 0), count: 2),
            limits: GenerationLimits(maxTokens: 3)
        )
        _ = try batch.next()
        batch.end(0, .stopString)
        batch.end(0, .interrupted)
        while try batch.next() != nil {}
        #expect(batch.sequences.map { batch[$0].tokens } == [[11], [21, 22, 23]])
        #expect(batch.sequences.map { batch[$0].stopReason } == [.stopString, .length])
    }

    @Test func aSessionGrowsIsCutBackAndCopied() throws {
        let session = try ScriptedModel.counting(vocabularySize: 9).makeSession(sequenceCount: 2)
        _ = try session.logits(appending: [1, 2, 3])
        #expect(session.tokenCount == 3)
        session.truncate(0, to: 1)
        try session.copy(0, to: 1)
        #expect(session.tokenCount(of: 1) == 1)
        #expect(try session.logits(appending: [5, 6])[7] == 10)
        #expect(session.tokenCount == 3)
    }
}
