// Generation with a GPT-2: every token takes a forward pass over the whole sequence.

import Inference
import Tensors

extension GPT2: LanguageModel {
    public var vocabularySize: Int { configuration.vocabularySize }
    public var contextLength: Int { configuration.contextLength }

    public func makeSession(sequenceCount: Int, tokenCapacity: Int) -> GPT2Session {
        GPT2Session(self, sequenceCount: sequenceCount, tokenCapacity: tokenCapacity)
    }
}

/// Sequences that a GPT-2 continues.
public final class GPT2Session: DecodingSession {
    /// Tokens that each sequence can hold.
    public let tokenCapacity: Int
    private let model: GPT2
    private var sequences: [[Int32]]
    private var workspace: GPT2Workspace?

    /// Working memory is made for a multiple of this many tokens, so that few lengths need new
    /// memory and few positions are computed for nothing.
    private static let lengthStep = 16

    init(_ model: GPT2, sequenceCount: Int, tokenCapacity: Int) {
        precondition(sequenceCount >= 1, "a session of \(sequenceCount) sequences")
        precondition(
            1...model.contextLength ~= tokenCapacity,
            "sequences of \(tokenCapacity) tokens for a context of \(model.contextLength)"
        )
        self.model = model
        self.tokenCapacity = tokenCapacity
        sequences = Array(repeating: [], count: sequenceCount)
    }

    public var vocabularySize: Int { model.configuration.vocabularySize }
    public var sequenceCount: Int { sequences.count }

    public func tokenCount(of sequence: Int) -> Int { sequences[sequence].count }

    public func append(
        _ parts: [SequencePart],
        predicting logits: inout MutableSpan<Float>
    ) throws {
        let V = vocabularySize
        precondition(
            logits.count == parts.count * V,
            "\(logits.count) logits for \(parts.count) parts and a vocabulary of \(V)"
        )
        var grown: [[Int32]] = []
        for (row, part) in parts.enumerated() {
            precondition(!part.tokens.isEmpty, "part \(row) has no tokens")
            grown.append(sequences[part.sequence] + part.tokens)
            for (token, logit) in try nextLogits(grown[row]).enumerated() {
                logits[row * V + token] = logit
            }
        }
        for (part, sequence) in zip(parts, grown) { sequences[part.sequence] = sequence }
    }

    public func truncate(_ sequence: Int, to tokenCount: Int) {
        let found = sequences[sequence].count
        precondition(
            0...found ~= tokenCount,
            "truncating a sequence of \(found) tokens to \(tokenCount)"
        )
        sequences[sequence].removeSubrange(tokenCount...)
    }

    public func copy(_ source: Int, to destination: Int) {
        sequences[destination] = sequences[source]
    }

    /// The V logits of the token after a sequence.
    private func nextLogits(_ sequence: [Int32]) throws -> [Float] {
        let workspace = try workspace(holding: sequence.count)
        // A position never looks at those after it, so any token may fill them.
        let padding = repeatElement(Int32(0), count: workspace.sequenceLength - sequence.count)
        return try model.logits(
            at: sequence.count - 1,
            inputs: sequence + padding,
            workspace: workspace
        )
    }

    private func workspace(holding length: Int) throws -> GPT2Workspace {
        if let workspace, workspace.sequenceLength >= length { return workspace }
        guard length <= tokenCapacity else {
            throw ModelError.sequenceTooLong(length: length, maximum: tokenCapacity)
        }
        let steps = (length + Self.lengthStep - 1) / Self.lengthStep
        let made = try GPT2Workspace(
            model.configuration,
            batchSize: 1,
            sequenceLength: min(steps * Self.lengthStep, tokenCapacity),
            training: nil
        )
        workspace = made
        return made
    }
}

// It owns working memory that every pass writes.
@available(*, unavailable) extension GPT2Session: Sendable {}
