/// How a token is drawn from a model's logits.
public struct SamplingOptions: Sendable, Equatable {
    /// Divides the logits: below 1 sharpens the distribution, above 1 flattens it, and 0 always
    /// takes the most likely token.
    public let temperature: Float
    /// Only this many of the most likely tokens are considered; 0 is no limit.
    public let topK: Int
    /// Only the most likely tokens that together reach this probability are considered; 1 is no
    /// limit.
    ///
    /// This is nucleus sampling (Holtzman et al. 2020).
    public let topP: Float

    /// Always the most likely token.
    public static let greedy = SamplingOptions(uncheckedTemperature: 0, topK: 0, topP: 1)

    /// Checks the options.
    /// - Throws: ``InferenceError/invalidOption(name:requirement:found:)``.
    public init(temperature: Float = 1, topK: Int = 0, topP: Float = 1) throws {
        guard temperature >= 0, temperature.isFinite else {
            throw InferenceError.invalidOption(
                name: "temperature",
                requirement: "0 or more",
                found: "\(temperature)"
            )
        }
        guard topK >= 0 else {
            throw InferenceError.invalidOption(
                name: "top-k",
                requirement: "0 (no limit) or more",
                found: "\(topK)"
            )
        }
        guard topP > 0, topP <= 1 else {
            throw InferenceError.invalidOption(
                name: "top-p",
                requirement: "more than 0 and at most 1",
                found: "\(topP)"
            )
        }
        self.init(uncheckedTemperature: temperature, topK: topK, topP: topP)
    }

    private init(uncheckedTemperature temperature: Float, topK: Int, topP: Float) {
        self.temperature = temperature
        self.topK = topK
        self.topP = topP
    }
}
