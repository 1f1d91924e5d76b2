import Inference
import Testing

/// All tokens of a greedy generation, and why it ended.
private func generate(
    _ model: ScriptedModel,
    prompt: [Int32],
    maxTokens: Int,
    endOfText: Int32? = nil
) throws -> (tokens: [Int32], reason: StopReason?) {
    var generator = try TokenGenerator(
        model,
        prompt: prompt,
        sampler: Sampler(.greedy, seed: 1),
        maxTokens: maxTokens,
        endOfText: endOfText
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

    @Test func theEndOfTextEndsItAndIsNotGivenOut() throws {
        let model = ScriptedModel.counting(vocabularySize: 10)
        let (tokens, reason) = try generate(model, prompt: [6], maxTokens: 9, endOfText: 9)
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

    @Test func aPromptLongerThanTheContextIsAnError() {
        let model = ScriptedModel.counting(vocabularySize: 50, contextLength: 2)
        #expect(throws: InferenceError.promptTooLong(tokenCount: 3, maximum: 2)) {
            try generate(model, prompt: [0, 1, 2], maxTokens: 1)
        }
    }

    @Test func noTokensAreGeneratedWhenNoneAreWanted() throws {
        let (tokens, reason) = try generate(.counting(vocabularySize: 9), prompt: [0], maxTokens: 0)
        #expect(tokens.isEmpty)
        #expect(reason == .length)
    }

    @Test func theCallerCanEndIt() throws {
        var generator = try TokenGenerator(
            ScriptedModel.counting(vocabularySize: 9),
            prompt: [0],
            sampler: Sampler(.greedy, seed: 1),
            maxTokens: 5
        )
        #expect(try generator.next() == 1)
        generator.interrupt()
        #expect(try generator.next() == nil)
        #expect(generator.stopReason == .interrupted)
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
}
