// Generation with a GPT-2: every token takes a forward pass over the whole sequence.

import Inference
import Tensors

extension GPT2: LanguageModel {
    public var vocabularySize: Int { configuration.vocabularySize }
    public var contextLength: Int { configuration.contextLength }

    public func makeSession() -> GPT2Session { GPT2Session(self) }
}

/// One sequence that a GPT-2 continues.
public final class GPT2Session: DecodingSession {
    private let model: GPT2
    private var tokens: [Int32] = []
    private var workspace: GPT2Workspace?

    /// Working memory is made for a multiple of this many tokens, so that few lengths need new
    /// memory and few positions are computed for nothing.
    private static let lengthStep = 16

    init(_ model: GPT2) {
        self.model = model
    }

    public var tokenCount: Int { tokens.count }

    public func logits(appending newTokens: [Int32]) throws -> [Float] {
        let sequence = tokens + newTokens
        let workspace = try workspace(holding: sequence.count)
        // A position never looks at those after it, so any token may fill them.
        let padding = repeatElement(Int32(0), count: workspace.sequenceLength - sequence.count)
        let logits = try model.logits(
            at: sequence.count - 1,
            inputs: sequence + padding,
            workspace: workspace
        )
        tokens = sequence
        return logits
    }

    private func workspace(holding length: Int) throws -> GPT2Workspace {
        if let workspace, workspace.sequenceLength >= length { return workspace }
        guard length <= model.contextLength else {
            throw ModelError.sequenceTooLong(length: length, maximum: model.contextLength)
        }
        let steps = (length + Self.lengthStep - 1) / Self.lengthStep
        let made = try GPT2Workspace(
            model.configuration,
            batchSize: 1,
            sequenceLength: min(steps * Self.lengthStep, model.contextLength),
            training: nil
        )
        workspace = made
        return made
    }
}

// It owns working memory that every pass writes.
@available(*, unavailable) extension GPT2Session: Sendable {}
