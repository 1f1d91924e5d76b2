// Real arithmetic in an engine whose sequences come and go: each gets the same bits as alone.

import Inference
import LanguageModels
import Tensors
import Testing

/// A sequence that somebody asks for.
private struct Request {
    let seed: UInt64
    let prompt: [Int32]
    let maxTokens: Int
    /// The round it comes in.
    let arrival: Int
}

/// The tokens of each request, and how likely the model found them, to the last bit.
private func generate(
    _ model: any LanguageModel,
    _ requests: [Request],
    places: Int
) throws -> [[TokenLogprobs]] {
    let engine = try GenerationEngine(model, sequenceCount: places)
    engine.isReproducible = true
    engine.promptTokensPerPass = 64
    var results = requests.map { _ in [TokenLogprobs]() }
    var waiting = Array(requests.indices)
    var running: [Int: Int] = [:]
    var round = 0
    while !waiting.isEmpty || !running.isEmpty {
        while engine.freeCount > 0,
            let next = waiting.firstIndex(where: { requests[$0].arrival <= round })
        {
            let index = waiting.remove(at: next)
            let number = try engine.add(
                prompt: requests[index].prompt,
                sampler: Sampler(try SamplingOptions(topK: 20), seed: requests[index].seed),
                limits: GenerationLimits(maxTokens: requests[index].maxTokens),
                topLogprobs: 2
            )
            running[number] = index
        }
        for event in try engine.next() ?? [] {
            guard let index = running[event.sequence] else { continue }
            if let logprobs = event.logprobs { results[index].append(logprobs) }
            if event.token == nil {
                engine.remove(event.sequence)
                running[event.sequence] = nil
            }
        }
        round += 1
    }
    return results
}

@Suite(.serialized) struct ReproducibleGenerationTests {
    /// Prompts of all lengths, some with common beginnings, that come at any time.
    private func requests(vocabularySize: Int) -> [Request] {
        let system = randomTokens(70, vocabularySize: vocabularySize, seed: 1)
        return (0..<24).map { index in
            let own = randomTokens(
                [1, 3, 5, 16, 17, 18, 40, 90][index % 8],
                vocabularySize: vocabularySize,
                seed: UInt64(index + 2)
            )
            return Request(
                seed: UInt64(index),
                prompt: index % 3 == 1 ? system + own : own,
                maxTokens: 3 + index * 7 % 19,
                arrival: index * 5 % 31
            )
        }
    }

    private func expectSameBits(_ model: any LanguageModel) throws {
        let requests = requests(vocabularySize: model.vocabularySize)
        let together = try generate(model, requests, places: 6)
        let many = try generate(model, requests, places: 24)
        for (index, request) in requests.enumerated() {
            let expected = try generate(model, [request], places: 1)[0]
            #expect(expected.count == request.maxTokens)
            #expect(together[index] == expected, "request \(index)")
            #expect(many[index] == expected, "request \(index) among all others")
        }
    }

    @Test(arguments: ElementType.weightTypes)
    func aGPT2GivesARequestTheSameBitsInAnyCompany(precision: ElementType) throws {
        let model = try livelyModel(contextLength: 256, channels: 64)
        try expectSameBits(GPT2Decoder(model, precision: precision))
    }

    @Test(arguments: KVCache.precisions)
    func aGPT2GivesTheSameBitsWithEitherCache(precision: ElementType) throws {
        let model = try livelyModel(contextLength: 256, channels: 64, headCount: 4)
        try expectSameBits(GPT2Decoder(model, cachePrecision: precision))
    }

    @Test(arguments: ElementType.weightTypes)
    func aLlamaWithSharedHeadsGivesTheSameBitsToo(precision: ElementType) throws {
        let weights = try randomLlama(smallLlama(separate: true))
        try expectSameBits(Llama2Decoder(weights, precision: precision, ops: Ops(threadCount: 2)))
    }
}
