import Inference
import Testing

/// All tokens of a greedy generation, and why it ended.
private func generate(
    _ model: ScriptedModel,
    prompt: [Int32],
    maxTokens: Int,
    endTokens: Set<Int32> = [],
    contextOverflow: ContextOverflow = .stop,
    startToken: Int32? = nil
) throws -> (tokens: [Int32], reason: StopReason?) {
    let generator = try TokenGenerator(
        model,
        prompt: prompt,
        sampler: Sampler(.greedy, seed: 1),
        limits: GenerationLimits(
            maxTokens: maxTokens,
            endTokens: endTokens,
            contextOverflow: contextOverflow,
            startToken: startToken
        )
    )
    var tokens: [Int32] = []
    while let token = try generator.next() { tokens.append(token) }
    #expect(generator.tokens == tokens)
    #expect(try generator.next() == nil)
    return (tokens, generator.stopReason)
}

@Suite struct TokenGeneratorTests {
    @Test func itContinuesThePromptUntilTheLength() throws {
        let (tokens, reason) = try generate(
            .counting(vocabularySize: 10),
            prompt: [3],
            maxTokens: 4
        )
        #expect(tokens == [4, 5, 6, 7])
        #expect(reason == .length)
    }

    @Test(arguments: [Set<Int32>([9]), [9, 3], [1, 9]])
    func anEndTokenEndsItAndIsNotReturned(endTokens: Set<Int32>) throws {
        let model = ScriptedModel.counting(vocabularySize: 10)
        let (tokens, reason) = try generate(
            model,
            prompt: [6],
            maxTokens: 9,
            endTokens: endTokens
        )
        #expect(tokens == [7, 8])
        #expect(reason == .endOfText)
    }

    @Test func theLastTokenIsPredictedFromAFullContext() throws {
        let model = ScriptedModel.counting(vocabularySize: 50, contextLength: 8)
        let (tokens, reason) = try generate(model, prompt: [0, 1, 2], maxTokens: 100)
        // Contexts of 3, 4, 5, 6, 7 and 8 tokens.
        #expect(tokens == [3, 4, 5, 6, 7, 8])
        #expect(reason == .context)
    }

    @Test func aSlidingContextKeepsItsNewerHalf() throws {
        let model = ScriptedModel.counting(vocabularySize: 50, contextLength: 6)
        let (tokens, reason) = try generate(
            model,
            prompt: [0, 1, 2, 3],
            maxTokens: 9,
            contextOverflow: .slide
        )
        #expect(tokens == [4, 5, 6, 7, 8, 9, 10, 11, 12])
        #expect(reason == .length)
        // After 0 ... 5 the context is full: the last three of all tokens are encoded again.
        #expect(
            model.record.passes.map { $0[0].tokens } == [
                [0, 1, 2, 3], [4], [5], [4, 5, 6], [7], [8], [9], [8, 9, 10], [11],
            ]
        )
    }

    @Test func aSlidingContextKeepsTheStartTokenOfATextThatHasIt() throws {
        let model = ScriptedModel.counting(vocabularySize: 50, contextLength: 6)
        let (tokens, _) = try generate(
            model,
            prompt: [40, 1, 2, 3],
            maxTokens: 9,
            contextOverflow: .slide,
            startToken: 40
        )
        #expect(tokens == [4, 5, 6, 7, 8, 9, 10, 11, 12])
        #expect(
            model.record.passes.map { $0[0].tokens } == [
                [40, 1, 2, 3], [4], [5], [40, 5, 6], [7], [8], [9], [40, 9, 10], [11],
            ]
        )
        let other = ScriptedModel.counting(vocabularySize: 50, contextLength: 6)
        _ = try generate(
            other,
            prompt: [39, 1, 40, 40, 40, 40],
            maxTokens: 2,
            contextOverflow: .slide,
            startToken: 40
        )
        #expect(other.record.passes.map { $0[0].tokens }.last == [40, 40, 41])
    }

    @Test(arguments: [1, 2, 3], [nil, 7] as [Int32?])
    func theSmallestContextsCanSlide(contextLength: Int, startToken: Int32?) throws {
        let model = ScriptedModel.counting(vocabularySize: 50, contextLength: contextLength)
        let (tokens, reason) = try generate(
            model,
            prompt: [7],
            maxTokens: 9,
            contextOverflow: .slide,
            startToken: startToken
        )
        // Each is predicted from the newest token, whatever else is kept.
        #expect(tokens == [8, 9, 10, 11, 12, 13, 14, 15, 16])
        #expect(reason == .length)
    }

    @Test func aPromptLongerThanTheContextIsCutWhenTheContextSlides() throws {
        for (startToken, expected) in [(nil, [5, 6, 7]), (1, [1, 6, 7])] as [(Int32?, [Int32])] {
            let model = ScriptedModel.counting(vocabularySize: 50, contextLength: 6)
            let (tokens, reason) = try generate(
                model,
                prompt: [1, 2, 3, 4, 5, 6, 7],
                maxTokens: 4,
                contextOverflow: .slide,
                startToken: startToken
            )
            #expect(tokens == [8, 9, 10, 11])
            #expect(reason == .length)
            #expect(model.record.passes[0].map(\.tokens) == [expected])
        }
    }

    @Test func aPromptLongerThanTheContextIsAnErrorWhenTheContextStops() {
        let model = ScriptedModel.counting(vocabularySize: 50, contextLength: 2)
        #expect(throws: InferenceError.promptTooLong(tokenCount: 3, maximum: 2)) {
            try generate(model, prompt: [0, 1, 2], maxTokens: 1)
        }
    }

    @Test func noTokensAreGeneratedForALimitOfZero() throws {
        let model = ScriptedModel.counting(vocabularySize: 9)
        let (tokens, reason) = try generate(model, prompt: [0], maxTokens: 0)
        #expect(tokens.isEmpty)
        #expect(reason == .length)
        #expect(model.record.passes.isEmpty)
    }

    @Test func theCallerCanEndIt() throws {
        let generator = try TokenGenerator(
            ScriptedModel.counting(vocabularySize: 9),
            prompt: [0],
            sampler: Sampler(.greedy, seed: 1),
            limits: GenerationLimits(maxTokens: 5)
        )
        #expect(try generator.next() == 1)
        generator.interrupt()
        #expect(try generator.next() == nil)
        #expect(generator.stopReason == .interrupted)
        #expect(generator.tokens == [1])
    }

    @Test func everyTokenReachesTheModelOnce() throws {
        // The logits depend on the whole sequence: a token lost or repeated changes the sum.
        let model = ScriptedModel(vocabularySize: 32) { tokens in
            var logits = [Float](repeating: 0, count: 32)
            logits[Int(tokens.reduce(0, +)) % 32] = 1
            return logits
        }
        #expect(try generate(model, prompt: [1, 2], maxTokens: 4).tokens == [3, 6, 12, 24])
    }

    @Test func theSamplerSeesThePromptAndWhatWasGenerated() throws {
        // The same logits every time: only the penalty keeps tokens from coming again.
        let model = ScriptedModel(vocabularySize: 5) { _ in [5, 4, 3, 2, 1] }
        let options = try SamplingOptions(temperature: 0, repetitionPenalty: 100)
        let generator = try TokenGenerator(
            model,
            prompt: [0],
            sampler: Sampler(options, seed: 1),
            limits: GenerationLimits(maxTokens: 4)
        )
        while try generator.next() != nil {}
        #expect(generator.tokens == [1, 2, 3, 4])
    }

    @Test func anErrorEndsIt() throws {
        let model = ScriptedModel(vocabularySize: 2) { $0.count < 3 ? [0, 1] : [0, .nan] }
        let generator = try TokenGenerator(
            model,
            prompt: [0],
            sampler: Sampler(.greedy, seed: 1),
            limits: GenerationLimits(maxTokens: 9)
        )
        #expect(try generator.next() == 1)
        #expect(try generator.next() == 1)
        #expect(throws: InferenceError.self) { try generator.next() }
        #expect(try generator.next() == nil)
        #expect(generator.stopReason == .interrupted)
    }
}
