// A model without weights, so that generation is tested independently of real ones.

import Inference

/// Predicts the logits that `script` returns for the sequence so far.
struct ScriptedModel: LanguageModel {
    let vocabularySize: Int
    var contextLength = 16
    var record = Record()
    let script: @Sendable ([Int32]) throws -> [Float]

    func makeSession(sequenceCount: Int, tokenCapacity: Int) -> any DecodingSession {
        ScriptedSession(self, sequenceCount: sequenceCount, tokenCapacity: tokenCapacity)
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

final class ScriptedSession: DecodingSession {
    let tokenCapacity: Int
    private let model: ScriptedModel
    private var sequences: [[Int32]]

    init(_ model: ScriptedModel, sequenceCount: Int, tokenCapacity: Int) {
        precondition(1...model.contextLength ~= tokenCapacity)
        model.record.capacities.append(tokenCapacity)
        self.model = model
        self.tokenCapacity = tokenCapacity
        sequences = Array(repeating: [], count: sequenceCount)
    }

    var vocabularySize: Int { model.vocabularySize }
    var sequenceCount: Int { sequences.count }

    func tokenCount(of sequence: Int) -> Int { sequences[sequence].count }

    func append(_ parts: [SequencePart], predicting logits: inout MutableSpan<Float>) throws {
        precondition(logits.count == parts.count * vocabularySize)
        model.record.passes.append(parts)
        for (row, part) in parts.enumerated() {
            sequences[part.sequence] += part.tokens
            precondition(sequences[part.sequence].count <= tokenCapacity)
            for (token, logit) in try model.script(sequences[part.sequence]).enumerated() {
                logits[row * vocabularySize + token] = logit
            }
        }
    }

    func truncate(_ sequence: Int, to tokenCount: Int) {
        sequences[sequence].removeSubrange(tokenCount...)
    }

    func copy(_ source: Int, to destination: Int, tokenCount: Int) {
        model.record.copies.append([source, destination, tokenCount])
        sequences[destination] = Array(sequences[source].prefix(tokenCount))
    }
}
