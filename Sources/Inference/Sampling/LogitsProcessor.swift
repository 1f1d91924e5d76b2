// The steps between a model's logits and the draw of a token, each a small type of its own; a
// Sampler runs a chain of them. Those that change all logits or given ones are here, those that
// exclude tokens in TokenCutoffs.swift, and those that look back in TokenPenalties.swift.

/// A step that changes the logits of the next token before it is drawn.
///
/// A token is excluded by making its logit negative infinity. The first processor of a chain gets
/// numbers or negative infinity, never NaN, and at least one logit is a number; each other one gets
/// what those before it left.
///
/// A processor that depends on the tokens so far is told about each of them once: about the
/// prompt's before the first logits, and about every token that is drawn.
///
/// The order of a chain matters. ``SamplingOptions`` uses the common one: ``RepetitionPenalty``,
/// ``OccurrencePenalty``, ``LogitBias``, ``Temperature``, ``TopK``, ``TopP``, ``MinP``; each of the
/// last three limits what those before it left.
package protocol LogitsProcessor: Sendable {
    /// Takes the tokens that a sequence starts with, and forgets those of the previous sequence.
    mutating func prompt(_ tokens: [Int32])

    /// Changes the logits in place.
    /// - Parameter logits: `(V)`, one for each token of the vocabulary.
    /// - Throws: ``InferenceError`` when the processor does not fit the vocabulary.
    mutating func process(_ logits: inout MutableSpan<Float>) throws

    /// Takes the token that was drawn from the logits.
    mutating func didSample(_ token: Int32)
}

extension LogitsProcessor {
    package mutating func prompt(_ tokens: [Int32]) {}
    package mutating func didSample(_ token: Int32) {}
}

/// Divides the logits: below 1 sharpens the distribution, above 1 flattens it.
package struct Temperature: LogitsProcessor {
    /// The divisor.
    package let temperature: Float

    /// Checks the value.
    /// - Throws: ``InferenceError/invalidOption(name:requirement:found:)``; 0 is not allowed; use
    ///   ``TokenDraw/greedy`` for that.
    package init(_ temperature: Float) throws {
        try InferenceError.require(temperature, "temperature", in: .positive)
        self.temperature = temperature
    }

    package func process(_ logits: inout MutableSpan<Float>) {
        // Relative to the largest, which changes no probability: so no logit becomes positive
        // infinity, however small the temperature.
        let largest = logits.largest
        logits.withUnsafeMutableBufferPointer { logits in
            for i in logits.indices { logits[i] = (logits[i] - largest) / temperature }
        }
    }
}

/// Adds a fixed amount to the logits of some tokens.
package struct LogitBias: LogitsProcessor {
    /// What is added, by token; negative infinity excludes a token.
    package let biases: [Int32: Float]

    /// Checks the values.
    /// - Throws: ``InferenceError/invalidOption(name:requirement:found:)`` for NaN, positive
    ///   infinity and negative ids.
    package init(_ biases: [Int32: Float]) throws {
        // In the order of ids, so that of several mistakes always the same one is reported.
        for (token, bias) in biases.sorted(by: { $0.key < $1.key }) {
            try InferenceError.require(
                token >= 0,
                "token of a logit bias",
                "an id, which is 0 or more",
                token
            )
            try InferenceError.require(
                bias < .infinity,
                "logit bias of token \(token)",
                "a number or -inf",
                bias
            )
        }
        self.biases = biases
    }

    /// Checks that a vocabulary has all of the tokens.
    /// - Throws: ``InferenceError/unknownBiasToken(token:vocabularySize:)``.
    package func check(vocabularySize: Int) throws {
        if let token = biases.keys.filter({ $0 >= vocabularySize }).min() {
            throw InferenceError.unknownBiasToken(token: token, vocabularySize: vocabularySize)
        }
    }

    package func process(_ logits: inout MutableSpan<Float>) throws {
        try check(vocabularySize: logits.count)
        for (token, bias) in biases { logits[Int(token)] += bias }
    }
}
