#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// Excludes tokens much less likely than the most likely one.
///
/// The method is of Nguyen et al. 2024.
public struct MinP: LogitsProcessor {
    /// The least probability that stays, as a fraction of the most likely token's; 0 excludes none.
    public let fraction: Float

    /// Checks the value.
    /// - Throws: ``InferenceError/invalidOption(name:requirement:found:)``.
    public init(_ fraction: Float) throws {
        try InferenceError.require(
            fraction >= 0 && fraction <= 1,
            "min-p",
            "0 (no limit) to 1",
            fraction
        )
        self.fraction = fraction
    }

    public func process(_ logits: inout MutableSpan<Float>) {
        // A ratio of probabilities is a difference of logits.
        let least = logits.largest + logf(fraction)
        logits.withUnsafeMutableBufferPointer { logits in
            for i in logits.indices { logits[i] = logits[i] < least ? -.infinity : logits[i] }
        }
    }
}
