import Foundation
import Swiftlet
import Testing

@Suite struct StoredOptionTests {
    private func stored<Value: Codable>(_ value: Value) throws -> Value {
        try JSONDecoder().decode(Value.self, from: JSONEncoder().encode(value))
    }

    @Test func samplingOptionsRoundTrip() throws {
        let sampling = try SamplingOptions(
            temperature: 0.7,
            topK: 40,
            topP: 0.9,
            minP: 0.05,
            repetitionPenalty: 1.1,
            repetitionWindow: 64,
            presencePenalty: 0.2,
            frequencyPenalty: 0.1,
            logitBias: [3: -.infinity, 5: 1.5]
        )
        #expect(try stored(sampling) == sampling)
        #expect(try stored(SamplingOptions.greedy) == .greedy)
    }

    @Test func missingSamplingOptionsMeanThePlainDistribution() throws {
        let some = Data(#"{"temperature":0.5}"#.utf8)
        let decoded = try JSONDecoder().decode(SamplingOptions.self, from: some)
        #expect(decoded == (try SamplingOptions(temperature: 0.5)))
    }

    @Test func storedSamplingIsCheckedLikeAnyOther() {
        let wrong = Data(#"{"topP":2}"#.utf8)
        #expect(throws: InferenceError.self) {
            try JSONDecoder().decode(SamplingOptions.self, from: wrong)
        }
    }

    @Test func optionsOfATextRoundTrip() throws {
        let options = TextGenerationOptions(
            maxTokens: 3,
            stopStrings: ["\n"],
            contextOverflow: .slide,
            topLogprobs: 2
        )
        #expect(try stored(options) == options)
    }
}
