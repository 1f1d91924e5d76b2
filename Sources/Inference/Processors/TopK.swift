/// Excludes all but the most likely tokens; of equally likely ones, the lowest ids stay.
public struct TopK: LogitsProcessor {
    /// Tokens that stay.
    public let count: Int
    private var candidates: [Candidate] = []

    /// Checks the value.
    /// - Throws: ``InferenceError/invalidOption(name:requirement:found:)``.
    public init(_ count: Int) throws {
        try InferenceError.require(count >= 1, "top-k", "at least 1", count)
        self.count = count
    }

    public mutating func process(_ logits: inout MutableSpan<Float>, after tokens: [Int32]) {
        guard count < logits.count else { return }
        candidates.removeAll(keepingCapacity: true)
        // Twice as many as wanted are gathered before the lesser half is dropped, so that every
        // logit takes constant time on average, whatever their order.
        let capacity = 2 * count
        // Tokens come in the order of ids: a later one must be larger than the last that stays.
        var threshold = -Float.infinity
        logits.forEachBlock { block, start in
            guard any(block .> threshold) else { return }
            for lane in block.indices where block[lane] > threshold {
                candidates.append(Candidate(token: start + lane, logit: block[lane]))
                if candidates.count == capacity {
                    candidates.keepMostLikely(count)
                    threshold = candidates.reduce(.infinity) { min($0, $1.logit) }
                }
            }
        }
        candidates.keepMostLikely(count)
        logits.excludeAll(but: candidates)
    }
}
