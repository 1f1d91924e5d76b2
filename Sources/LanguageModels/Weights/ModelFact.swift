// What a configuration says of a model, for people and programs that look at it and know no family.

/// A size or a setting of a model.
public struct ModelFact: Sendable, Equatable {
    /// What it is.
    public enum Value: Sendable, Equatable, Encodable {
        case count(Int)
        case number(Float)
        case flag(Bool)
        case name(String)

        public func encode(to encoder: any Encoder) throws {
            var container = encoder.singleValueContainer()
            switch self {
            case .count(let value): try container.encode(value)
            case .number(let value): try container.encode(value)
            case .flag(let value): try container.encode(value)
            case .name(let value): try container.encode(value)
            }
        }
    }

    /// Its name, in the words of descriptors: `layers`, `kv_heads`.
    public let name: String
    /// What it is.
    public let value: Value

    /// Names a fact.
    public init(_ name: String, _ value: Value) {
        self.name = name
        self.value = value
    }
}

extension GPT2Configuration {
    public var facts: [ModelFact] {
        [
            ModelFact("layers", .count(layerCount)),
            ModelFact("heads", .count(headCount)),
            ModelFact("channels", .count(channels)),
            ModelFact("context", .count(contextLength)),
            ModelFact("vocabulary", .count(vocabularySize)),
            ModelFact("padded_vocabulary", .count(paddedVocabularySize)),
        ]
            // What all others have is not worth a line.
            + (activation == .tanh ? [] : [ModelFact("activation", .name(activation.rawValue))])
    }
}

extension Llama2Configuration {
    public var facts: [ModelFact] {
        [
            ModelFact("layers", .count(layerCount)),
            ModelFact("heads", .count(headCount)),
            ModelFact("kv_heads", .count(keyValueHeadCount)),
            ModelFact("head_size", .count(headSize)),
            ModelFact("channels", .count(channels)),
            ModelFact("hidden", .count(hiddenChannels)),
            ModelFact("context", .count(contextLength)),
            ModelFact("vocabulary", .count(vocabularySize)),
            ModelFact("separate_classifier", .flag(hasSeparateClassifier)),
            ModelFact("theta", .number(ropeTheta)),
            ModelFact("rope_type", .name(ropeScaling.name)),
            ModelFact("epsilon", .number(normEpsilon)),
        ]
    }
}
