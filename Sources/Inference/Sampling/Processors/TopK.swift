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

    public mutating func process(_ logits: inout MutableSpan<Float>) {
        guard count < logits.count else { return }
        candidates.gather(count, from: logits)
        logits.excludeAll(but: candidates)
    }
}
