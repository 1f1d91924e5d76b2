// The steps between a model's logits and the draw of a token. Each is a small type of its own in
// Processors/; a Sampler runs a chain of them.

/// A step that changes the logits of the next token before it is drawn.
///
/// A token is excluded by making its logit negative infinity. What the first processor of a chain
/// gets is a number or negative infinity, never NaN, and at least one logit is a number; the others
/// get what those before them left.
///
/// A processor that depends on the tokens so far is told of each of them once: of the prompt's
/// before the first logits, and of every token that is drawn.
///
/// The order of a chain matters. That of ``SamplingOptions`` is the one usual elsewhere:
/// ``RepetitionPenalty``, ``OccurrencePenalty``, ``LogitBias``, ``Temperature``, ``TopK``,
/// ``TopP``, ``MinP``; each of the last three limits what those before it left.
public protocol LogitsProcessor: Sendable {
    /// Takes the tokens that a sequence starts with; those of an earlier one are to be forgotten.
    mutating func prompt(_ tokens: [Int32])

    /// Changes the logits in place.
    /// - Parameter logits: `(V)`, one for each token of the vocabulary.
    /// - Throws: ``InferenceError`` when the processor does not fit the vocabulary.
    mutating func process(_ logits: inout MutableSpan<Float>) throws

    /// Takes the token that was drawn from the logits.
    mutating func didSample(_ token: Int32)
}

extension LogitsProcessor {
    public mutating func prompt(_ tokens: [Int32]) {}
    public mutating func didSample(_ token: Int32) {}
}
