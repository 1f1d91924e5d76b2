// A model without weights, so that generation is tested independently of real ones.

import Inference
import TestSupport

/// Predicts the logits that `script` returns for the sequence so far.
struct ScriptedModel: LanguageModel {
    let vocabularySize: Int
    var contextLength = 16
    var record = Record()
    let script: @Sendable ([Int32]) throws -> [Float]

    func makeSession(sequenceCount: Int, tokenCapacity: Int) -> any DecodingSession {
        precondition(1...contextLength ~= tokenCapacity)
        record.capacities.append(tokenCapacity)
        return ScriptedSession(
            vocabularySize: vocabularySize,
            sequenceCount: sequenceCount,
            tokenCapacity: tokenCapacity,
            willAppend: { record.passes.append($0) },
            willCopy: { record.copies.append([$0, $1, $2]) },
            script: script
        )
    }

    /// Always predicts the token after the last one, cyclically.
    static func counting(vocabularySize: Int, contextLength: Int = 16) -> ScriptedModel {
        ScriptedModel(vocabularySize: vocabularySize, contextLength: contextLength) { tokens in
            var logits = [Float](repeating: 0, count: vocabularySize)
            logits[(Int(tokens.last ?? 0) + 1) % vocabularySize] = 10
            return logits
        }
    }
}

/// Records what sessions were asked for.
final class Record {
    /// The capacity of each session.
    var capacities: [Int] = []
    /// The parts of each call.
    var passes: [[SequencePart]] = []
    /// Each copy: from, to, and how many tokens.
    var copies: [[Int]] = []
}
