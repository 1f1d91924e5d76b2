// A model without weights, so that generation is tested apart from any real one.

import Inference

/// Predicts what `script` says for the sequence so far.
struct ScriptedModel: LanguageModel {
    let vocabularySize: Int
    var contextLength = 16
    let script: @Sendable ([Int32]) -> [Float]

    func makeSession() -> ScriptedSession { ScriptedSession(script: script) }

    /// Always the token after the last one, cyclically.
    static func counting(vocabularySize: Int, contextLength: Int = 16) -> ScriptedModel {
        ScriptedModel(vocabularySize: vocabularySize, contextLength: contextLength) { tokens in
            var logits = [Float](repeating: 0, count: vocabularySize)
            logits[(Int(tokens.last ?? 0) + 1) % vocabularySize] = 10
            return logits
        }
    }
}

struct ScriptedSession: DecodingSession {
    let script: @Sendable ([Int32]) -> [Float]
    private var tokens: [Int32] = []

    init(script: @escaping @Sendable ([Int32]) -> [Float]) {
        self.script = script
    }

    var tokenCount: Int { tokens.count }

    mutating func logits(appending newTokens: [Int32]) throws -> [Float] {
        tokens += newTokens
        return script(tokens)
    }
}
