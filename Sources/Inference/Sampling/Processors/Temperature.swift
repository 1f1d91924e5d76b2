/// Divides the logits: below 1 sharpens the distribution, above 1 flattens it.
public struct Temperature: LogitsProcessor {
    /// The divisor.
    public let temperature: Float

    /// Checks the value.
    /// - Throws: ``InferenceError/invalidOption(name:requirement:found:)``; 0 is no temperature,
    ///   ``TokenDraw/greedy`` is what it stands for.
    public init(_ temperature: Float) throws {
        try InferenceError.require(
            temperature > 0 && temperature.isFinite,
            "temperature",
            "more than 0",
            temperature
        )
        self.temperature = temperature
    }

    public func process(_ logits: inout MutableSpan<Float>) {
        // Relative to the largest, which changes no probability: however small the temperature,
        // no logit then becomes positive infinity.
        let largest = logits.largest
        logits.withUnsafeMutableBufferPointer { logits in
            for i in logits.indices { logits[i] = (logits[i] - largest) / temperature }
        }
    }
}
