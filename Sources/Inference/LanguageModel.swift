// What generation needs of a model: its sizes, and a sequence that can be continued. Only token ids
// pass through here; what they stand for is the business of TextGeneration.

/// A model that predicts the next token of a sequence.
public protocol LanguageModel {
    /// What continues one sequence.
    associatedtype Session: DecodingSession

    /// V: token ids run from 0 to one less.
    var vocabularySize: Int { get }
    /// maxT: the longest sequence the model can look at.
    var contextLength: Int { get }

    /// Starts an empty sequence.
    ///
    /// Sessions share the weights, which must not change while one is in use, and each has its own
    /// working memory.
    func makeSession() -> Session
}

/// One sequence of tokens in a model, which grows at its end.
///
/// It is an object rather than a function of all tokens, so that a model may keep what it computed
/// for the tokens it has seen.
public protocol DecodingSession {
    /// Tokens appended so far.
    var tokenCount: Int { get }

    /// Appends tokens and predicts the one after them.
    /// - Parameter tokens: Ids below the model's vocabulary size; at least one.
    /// - Returns: The V logits of the next token.
    /// - Throws: A model's error when the sequence would be longer than the context, a token is
    ///   outside the vocabulary, or memory is short; the sequence is then as it was.
    mutating func logits(appending tokens: [Int32]) throws -> [Float]
}
