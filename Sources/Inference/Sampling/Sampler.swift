// From logits to a token: a chain of processors, then a draw.

import RandomNumbers

/// How a token is chosen from processed logits.
package enum TokenDraw: Sendable, Equatable {
    /// The token with the largest logit; of equals, the lowest id.
    case greedy
    /// A token at random, according to the probabilities.
    case random(seed: UInt64)
}

/// Draws tokens; the same chain, seed and logits give the same tokens.
///
/// ```swift
/// var sampler = Sampler(try SamplingOptions(temperature: 0.8, topK: 40), seed: 1)
/// var own = Sampler([try TopK(40), MyProcessor()], draw: .random(seed: 1))
/// ```
package struct Sampler: Sendable {
    private var processors: [any LogitsProcessor]
    /// Only ids below it are drawn; nil for no limit.
    private let tokenLimit: Int?
    /// Draws at random; nil is greedy.
    private var generator: MersenneTwister?
    private var weights = TokenWeights()

    /// Puts a chain together.
    /// - Parameters:
    ///   - processors: Run in this order.
    ///   - draw: How a token is chosen in the end.
    ///   - tokenLimit: Only ids below it are drawn, because a model may have rows for ids that its
    ///     tokenizer lacks; nil allows all of the model's. The processors do not see the others.
    package init(_ processors: [any LogitsProcessor], draw: TokenDraw, tokenLimit: Int? = nil) {
        precondition(tokenLimit ?? 1 >= 1, "a limit of \(tokenLimit ?? 1) tokens")
        self.processors = processors
        self.tokenLimit = tokenLimit
        if case .random(let seed) = draw { generator = MersenneTwister(seed: seed) }
    }

    /// The chain of the usual options, in the order of ``LogitsProcessor``.
    /// - Parameters:
    ///   - options: How tokens are drawn.
    ///   - seed: What random draws start from; greedy sampling does not use it.
    ///   - tokenLimit: Only ids below it are drawn; nil is all of the model's.
    package init(_ options: SamplingOptions, seed: UInt64, tokenLimit: Int? = nil) {
        self.init(
            options.processors,
            draw: options.isGreedy ? .greedy : .random(seed: seed),
            tokenLimit: tokenLimit
        )
    }

    /// Starts a sequence: the processors forget the one before, and see these tokens.
    ///
    /// Random draws continue.
    /// - Parameters:
    ///   - tokens: What is to be continued; all below the limit, if there is one.
    ///   - generated: What has already been drawn after them.
    package mutating func prompt(_ tokens: [Int32], generated: some Collection<Int32> = []) {
        for index in processors.indices {
            processors[index].prompt(tokens)
            for token in generated { processors[index].didSample(token) }
        }
    }

    /// Draws a token, which is then part of the sequence.
    ///
    /// A token with a logit of negative infinity is never drawn.
    /// - Parameter logits: `(V)`, one for each token of the vocabulary; the processors change them.
    /// - Returns: An id below `logits.count` and the limit.
    /// - Throws: ``InferenceError/unusableLogit(token:value:)`` when a logit is NaN or positive
    ///   infinity, or all are negative infinity; ``InferenceError/nothingToDraw`` when processing
    ///   makes them so; what a processor throws.
    package mutating func sample(_ logits: inout MutableSpan<Float>) throws -> Int32 {
        try withDrawable(&logits) { sampler, logits in
            try Self.check(logits)
            return try sampler.draw(from: &logits)
        }
    }

    /// The same, and also reports how likely the model found the token and which ones it found
    /// likeliest.
    /// - Parameters:
    ///   - logits: `(V)`, one for each token of the vocabulary; the processors change them.
    ///   - topLogprobs: How many of the likeliest tokens are named.
    /// - Returns: The token.
    /// - Throws: As ``sample(_:)``.
    package mutating func sample(
        _ logits: inout MutableSpan<Float>,
        topLogprobs: Int
    ) throws -> TokenLogprobs {
        try withDrawable(&logits) { sampler, logits in
            try Self.check(logits)
            let total = logits.logSumOfExponentials()
            let top = logits.likeliest(topLogprobs, total: total)
            // The processors change them.
            let original = logits.withUnsafeBufferPointer { Array($0) }
            let token = try sampler.draw(from: &logits)
            return TokenLogprobs(
                token: token,
                logprob: Float(Double(original[Int(token)]) - total),
                top: top
            )
        }
    }

    /// Draws a token from logits that stay unchanged.
    package mutating func sample(_ logits: [Float]) throws -> Int32 {
        var logits = logits
        var span = logits.mutableSpan
        return try sample(&span)
    }

    /// Calls `body` with the logits of the tokens that may be drawn.
    private mutating func withDrawable<Result>(
        _ logits: inout MutableSpan<Float>,
        _ body: (inout Sampler, inout MutableSpan<Float>) throws -> Result
    ) throws -> Result {
        precondition(!logits.isEmpty, "sampling from no logits")
        guard let tokenLimit, tokenLimit < logits.count else { return try body(&self, &logits) }
        return try logits.withUnsafeMutableBufferPointer {
            // The span ends with this closure.
            var drawable = UnsafeMutableBufferPointer(rebasing: $0[..<tokenLimit]).mutableSpan
            return try body(&self, &drawable)
        }
    }

    /// Refuses logits of a broken model before the chain: top-k, for one, would silently drop a
    /// NaN.
    private static func check(_ logits: borrowing MutableSpan<Float>) throws {
        if let token = logits.firstUnusable ?? (logits.largest == -.infinity ? 0 : nil) {
            throw InferenceError.unusableLogit(token: token, value: logits[token])
        }
    }

    /// Runs the chain, and draws.
    private mutating func draw(from logits: inout MutableSpan<Float>) throws -> Int32 {
        for index in processors.indices { try processors[index].process(&logits) }
        guard processors.isEmpty || logits.firstUnusable == nil, let token = draw(logits) else {
            throw InferenceError.nothingToDraw
        }
        for index in processors.indices { processors[index].didSample(Int32(token)) }
        return Int32(token)
    }

    /// A token that is not excluded; nil when all are.
    private mutating func draw(_ logits: borrowing MutableSpan<Float>) -> Int? {
        guard generator != nil else {
            let largest = logits.largest
            return largest > -.infinity ? logits.firstToken(with: largest) : nil
        }
        weights.compute(from: logits)
        guard let coin = generator?.nextDouble() else { return nil }
        return weights.token(at: coin * weights.total)
    }
}
