// From logits to a token: a chain of processors, then a draw.

import Tensors

/// How a token is chosen from processed logits.
public enum TokenDraw: Sendable, Equatable {
    /// The token with the largest logit; of equals, the lowest id.
    case greedy
    /// A token at random, each as often as its probability says.
    case random(seed: UInt64)
}

/// Draws tokens; the same chain, seed and logits give the same tokens.
///
/// ```swift
/// var sampler = Sampler(try SamplingOptions(temperature: 0.8, topK: 40), seed: 1)
/// var own = Sampler([try TopK(40), MyProcessor()], draw: .random(seed: 1))
/// ```
public struct Sampler: Sendable {
    private var processors: [any LogitsProcessor]
    /// Only ids below it are drawn; nil is no limit.
    private let tokenLimit: Int?
    /// Draws at random; nil is greedy.
    private var generator: MersenneTwister?
    private var weights = TokenWeights()

    /// Puts a chain together.
    /// - Parameters:
    ///   - processors: Run in this order.
    ///   - draw: How a token is chosen in the end.
    ///   - tokenLimit: Only ids below it are drawn, because a model may have rows for ids that its
    ///     tokenizer lacks; nil is all of the model's. The processors do not see the others.
    public init(_ processors: [any LogitsProcessor], draw: TokenDraw, tokenLimit: Int? = nil) {
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
    public init(_ options: SamplingOptions, seed: UInt64, tokenLimit: Int? = nil) {
        self.init(
            options.processors,
            draw: options.isGreedy ? .greedy : .random(seed: seed),
            tokenLimit: tokenLimit
        )
    }

    /// Draws a token.
    ///
    /// A token whose logit is negative infinity is never drawn.
    /// - Parameters:
    ///   - logits: `(V)`, one for each token of the vocabulary; the processors change them.
    ///   - tokens: The sequence so far, prompt included; all below the limit, if there is one.
    /// - Returns: An id below `logits.count` and the limit.
    /// - Throws: ``InferenceError/unusableLogit(token:value:)`` when a logit is NaN or positive
    ///   infinity, or all are negative infinity; ``InferenceError/nothingToDraw`` when they become
    ///   so; what a processor throws.
    public mutating func sample(
        _ logits: inout MutableSpan<Float>,
        after tokens: [Int32]
    ) throws -> Int32 {
        precondition(!logits.isEmpty, "sampling from no logits")
        guard let tokenLimit, tokenLimit < logits.count else {
            return try draw(from: &logits, after: tokens)
        }
        return try logits.withUnsafeMutableBufferPointer {
            // The span ends with this closure.
            var drawable = UnsafeMutableBufferPointer(rebasing: $0[..<tokenLimit]).mutableSpan
            return try draw(from: &drawable, after: tokens)
        }
    }

    /// The same where every logit's token may be drawn.
    private mutating func draw(
        from logits: inout MutableSpan<Float>,
        after tokens: [Int32]
    ) throws -> Int32 {
        // Before the chain: top-k, for one, would drop a NaN without a word.
        if let token = logits.firstUnusable ?? (logits.largest == -.infinity ? 0 : nil) {
            throw InferenceError.unusableLogit(token: token, value: logits[token])
        }
        for index in processors.indices {
            try processors[index].process(&logits, after: tokens)
        }
        guard processors.isEmpty || logits.firstUnusable == nil, let token = draw(logits) else {
            throw InferenceError.nothingToDraw
        }
        return Int32(token)
    }

    /// Draws a token from logits that are left as they are.
    public mutating func sample(_ logits: [Float], after tokens: [Int32] = []) throws -> Int32 {
        var logits = logits
        var span = logits.mutableSpan
        return try sample(&span, after: tokens)
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
