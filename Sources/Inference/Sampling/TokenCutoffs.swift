// Excluding unlikely tokens, which selects the most likely ones without sorting all of them
// (quickselect, Hoare 1961).

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// Excludes all but the most likely tokens; of equally likely ones, the lowest ids stay.
package struct TopK: LogitsProcessor {
    /// How many tokens stay.
    package let count: Int
    private var candidates: [Candidate] = []

    /// Checks the value.
    /// - Throws: ``InferenceError/invalidOption(name:requirement:found:)``.
    package init(_ count: Int) throws {
        try InferenceError.require(count, "top-k", in: .from(1))
        self.count = count
    }

    package mutating func process(_ logits: inout MutableSpan<Float>) {
        guard count < logits.count else { return }
        candidates.gather(count, from: logits)
        logits.excludeAll(but: candidates)
    }
}

/// Excludes all but the fewest most likely tokens that together reach a probability.
///
/// This is nucleus sampling (Holtzman et al. 2020). At least one token stays. Of equally likely
/// ones at the edge, the lowest ids stay.
package struct TopP: LogitsProcessor {
    /// The probability to reach, relative to what the processors before this one left.
    package let probability: Float
    private var weights = TokenWeights()
    private var candidates: [Candidate] = []

    /// Checks the value.
    /// - Throws: ``InferenceError/invalidOption(name:requirement:found:)``.
    package init(_ probability: Float) throws {
        try InferenceError.require(probability, "top-p", in: SamplingOptions.bounds.topP)
        self.probability = probability
    }

    package mutating func process(_ logits: inout MutableSpan<Float>) {
        guard probability < 1 else { return }
        weights.compute(from: logits)
        let target = Double(probability) * weights.total
        // Tokens below this weigh less than everything beyond the nucleus together, so the nucleus
        // is reached without them; most of a typical distribution need not be looked at again.
        let least = Float((weights.total - target) / Double(logits.count))
        candidates.removeAll(keepingCapacity: true)
        weights.forEachToken(weighingAtLeast: least) { token, weight in
            candidates.append(Candidate(token: token, logit: logits[token], weight: weight))
        }
        candidates.keepNucleus(reaching: target)
        logits.excludeAll(but: candidates)
    }
}

/// Excludes tokens much less likely than the most likely one.
///
/// The method is of Nguyen et al. 2024.
package struct MinP: LogitsProcessor {
    /// The least probability that stays, as a fraction of the most likely token's; 0 excludes none.
    package let fraction: Float

    /// Checks the value.
    /// - Throws: ``InferenceError/invalidOption(name:requirement:found:)``.
    package init(_ fraction: Float) throws {
        try InferenceError.require(fraction, "min-p", in: SamplingOptions.bounds.minP)
        self.fraction = fraction
    }

    package func process(_ logits: inout MutableSpan<Float>) {
        // A ratio of probabilities is a difference of logits.
        let least = logits.largest + logf(fraction)
        logits.withUnsafeMutableBufferPointer { logits in
            for i in logits.indices { logits[i] = logits[i] < least ? -.infinity : logits[i] }
        }
    }
}

/// A token that may stay; the most likely come first, and equals are ordered by id.
struct Candidate: Comparable {
    // The order as one integer, which sorting compares.
    private let key: UInt64
    let logit: Float
    /// In proportion to the token's probability; 0 where only the order matters.
    let weight: Float

    var token: Int { Int(key & 0xffff_ffff) }

    init(token: Int, logit: Float, weight: Float = 0) {
        // Adding zero makes -0 and 0 the same. Then the bits of positive floats sort as the floats
        // do, and those of negative ones in reverse.
        let pattern = (logit + 0).bitPattern
        let ascending = pattern >> 31 == 0 ? pattern | 0x8000_0000 : ~pattern
        key = UInt64(~ascending) << 32 | UInt64(token)
        self.logit = logit
        self.weight = weight
    }

    /// The one in the middle.
    static func median(_ a: Candidate, _ b: Candidate, _ c: Candidate) -> Candidate {
        max(min(a, b), min(max(a, b), c))
    }

    static func < (a: Candidate, b: Candidate) -> Bool { a.key < b.key }
    static func == (a: Candidate, b: Candidate) -> Bool { a.key == b.key }
}

extension [Candidate] {
    /// Keeps the `count` most likely, in any order, or all when there are fewer.
    mutating func keepMostLikely(_ count: Int) {
        guard count < self.count else { return }
        divide { split, _ in split <= count }
        removeSubrange(count...)
    }

    /// Becomes the `count` most likely tokens, in any order, without excluded ones.
    mutating func gather(_ count: Int, from logits: borrowing MutableSpan<Float>) {
        removeAll(keepingCapacity: true)
        // Twice as many as wanted are gathered before the lesser half is dropped, so that every
        // logit takes constant time on average, whatever the order.
        let capacity = count < logits.count / 2 ? 2 * count : logits.count
        // Tokens come in the order of ids: a later one must be larger than the last that stays.
        var threshold = -Float.infinity
        logits.forEachBlock { block, start in
            guard any(block .> threshold) else { return }
            for lane in block.indices where block[lane] > threshold {
                append(Candidate(token: start + lane, logit: block[lane]))
                if self.count == capacity {
                    keepMostLikely(count)
                    threshold = reduce(.infinity) { Swift.min($0, $1.logit) }
                }
            }
        }
        keepMostLikely(count)
    }

    /// Keeps the fewest most likely that together weigh at least `target`, sorted by likelihood at
    /// the end; all when they weigh less.
    mutating func keepNucleus(reaching target: Double) {
        var sum = 0.0
        let rest = divide { _, weight in
            guard sum + weight < target else { return false }
            sum += weight
            return true
        }
        let last = self[rest].firstIndex {
            sum += Double($0.weight)
            return sum >= target
        }
        if let last { removeSubrange((last + 1)...) }
    }

    /// Narrows a range to two candidates at most, so that everything left of it is more likely and
    /// everything right of it less likely than all within; then sorts the range.
    /// - Parameter isLeft: Told where a range would be split, and the weight of the split's left
    ///   half; returns whether the target is right of the left half.
    /// - Returns: The range.
    @discardableResult
    private mutating func divide(_ isLeft: (_ split: Int, _ weight: Double) -> Bool) -> Range<Int> {
        withUnsafeMutableBufferPointer { candidates in
            var range = candidates.indices
            // Candidates are distinct, and so are the three, so each round leaves fewer.
            while range.count > 2 {
                var part = UnsafeMutableBufferPointer(rebasing: candidates[range])
                let (a, b, c) = (part[0], part[part.count / 2], part[part.count - 1])
                let pivot = Candidate.median(a, b, c)
                let split = part.partition { $0 >= pivot }
                let weight = part[..<split].reduce(0) { $0 + Double($1.weight) }
                if isLeft(range.lowerBound + split, weight) {
                    range = range.lowerBound + split..<range.upperBound
                } else {
                    range = range.lowerBound..<range.lowerBound + split
                }
            }
            candidates[range].sort()
            return range
        }
    }
}

extension MutableSpan<Float> {
    /// Sets all logits but those of some tokens to negative infinity.
    mutating func excludeAll(but candidates: [Candidate]) {
        update(repeating: -.infinity)
        for candidate in candidates { self[candidate.token] = candidate.logit }
    }
}
