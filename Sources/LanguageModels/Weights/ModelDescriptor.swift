// Models in words: which family a size on the command line belongs to, and what a configuration
// says about a model, for people and programs that know no family.

/// A size of a model as text, such as `d12` or `llama2:layers=6,heads=6,channels=288`.
package struct ModelDescriptor: Sendable {
    /// The text.
    package let text: String
    private let family: any ModelConfiguration.Type

    /// Takes a text as a size; a Llama's says so, and all others are a GPT-2's.
    package init(_ text: String) {
        self.text = text
        family =
            Llama2Configuration.isDescriptor(text)
            ? Llama2Configuration.self : GPT2Configuration.self
    }

    /// Whether it looks like a size rather than the name of a file.
    package static func isOne(_ text: String) -> Bool {
        GPT2Configuration.isDescriptor(text) || Llama2Configuration.isDescriptor(text)
    }

    /// The vocabulary of a size that gives none, and whose it is.
    package var usualVocabulary: (size: Int, owner: String) { family.usualVocabulary }

    /// Whether the size gives the vocabulary.
    package var givesVocabulary: Bool { text.contains("vocabulary=") }

    /// The sizes of the model.
    /// - Parameter vocabularySize: V, if the text does not give it; nil for the family's usual one.
    /// - Returns: The sizes.
    /// - Throws: ``ModelError`` for an unknown name, key or impossible size.
    package func configuration(vocabularySize: Int? = nil) throws -> any ModelConfiguration {
        do {
            return try family.init(
                descriptor: text,
                vocabularySize: vocabularySize ?? usualVocabulary.size
            )
        } catch let error as ModelError where family == GPT2Configuration.self {
            throw Self.namingLlama(error)
        }
    }

    /// The error for a word that is neither a size nor a file.
    package static func neitherSizeNorFile(_ text: String) -> ModelError {
        namingLlama(.neitherSizeNorFile(text))
    }

    /// The error, with a Llama's size in its hint if one may have been meant.
    private static func namingLlama(_ error: ModelError) -> ModelError {
        guard case .unknownDescriptor(let found, let problem, let hint) = error,
            found.lowercased().contains("llama")
        else { return error }
        return .unknownDescriptor(
            found: found,
            problem: problem,
            hint: hint + ", or for a Llama llama2:layers=6,heads=6,channels=288,hidden=768"
        )
    }
}

/// A size or a setting of a model.
package struct ModelFact: Sendable, Equatable {
    /// Its value.
    package enum Value: Sendable, Equatable, Encodable {
        case count(Int)
        case number(Float)
        case flag(Bool)
        case name(String)

        package func encode(to encoder: any Encoder) throws {
            var container = encoder.singleValueContainer()
            switch self {
            case .count(let value): try container.encode(value)
            case .number(let value): try container.encode(value)
            case .flag(let value): try container.encode(value)
            case .name(let value): try container.encode(value)
            }
        }
    }

    /// Its name, as in descriptors: `layers`, `kv_heads`.
    package let name: String
    /// Its value.
    package let value: Value

    /// Names a fact.
    package init(_ name: String, _ value: Value) {
        self.name = name
        self.value = value
    }
}

extension GPT2Configuration {
    package var facts: [ModelFact] {
        [
            ModelFact("layers", .count(layerCount)),
            ModelFact("heads", .count(headCount)),
            ModelFact("channels", .count(channels)),
            ModelFact("context", .count(contextLength)),
            ModelFact("vocabulary", .count(vocabularySize)),
            ModelFact("padded_vocabulary", .count(paddedVocabularySize)),
        ]
            // The usual value is not worth a line.
            + (activation == .tanh ? [] : [ModelFact("activation", .name(activation.rawValue))])
    }
}

extension Llama2Configuration {
    package var facts: [ModelFact] {
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
