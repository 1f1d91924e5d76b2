// Drawing a token from logits. The order of the steps is temperature, top-k, top-p: each limits what
// the one before it left.

import Tensors

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// Draws tokens; the same seed, options and logits give the same tokens.
public struct Sampler: Sendable {
    /// How tokens are drawn.
    public let options: SamplingOptions
    private var generator: MersenneTwister

    /// Starts with a seed, which greedy sampling does not use.
    public init(_ options: SamplingOptions, seed: UInt64) {
        self.options = options
        generator = MersenneTwister(seed: seed)
    }

    /// Draws a token.
    ///
    /// Of equally likely tokens, greedy sampling takes and top-k and top-p prefer the lowest id. A
    /// token whose logit is negative infinity is never drawn.
    /// - Parameter logits: One for each token of the vocabulary; not empty.
    /// - Returns: An id below `logits.count`.
    /// - Throws: ``InferenceError/unusableLogit(token:value:)`` when a logit is NaN or positive
    ///   infinity, or all are negative infinity.
    public mutating func sample(_ logits: [Float]) throws -> Int32 {
        let best = try Self.mostLikely(logits)
        guard options.temperature > 0, options.topK != 1 else { return Int32(best) }
        // Relative to the largest, so that no exponential overflows. In double, because a float sum
        // over a large vocabulary would misplace its unlikely tokens.
        let (largest, temperature) = (Double(logits[best]), Double(options.temperature))
        let weights = logits.map { exp((Double($0) - largest) / temperature) }
        let limitsCount = options.topK > 0 && options.topK < logits.count
        guard limitsCount || options.topP < 1 else { return draw(logits.indices, weights) }

        var keys = logits.indices.map { RankKey(token: $0, logit: logits[$0]) }
        if limitsCount { keys.keepSmallest(options.topK) }
        return draw(nucleus(&keys, weights).map(\.token), weights)
    }

    /// The most likely tokens that together reach `topP` of the weight of all in `keys`, in order.
    private func nucleus(_ keys: inout [RankKey], _ weights: [Double]) -> ArraySlice<RankKey> {
        let topP = Double(options.topP)
        let total = keys.reduce(0.0) { $0 + weights[$1.token] }
        // Tokens below this weigh less than 1 - topP together, so the nucleus is reached without
        // them, and sorting only the others is much quicker.
        let least = (1 - topP) * total / Double(keys.count)
        keys.removeAll { weights[$0.token] < least }
        keys.sort()
        guard topP < 1 else { return keys[...] }
        var sum = 0.0
        let last = keys.firstIndex {
            sum += weights[$0.token]
            return sum >= topP * total
        }
        return keys[...(last ?? keys.count - 1)]
    }

    /// Draws one of `tokens` with a probability proportional to its weight.
    private mutating func draw(_ tokens: some Collection<Int>, _ weights: [Double]) -> Int32 {
        let total = tokens.reduce(0.0) { $0 + weights[$1] }
        let coin = generator.nextDouble() * total
        var sum = 0.0
        var drawn = 0
        for token in tokens where weights[token] > 0 {
            drawn = token
            sum += weights[token]
            if coin < sum { break }
        }
        // When rounding makes the coin equal the total, the last possible token is drawn.
        return Int32(drawn)
    }

    /// The token with the largest logit, the first of equals, after checking every logit.
    private static func mostLikely(_ logits: [Float]) throws -> Int {
        precondition(!logits.isEmpty, "sampling from no logits")
        var best = 0
        for (token, logit) in logits.enumerated() {
            guard logit < .infinity else {
                throw InferenceError.unusableLogit(token: token, value: logit)
            }
            if logit > logits[best] { best = token }
        }
        guard logits[best] > -.infinity else {
            throw InferenceError.unusableLogit(token: best, value: logits[best])
        }
        return best
    }
}

/// A token and its logit in one integer that sorts the most likely first, and equals by id.
private struct RankKey: Comparable {
    private let bits: UInt64

    var token: Int { Int(bits & 0xffff_ffff) }

    init(token: Int, logit: Float) {
        // Adding zero makes -0 and 0 the same. Then the bits of positive floats sort as the floats
        // do, and those of negative ones the other way round.
        let pattern = (logit + 0).bitPattern
        let ascending = pattern >> 31 == 0 ? pattern | 0x8000_0000 : ~pattern
        bits = UInt64(~ascending) << 32 | UInt64(token)
    }

    static func < (a: RankKey, b: RankKey) -> Bool { a.bits < b.bits }
}

extension [RankKey] {
    /// Keeps the `count` smallest, in any order (quickselect, Hoare 1961).
    fileprivate mutating func keepSmallest(_ count: Int) {
        withUnsafeMutableBufferPointer { keys in
            // What is left of the range is smaller, what is right of it larger than all within.
            var range = keys.indices
            // Keys are distinct and so are the three, so that each round leaves fewer.
            while range.count > 2 {
                var part = UnsafeMutableBufferPointer(rebasing: keys[range])
                let pivot = [part[0], part[part.count / 2], part[part.count - 1]].sorted()[1]
                let split = range.lowerBound + part.partition { $0 >= pivot }
                range = count < split ? range.lowerBound..<split : split..<range.upperBound
            }
            keys[range].sort()
        }
        removeSubrange(count...)
    }
}
