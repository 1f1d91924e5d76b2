// How likely a model found what was drawn.

import Foundation
import Inference
import Testing

private let logits: [Float] = [1, 3, -2, 3, 0.5, -.infinity]

/// The logarithms of the softmax, in double.
private func logSoftmax(_ logits: ArraySlice<Float>) -> [Double] {
    let total = log(logits.reduce(0) { $0 + exp(Double($1)) })
    return logits.map { Double($0) - total }
}

private func draw(_ sampler: inout Sampler, _ logits: [Float], top: Int) throws -> TokenLogprobs {
    var logits = logits
    var span = logits.mutableSpan
    return try sampler.sample(&span, topLogprobs: top)
}

@Suite struct TokenLogprobsTests {
    @Test func theyAreTheModelsOwnWhateverIsDrawn() throws {
        let expected = logSoftmax(logits[...])
        let options = try SamplingOptions(
            temperature: 3,
            topK: 4,
            frequencyPenalty: 1,
            logitBias: [1: -5]
        )
        var sampler = Sampler(options, seed: 1)
        var drawn: Set<Int32> = []
        for _ in 0..<40 {
            let found = try draw(&sampler, logits, top: 3)
            drawn.insert(found.token)
            #expect(abs(Double(found.logprob) - expected[Int(found.token)]) < 1e-6)
            // Equals are ordered by id.
            #expect(found.top.map(\.token) == [1, 3, 0])
            for alternative in found.top {
                #expect(abs(Double(alternative.logprob) - expected[Int(alternative.token)]) < 1e-6)
            }
        }
        #expect(drawn.count > 2)
    }

    @Test func askingForThemDoesNotChangeTheTokens() throws {
        let options = try SamplingOptions(topP: 0.9, repetitionPenalty: 1.3)
        var asking = Sampler(options, seed: 4)
        var plain = Sampler(options, seed: 4)
        for _ in 0..<50 {
            #expect(try draw(&asking, logits, top: 2).token == (try plain.sample(logits)))
        }
    }

    @Test func thereAreNoMoreThanPossibleTokens() throws {
        var sampler = Sampler(.greedy, seed: 1)
        #expect(try draw(&sampler, logits, top: 0).top == [])
        #expect(try draw(&sampler, logits, top: .max).top.map(\.token) == [1, 3, 0, 4, 2])
        var single = Sampler(.greedy, seed: 1)
        let only = try draw(&single, [-.infinity, -3], top: 2)
        #expect(only.logprob == 0)
        #expect(only.top.map(\.token) == [1])
    }

    @Test func idsThatAreNeverDrawnTakeNoProbability() throws {
        let expected = logSoftmax(logits[..<3])
        var sampler = Sampler(.greedy, seed: 1, tokenLimit: 3)
        let found = try draw(&sampler, logits, top: 5)
        #expect(found.top.map(\.token) == [1, 0, 2])
        #expect(abs(Double(found.logprob) - expected[1]) < 1e-6)
    }

    @Test func theEngineReturnsThemOnlyOnRequest() throws {
        let model = ScriptedModel(vocabularySize: 6) { _ in logits }
        let engine = try GenerationEngine(model, sequenceCount: 2)
        let limits = GenerationLimits(maxTokens: 2)
        try engine.add(prompt: [0], sampler: Sampler(.greedy, seed: 0), limits: limits)
        try engine.add(
            prompt: [0],
            sampler: Sampler(.greedy, seed: 0),
            limits: limits,
            topLogprobs: 1
        )
        let events = try #require(try engine.next())
        #expect(events[0].logprobs == nil)
        #expect(events[1].logprobs?.top.map(\.token) == [1])
        #expect(events[1].logprobs?.token == 1)
    }
}
