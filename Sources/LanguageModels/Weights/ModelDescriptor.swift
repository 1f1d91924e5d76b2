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

/// A list of sizes in a descriptor, such as `layers=4,heads=4,channels=128`.
struct SizeList {
    private var values: [String: Int] = [:]

    /// Reads a list.
    /// - Parameters:
    ///   - parts: What stands between the commas.
    ///   - keys: The keys that it may have; nil allows all.
    ///   - example: A part as it should be, for the error.
    ///   - unknown: Makes an error of what is wrong.
    /// - Throws: The error, for the first part that is wrong.
    init(
        _ parts: some Sequence<Substring>,
        keys: [String]? = nil,
        example: String,
        _ unknown: (_ problem: String) -> ModelError
    ) throws {
        for part in parts {
            let pair = part.split(separator: "=", maxSplits: 1).map(String.init)
            guard pair.count == 2, let value = Int(pair[1]) else {
                throw unknown("'\(part)' is not a size such as \(example)")
            }
            if let keys, !keys.contains(pair[0]) { throw unknown("it has no '\(pair[0])'") }
            guard values.updateValue(value, forKey: pair[0]) == nil else {
                throw unknown("'\(pair[0])' is given twice")
            }
        }
    }

    /// The keys in the list.
    var keys: Set<String> { Set(values.keys) }

    subscript(key: String) -> Int? { values[key] }

    /// The values of keys that a list must have.
    /// - Throws: The error that `unknown` makes, if any is missing.
    func required(
        _ keys: [String],
        _ unknown: (_ problem: String) -> ModelError
    ) throws -> [Int] {
        let missing = keys.filter { values[$0] == nil }
        guard missing.isEmpty else {
            throw unknown("it does not say how many \(missing.joined(separator: " and "))")
        }
        return keys.compactMap { values[$0] }
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
