// What generation needs of a model: its sizes, and sequences that can be continued; and how a model
// is measured by the losses of given tokens. Only token ids pass through here; the modules above
// know what they stand for.

/// A model that predicts the next token of a sequence.
///
/// Code that generates, chats or measures holds an `any LanguageModel`: the kind of model and the
/// file it came from make no difference to it.
package protocol LanguageModel {
    /// V: token ids run from 0 to one less.
    var vocabularySize: Int { get }
    /// maxT: the longest sequence the model can see.
    var contextLength: Int { get }
    /// Bytes of weights that are read for every token, or for tokens computed together; 0 for a
    /// model without weights.
    var weightBytesPerToken: Int { get }
    /// Bytes that a session keeps of every token of a sequence; 0 for a model that keeps nothing.
    var cacheBytesPerToken: Int { get }

    /// Starts empty sequences that are continued together.
    ///
    /// Sessions share the weights, which must not change while one is in use; only one of them may
    /// compute at a time.
    /// - Parameters:
    ///   - sequenceCount: At least one.
    ///   - tokenCapacity: How long each sequence may become, so that a short text need not have
    ///     memory for the whole context; 1 to ``contextLength``.
    /// - Returns: The sequences.
    /// - Throws: A model's error when memory is short.
    func makeSession(sequenceCount: Int, tokenCapacity: Int) throws -> any DecodingSession
}

extension LanguageModel {
    package var weightBytesPerToken: Int { 0 }
    package var cacheBytesPerToken: Int { 0 }

    /// Starts empty sequences that may become as long as the context.
    /// - Throws: A model's error when memory is short.
    package func makeSession(sequenceCount: Int = 1) throws -> any DecodingSession {
        try makeSession(sequenceCount: sequenceCount, tokenCapacity: contextLength)
    }
}

/// Tokens that one sequence of a session grows by.
package struct SequencePart: Sendable, Equatable {
    /// Index of the sequence in its session.
    package var sequence: Int
    /// What is appended to it; at least one token.
    package var tokens: [Int32]

    /// Names a sequence and its next tokens.
    package init(sequence: Int, tokens: [Int32]) {
        self.sequence = sequence
        self.tokens = tokens
    }
}

/// Sequences of tokens in a model, each of which grows at its end.
///
/// It is an object rather than a function of all tokens, so that a model may keep what it computed
/// for the tokens it has seen. One call takes parts of any length for any of the sequences: a
/// prompt is one part with many tokens, a step of decoding is one token for each active sequence,
/// and a turn of a chat is a few more tokens for a sequence that holds the earlier turns. Weights
/// are read once for all parts of a call. A text is measured in the same way, by the losses of its
/// tokens.
///
/// Sequences start empty. A finished one is truncated to nothing and reused. To continue a prompt
/// in several ways, append it to one sequence and copy that to the others.
package protocol DecodingSession: AnyObject {
    /// V of the model.
    var vocabularySize: Int { get }
    /// Sequences, numbered from 0.
    var sequenceCount: Int { get }
    /// Tokens that each sequence can hold.
    var tokenCapacity: Int { get }
    /// Bytes kept for the tokens of all sequences, including room to grow; 0 when nothing is kept.
    var cacheByteCount: Int { get }

    /// Tokens in a sequence.
    func tokenCount(of sequence: Int) -> Int

    /// Appends a part to each of some sequences, and predicts the token after each part.
    ///
    /// Logits are kept only for the last position of each part. A long part may be computed in
    /// pieces, so that working memory does not grow with it.
    /// - Parameters:
    ///   - parts: At least one; no two of the same sequence.
    ///   - logits: `(parts.count, V)`, overwritten.
    /// - Throws: A model's error when a sequence would be longer than ``tokenCapacity``, a token is
    ///   outside the vocabulary, or memory is short; all sequences are then unchanged.
    func append(_ parts: [SequencePart], predicting logits: inout MutableSpan<Float>) throws

    /// Appends a part to each of some sequences, and returns the losses of their targets.
    ///
    /// Only the logits of a piece of a part are in memory at a time.
    /// - Parameter parts: At least one; no two of the same sequence.
    /// - Returns: For each part, the cross-entropy of its targets in nats.
    /// - Throws: As ``append(_:predicting:)``, also for targets outside the vocabulary.
    func losses(appending parts: [ScoredPart]) throws -> [[Float]]

    /// Forgets all but the first `tokenCount` tokens of a sequence.
    /// - Precondition: The sequence has that many.
    func truncate(_ sequence: Int, to tokenCount: Int)

    /// Replaces what one sequence holds with the first tokens of another, without computing them
    /// again.
    /// - Precondition: The other has that many.
    /// - Throws: A model's error when memory is short; both sequences are then unchanged.
    func copy(_ source: Int, to destination: Int, tokenCount: Int) throws

    /// Allocates memory for all that the sequences can hold, so that none is needed later.
    /// - Throws: A model's error when memory is short.
    func reserve() throws
}

extension DecodingSession {
    package var cacheByteCount: Int { 0 }

    /// A model that keeps nothing needs no memory.
    package func reserve() throws {}

    /// Replaces what one sequence holds with everything that another does.
    /// - Throws: As ``copy(_:to:tokenCount:)``.
    package func copy(_ source: Int, to destination: Int) throws {
        try copy(source, to: destination, tokenCount: tokenCount(of: source))
    }

    /// Tokens in the first sequence.
    package var tokenCount: Int { tokenCount(of: 0) }

    /// Appends tokens to the first sequence and predicts the one after them.
    /// - Parameter tokens: Ids below the model's vocabulary size; at least one.
    /// - Returns: The V logits of the next token.
    /// - Throws: A model's error, as ``append(_:predicting:)`` does.
    package func logits(appending tokens: [Int32]) throws -> [Float] {
        var logits = [Float](repeating: 0, count: vocabularySize)
        var span = logits.mutableSpan
        try append([SequencePart(sequence: 0, tokens: tokens)], predicting: &span)
        return logits
    }
}

/// Tokens to append to one sequence of a session, and what should have been predicted after them.
package struct ScoredPart: Sendable, Equatable {
    /// Index of the sequence in its session.
    package var sequence: Int
    /// What is appended to it; at least one token.
    package var tokens: [Int32]
    /// The tokens that follow the last of ``tokens``, one after each; at most as many.
    package var targets: [Int32]

    /// Names a sequence, its next tokens and their targets.
    package init(sequence: Int, tokens: [Int32], targets: [Int32]) {
        precondition(
            targets.count <= tokens.count,
            "\(targets.count) targets of \(tokens.count) tokens"
        )
        self.sequence = sequence
        self.tokens = tokens
        self.targets = targets
    }
}

extension DecodingSession {
    package func losses(appending parts: [ScoredPart]) throws -> [[Float]] {
        let counts = parts.map { tokenCount(of: $0.sequence) }
        do {
            return try parts.map { part in
                // Tokens without a target go in at once, together with the first that has one.
                let unscored = part.tokens.count - part.targets.count
                var logits = try predict(part.sequence, after: part.tokens.prefix(unscored + 1))
                return try part.targets.enumerated().map { index, target in
                    if index > 0 {
                        logits = try predict(part.sequence, after: [part.tokens[unscored + index]])
                    }
                    return logits.withRows(0..<1, of: vocabularySize) { $0.loss(of: target) }
                }
            }
        } catch {
            for (part, count) in zip(parts, counts) { truncate(part.sequence, to: count) }
            throw error
        }
    }

    private func predict(_ sequence: Int, after tokens: ArraySlice<Int32>) throws -> [Float] {
        var logits = [Float](repeating: 0, count: vocabularySize)
        var span = logits.mutableSpan
        let part = SequencePart(sequence: sequence, tokens: Array(tokens))
        try append([part], predicting: &span)
        return logits
    }
}

extension MutableSpan<Float> {
    /// The cross-entropy of a token in nats; NaN when a logit is NaN.
    fileprivate func loss(of token: Int32) -> Float {
        guard firstUnusable == nil else { return .nan }
        return Float(logSumOfExponentials() - Double(self[Int(token)]))
    }
}
