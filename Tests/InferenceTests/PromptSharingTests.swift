// Common beginnings of prompts are read once, and sequences that must be reproducible get passes of
// their own.

import Inference
import Testing

private func limits(_ maxTokens: Int) -> GenerationLimits { GenerationLimits(maxTokens: maxTokens) }

private func counting() -> ScriptedModel {
    ScriptedModel.counting(vocabularySize: 400, contextLength: 400)
}

private func greedy() -> Sampler { Sampler(.greedy, seed: 0) }

/// How many tokens each part of each pass had.
private func sizes(_ model: ScriptedModel) -> [[Int]] {
    model.record.passes.map { $0.map(\.tokens.count) }
}

@Suite struct PromptSharingTests {
    @Test func aCommonBeginningIsCopiedFromAnotherPrompt() throws {
        let model = counting()
        let engine = try GenerationEngine(model, sequenceCount: 3)
        let system = Array<Int32>(100..<140)
        try engine.add(prompt: system + [1, 2], sampler: greedy(), limits: limits(2))
        try engine.add(prompt: system + [5], sampler: greedy(), limits: limits(2))
        try engine.add(prompt: system + [7, 8, 9], sampler: greedy(), limits: limits(2))
        while try engine.next() != nil {}
        #expect(engine.sequences.map { engine[$0].tokens } == [[3, 4], [6, 7], [10, 11]])
        #expect(engine.sequences.map { engine[$0].reusedTokenCount } == [0, 40, 40])
        #expect(model.record.copies == [[0, 1, 40], [0, 2, 40]])
        // The others wait for the first, and then read their own remainder.
        #expect(sizes(model) == [[42], [1, 1, 3], [1, 1]])
    }

    @Test func othersWaitForTheSharedPartOfAPromptInPieces() throws {
        let model = counting()
        let engine = try GenerationEngine(model, sequenceCount: 2)
        engine.promptTokensPerPass = 30
        let system = Array<Int32>(100..<160)
        try engine.add(prompt: system + Array(200..<290), sampler: greedy(), limits: limits(1))
        try engine.add(prompt: system + [5], sampler: greedy(), limits: limits(1))
        while try engine.next() != nil {}
        #expect(engine.sequences.map { engine[$0].tokens } == [[290], [6]])
        #expect(engine[1].reusedTokenCount == 60)
        #expect(sizes(model) == [[30], [30], [1, 30], [30], [30]])
    }

    @Test func shortBeginningsAreReadByEach() throws {
        let model = counting()
        let engine = try GenerationEngine(model, sequenceCount: 2)
        for last in [1, 5] as [Int32] {
            try engine.add(
                prompt: Array(100..<115) + [last],
                sampler: greedy(),
                limits: limits(1)
            )
        }
        _ = try engine.next()
        #expect(sizes(model) == [[16, 16]])
        #expect(model.record.copies.isEmpty)
    }

    @Test func aPlaceKeepsWhatWasReadForPromptsWithTheSameBeginning() throws {
        let model = counting()
        let engine = try GenerationEngine(model, sequenceCount: 2)
        let system = Array<Int32>(100..<140)
        for prompt in [system + [1], Array(200..<240)] {
            try engine.add(prompt: prompt, sampler: greedy(), limits: limits(1))
        }
        while try engine.next() != nil {}
        engine.remove(0)
        engine.remove(1)
        // The place that has been free longer is the first's, but the second's fits.
        let number = try engine.add(
            prompt: Array(200..<230) + [7],
            sampler: greedy(),
            limits: limits(2)
        )
        #expect(number == 1)
        #expect(engine[number].reusedTokenCount == 30)
        while try engine.next() != nil {}
        #expect(engine[number].tokens == [8, 9])
        #expect(model.record.copies.isEmpty)
        #expect(model.record.passes.last?.map(\.sequence) == [1])
    }

    @Test func whenASequenceIsRemovedThoseThatWaitedReadThemselves() throws {
        let model = counting()
        let engine = try GenerationEngine(model, sequenceCount: 2)
        engine.promptTokensPerPass = 20
        let system = Array<Int32>(100..<180)
        try engine.add(prompt: system + [1], sampler: greedy(), limits: limits(1))
        try engine.add(prompt: system + [5], sampler: greedy(), limits: limits(1))
        _ = try engine.next()
        engine.remove(0)
        while try engine.next() != nil {}
        #expect(engine[1].tokens == [6])
        #expect(engine[1].reusedTokenCount == 20)
    }

    @Test func aPlaceThatHoldsABeginningGetsMoreOfItFromAnother() throws {
        let model = counting()
        let engine = try GenerationEngine(model, sequenceCount: 3)
        let system = Array<Int32>(100..<160)
        for prompt in [system + [1], Array(system.prefix(20)), Array(system.prefix(20)) + [2]] {
            try engine.add(prompt: prompt, sampler: greedy(), limits: limits(1))
        }
        while try engine.next() != nil {}
        engine.remove(1)
        engine.remove(2)
        let copies = model.record.copies.count
        for _ in 1...2 {
            try engine.add(prompt: system + [5, 6], sampler: greedy(), limits: limits(1))
        }
        while try engine.next() != nil {}
        #expect(engine.sequences.map { engine[$0].tokens } == [[2], [7], [7]])
        #expect(engine.sequences.map { engine[$0].reusedTokenCount } == [0, 60, 62])
        #expect(model.record.copies.dropFirst(copies) == [[0, 1, 60], [1, 2, 62]])
        #expect(sizes(model).last == [2])
    }

    @Test func aPromptDoesNotWaitForATextWhoseContextHasSlid() throws {
        let model = counting()
        let engine = try GenerationEngine(model, sequenceCount: 2, contextLength: 60)
        let system = Array<Int32>(100..<150)
        try engine.add(
            prompt: system,
            sampler: greedy(),
            limits: GenerationLimits(maxTokens: 100, contextOverflow: .slide)
        )
        for _ in 1...20 { _ = try engine.next() }
        try engine.add(prompt: system + [5], sampler: greedy(), limits: limits(1))
        #expect(try engine.next()?.map(\.token) == [170, 6])
    }

    @Test func aPromptThatWasReadStaysSoWhenTheContextSlides() throws {
        let engine = try GenerationEngine(counting(), sequenceCount: 1, contextLength: 200)
        engine.promptTokensPerPass = 80
        try engine.add(
            prompt: Array(0..<190),
            sampler: greedy(),
            limits: GenerationLimits(maxTokens: 60, contextOverflow: .slide)
        )
        var counts: [Int] = []
        while try engine.next() != nil { counts.append(engine[0].readPromptTokenCount) }
        #expect(Array(counts.prefix(3)) == [80, 160, 190])
        #expect(counts.dropFirst(3).allSatisfy { $0 == 190 })
    }
}

@Suite struct ReproducibleEngineTests {
    @Test func generatedTokensAndLongPromptsGoIntoPassesOfTheirOwn() throws {
        let model = counting()
        let engine = try GenerationEngine(model, sequenceCount: 4)
        engine.isReproducible = true
        engine.promptTokensPerPass = 40
        try engine.add(prompt: [10], sampler: greedy(), limits: limits(4))
        try engine.add(prompt: Array(100..<150), sampler: greedy(), limits: limits(1))
        try engine.add(prompt: Array(200..<212), sampler: greedy(), limits: limits(1))
        try engine.add(prompt: Array(300..<341), sampler: greedy(), limits: limits(1))
        while try engine.next() != nil {}
        #expect(engine.sequences.map { engine[$0].tokens.last } == [14, 150, 212, 341])
        // 40 of 50 would leave too few; so would 7 alongside 33, and 40 of 41.
        #expect(sizes(model) == [[1, 12], [33], [1], [17, 23], [1], [18], [1]])
    }

    @Test func piecesOfLongPromptsAreNeverComputedLikeFewTokens() throws {
        for budget in [1, 17, 34, 35, 50, 100, 256, 1000] {
            let model = counting()
            let engine = try GenerationEngine(model, sequenceCount: 30)
            engine.isReproducible = true
            engine.promptTokensPerPass = budget
            let lengths = (0..<30).map { 1 + $0 * 37 % 71 + ($0 == 9 ? 300 : 0) }
            for (start, length) in lengths.enumerated() {
                try engine.add(
                    prompt: (0..<length).map { Int32((start * 13 + $0) % 400) },
                    sampler: greedy(),
                    limits: limits(3)
                )
            }
            while try engine.next() != nil {}
            for pass in sizes(model) {
                let total = pass.reduce(0, +)
                let isMany = total > 16
                #expect(pass.count <= 16 && total <= 256)
                #expect(pass.allSatisfy { ($0 > 16) == isMany }, "\(pass)")
            }
            for (number, length) in lengths.enumerated() {
                let last = Int32((number * 13 + length - 1) % 400)
                #expect(engine[number].tokens == (1...3).map { (last + $0) % 400 })
            }
        }
    }

    @Test func onlyWhatWasReadAsAPromptIsShared() throws {
        let model = counting()
        let engine = try GenerationEngine(model, sequenceCount: 2)
        engine.isReproducible = true
        try engine.add(prompt: Array(100..<140), sampler: greedy(), limits: limits(30))
        while try engine.next() != nil {}
        // The next turn: all of that, and something new.
        try engine.add(
            prompt: Array(100..<170) + Array(300..<320),
            sampler: greedy(),
            limits: limits(1)
        )
        #expect(try engine.next()?.first?.token == 320)
        #expect(engine[1].reusedTokenCount == 40)
        // So much is unread that it is read as a prompt.
        engine.remove(1)
        try engine.add(prompt: Array(100..<145), sampler: greedy(), limits: limits(1))
        _ = try engine.next()
        #expect(engine[1].reusedTokenCount == 28)
        #expect(engine[1].tokens == [145])
    }

    @Test func aPromptDoesNotWaitForATextThatBeganWithFewTokens() throws {
        let engine = try GenerationEngine(counting(), sequenceCount: 2)
        engine.isReproducible = true
        try engine.add(prompt: Array(100..<116), sampler: greedy(), limits: limits(50))
        for _ in 1...2 { _ = try engine.next() }
        try engine.add(prompt: Array(100..<140), sampler: greedy(), limits: limits(1))
        #expect(try engine.next()?.map(\.token) == [118, 140])
    }
}
