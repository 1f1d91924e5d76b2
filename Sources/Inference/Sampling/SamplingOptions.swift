/// How a token is drawn from a model's logits: the settings of the usual chain of processors.
public struct SamplingOptions: Sendable, Equatable {
    /// Divides the logits: below 1 sharpens the distribution, above 1 flattens it, and 0 always
    /// takes the most likely token.
    public let temperature: Float
    /// Only this many of the most likely tokens are considered; 0 is no limit.
    public let topK: Int
    /// Only the most likely tokens that together reach this probability are considered; 1 is no
    /// limit.
    public let topP: Float
    /// Only tokens at least this fraction as likely as the most likely one are considered; 0 is no
    /// limit.
    public let minP: Float
    /// Above 1 makes tokens that have already occurred less likely; 1 is no penalty.
    public let repetitionPenalty: Float
    /// Only this many of the last tokens are penalized; 0 is all, including the prompt's.
    public let repetitionWindow: Int
    /// Subtracted from the logits of tokens that were already generated; 0 is no penalty.
    public let presencePenalty: Float
    /// Subtracted from the logit of a token for every time it was generated; 0 is no penalty.
    public let frequencyPenalty: Float
    /// What is added to the logits of some tokens; negative infinity excludes a token.
    public let logitBias: [Int32: Float]

    /// The chain for these settings, without steps that would change nothing.
    let processors: [any LogitsProcessor]

    /// What each number may be.
    package static let bounds = (
        temperature: Bounds<Float>.notNegative,
        topK: Bounds<Int>.from(0),
        topP: Bounds<Float>.positiveFraction,
        minP: Bounds<Float>.fraction,
        repetitionPenalty: Bounds<Float>.positive,
        repetitionWindow: Bounds<Int>.from(0),
        occurrencePenalty: Bounds<Float>.finite
    )

    /// The model's own distribution.
    package static let plain = known { try SamplingOptions() }

    /// Always the most likely token.
    public static let greedy = known { try SamplingOptions(temperature: 0) }

    /// A little more cautious than the model's own distribution, and without its least likely
    /// tokens, which together are drawn one time in twenty and derail texts.
    ///
    /// Top-p rather than top-k, because it keeps few tokens where the model is sure and many where
    /// it is not, whatever the size of its vocabulary; and because temperature 1 and top-p 1 then
    /// suffice for the plain distribution.
    public static let usual = known { try SamplingOptions(temperature: 0.8, topP: 0.95) }

    /// Options that are written here, and within their bounds.
    private static func known(_ make: () throws -> Self) -> Self {
        do { return try make() } catch { preconditionFailure("\(error)") }
    }

    /// Whether the most likely token is always drawn.
    var isGreedy: Bool { temperature == 0 }

    /// Checks the options; without any, tokens are drawn as often as the model says.
    /// - Throws: ``InferenceError/invalidOption(name:requirement:found:)``.
    public init(
        temperature: Float = 1,
        topK: Int = 0,
        topP: Float = 1,
        minP: Float = 0,
        repetitionPenalty: Float = 1,
        repetitionWindow: Int = 0,
        presencePenalty: Float = 0,
        frequencyPenalty: Float = 0,
        logitBias: [Int32: Float] = [:]
    ) throws {
        try InferenceError.require(temperature, "temperature", in: Self.bounds.temperature)
        try InferenceError.require(topK, "top-k", in: Self.bounds.topK)
        let penalty = try RepetitionPenalty(repetitionPenalty, window: repetitionWindow)
        let occurrence = try OccurrencePenalty(
            presence: presencePenalty,
            frequency: frequencyPenalty
        )
        let bias = try LogitBias(logitBias)
        let nucleus = try TopP(topP)
        let floor = try MinP(minP)

        var processors: [any LogitsProcessor] = []
        if repetitionPenalty != 1 { processors.append(penalty) }
        if presencePenalty != 0 || frequencyPenalty != 0 { processors.append(occurrence) }
        if !logitBias.isEmpty { processors.append(bias) }
        // The limits leave the most likely token, which is all that greedy sampling needs.
        if temperature > 0 {
            if temperature != 1 { processors.append(try Temperature(temperature)) }
            if topK > 0 { processors.append(try TopK(topK)) }
            if topP < 1 { processors.append(nucleus) }
            if minP > 0 { processors.append(floor) }
        }

        self.temperature = temperature
        self.topK = topK
        self.topP = topP
        self.minP = minP
        self.repetitionPenalty = repetitionPenalty
        self.repetitionWindow = repetitionWindow
        self.presencePenalty = presencePenalty
        self.frequencyPenalty = frequencyPenalty
        self.logitBias = logitBias
        self.processors = processors
    }

    /// Checks that a vocabulary has all tokens named in the options.
    /// - Throws: ``InferenceError/unknownBiasToken(token:vocabularySize:)``.
    package func check(vocabularySize: Int) throws {
        try LogitBias(logitBias).check(vocabularySize: vocabularySize)
    }

    public static func == (a: SamplingOptions, b: SamplingOptions) -> Bool {
        // The complete input of the processors.
        a.temperature == b.temperature && a.topK == b.topK && a.topP == b.topP
            && a.minP == b.minP && a.repetitionPenalty == b.repetitionPenalty
            && a.repetitionWindow == b.repetitionWindow && a.presencePenalty == b.presencePenalty
            && a.frequencyPenalty == b.frequencyPenalty && a.logitBias == b.logitBias
    }
}

extension InferenceError {
    /// Throws ``invalidOption(name:requirement:found:)`` unless a value is within its bounds.
    static func require<Value>(_ value: Value, _ name: String, in bounds: Bounds<Value>) throws {
        try require(bounds.contains(value), name, bounds.requirement, value)
    }

    /// Throws ``invalidOption(name:requirement:found:)`` unless the requirement holds.
    package static func require(
        _ holds: Bool,
        _ name: String,
        _ requirement: String,
        _ found: some Any
    ) throws {
        if !holds {
            throw InferenceError.invalidOption(
                name: name,
                requirement: requirement,
                found: "\(found)"
            )
        }
    }
}
