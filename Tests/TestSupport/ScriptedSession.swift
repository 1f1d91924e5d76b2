// A decoding session without weights: whoever makes it says what it predicts, so that generation,
// texts and servers are tested independently of real models.

import Inference

/// Keeps the tokens of its sequences, and predicts what a script makes of them.
package final class ScriptedSession: DecodingSession {
    package let vocabularySize: Int
    package let tokenCapacity: Int
    private var sequences: [[Int32]]
    private let willAppend: ([SequencePart]) -> Void
    private let willCopy: ((_ source: Int, _ destination: Int, _ tokenCount: Int) -> Void)?
    private let script: ([Int32]) throws -> [Float]

    /// Creates a session of empty sequences.
    /// - Parameters:
    ///   - vocabularySize: How many logits the script returns.
    ///   - sequenceCount: How many sequences there are.
    ///   - tokenCapacity: How many tokens each may have.
    ///   - willAppend: Called before every pass with its parts.
    ///   - willCopy: Called before a sequence is copied.
    ///   - script: Returns the logits after the tokens of a sequence.
    package init(
        vocabularySize: Int,
        sequenceCount: Int,
        tokenCapacity: Int,
        willAppend: @escaping ([SequencePart]) -> Void = { _ in },
        willCopy: ((_ source: Int, _ destination: Int, _ tokenCount: Int) -> Void)? = nil,
        script: @escaping ([Int32]) throws -> [Float]
    ) {
        self.vocabularySize = vocabularySize
        self.tokenCapacity = tokenCapacity
        sequences = Array(repeating: [], count: sequenceCount)
        self.willAppend = willAppend
        self.willCopy = willCopy
        self.script = script
    }

    package var sequenceCount: Int { sequences.count }

    package func tokenCount(of sequence: Int) -> Int { sequences[sequence].count }

    package func append(
        _ parts: [SequencePart],
        predicting logits: inout MutableSpan<Float>
    ) throws {
        precondition(logits.count == parts.count * vocabularySize)
        willAppend(parts)
        for (row, part) in parts.enumerated() {
            sequences[part.sequence] += part.tokens
            precondition(sequences[part.sequence].count <= tokenCapacity)
            for (token, logit) in try script(sequences[part.sequence]).enumerated() {
                logits[row * vocabularySize + token] = logit
            }
        }
    }

    package func truncate(_ sequence: Int, to tokenCount: Int) {
        sequences[sequence].removeSubrange(tokenCount...)
    }

    package func copy(_ source: Int, to destination: Int, tokenCount: Int) {
        willCopy?(source, destination, tokenCount)
        sequences[destination] = Array(sequences[source].prefix(tokenCount))
    }
}
