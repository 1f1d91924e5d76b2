// How sampling options are stored, such as in a program's settings. They are checked when they are
// read, like options that a program makes.

extension SamplingOptions: Codable {
    private enum CodingKeys: String, CodingKey {
        case temperature, topK, topP, minP, repetitionPenalty, repetitionWindow
        case presencePenalty, frequencyPenalty, logitBias
    }

    /// Reads options; those that are missing are as in the model's own distribution.
    /// - Throws: ``InferenceError/invalidOption(name:requirement:found:)``, `DecodingError`.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        func value<Value: Decodable>(_ key: CodingKeys, else usual: Value) throws -> Value {
            try container.decodeIfPresent(Value.self, forKey: key) ?? usual
        }
        // JSON has no infinity: null excludes a token.
        let bias: [Int: Float?] = try value(.logitBias, else: [:])
        var logitBias: [Int32: Float] = [:]
        for (token, amount) in bias {
            guard let id = Int32(exactly: token) else {
                throw DecodingError.dataCorruptedError(
                    forKey: .logitBias,
                    in: container,
                    debugDescription: "\(token) is not a token id"
                )
            }
            logitBias[id] = amount ?? -.infinity
        }
        try self.init(
            temperature: value(.temperature, else: 1),
            topK: value(.topK, else: 0),
            topP: value(.topP, else: 1),
            minP: value(.minP, else: 0),
            repetitionPenalty: value(.repetitionPenalty, else: 1),
            repetitionWindow: value(.repetitionWindow, else: 0),
            presencePenalty: value(.presencePenalty, else: 0),
            frequencyPenalty: value(.frequencyPenalty, else: 0),
            logitBias: logitBias
        )
    }

    /// Writes all options.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(temperature, forKey: .temperature)
        try container.encode(topK, forKey: .topK)
        try container.encode(topP, forKey: .topP)
        try container.encode(minP, forKey: .minP)
        try container.encode(repetitionPenalty, forKey: .repetitionPenalty)
        try container.encode(repetitionWindow, forKey: .repetitionWindow)
        try container.encode(presencePenalty, forKey: .presencePenalty)
        try container.encode(frequencyPenalty, forKey: .frequencyPenalty)
        let bias = logitBias.map { (Int($0), $1 == -.infinity ? nil : $1) }
        try container.encode([Int: Float?](uniqueKeysWithValues: bias), forKey: .logitBias)
    }
}
