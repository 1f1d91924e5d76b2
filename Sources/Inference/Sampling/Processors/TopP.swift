/// Excludes all but the fewest most likely tokens that together reach a probability.
///
/// This is nucleus sampling (Holtzman et al. 2020). At least one token stays. Of equally likely
/// ones at the edge, the lowest ids stay.
public struct TopP: LogitsProcessor {
    /// The probability to reach, of what the processors before this one left.
    public let probability: Float
    private var weights = TokenWeights()
    private var candidates: [Candidate] = []

    /// Checks the value.
    /// - Throws: ``InferenceError/invalidOption(name:requirement:found:)``.
    public init(_ probability: Float) throws {
        try InferenceError.require(
            probability > 0 && probability <= 1,
            "top-p",
            "more than 0 and at most 1",
            probability
        )
        self.probability = probability
    }

    public mutating func process(_ logits: inout MutableSpan<Float>) {
        guard probability < 1 else { return }
        weights.compute(from: logits)
        let target = Double(probability) * weights.total
        // Tokens below this weigh less than what is beyond the nucleus all together, so the nucleus
        // is reached without them; most of a usual distribution need not be looked at again.
        let least = Float((weights.total - target) / Double(logits.count))
        candidates.removeAll(keepingCapacity: true)
        weights.forEachToken(weighingAtLeast: least) { token, weight in
            candidates.append(Candidate(token: token, logit: logits[token], weight: weight))
        }
        candidates.keepNucleus(reaching: target)
        logits.excludeAll(but: candidates)
    }
}
