// The steps between a model's logits and the draw of a token. Each is a small type of its own in
// Processors/; a Sampler runs a chain of them.

/// A step that changes the logits of the next token before it is drawn.
///
/// A token is excluded by making its logit negative infinity. What the first processor of a chain
/// gets is a number or negative infinity, never NaN, and at least one logit is a number; the others
/// get what those before them left.
///
/// The order of a chain matters. That of ``SamplingOptions`` is the one usual elsewhere:
/// ``RepetitionPenalty``, ``LogitBias``, ``Temperature``, ``TopK``, ``TopP``, ``MinP``; each of the
/// last three limits what those before it left.
public protocol LogitsProcessor: Sendable {
    /// Changes the logits in place.
    /// - Parameters:
    ///   - logits: `(V)`, one for each token of the vocabulary.
    ///   - tokens: The sequence so far, prompt included.
    /// - Throws: ``InferenceError`` when the processor does not fit the vocabulary.
    mutating func process(_ logits: inout MutableSpan<Float>, after tokens: [Int32]) throws
}
