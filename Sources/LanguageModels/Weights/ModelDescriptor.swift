// Which family the size of a model is of, as the command line gives it.

/// A size of a model as text, such as `d12` or `llama2:layers=6,heads=6,channels=288`.
public struct ModelDescriptor: Sendable {
    /// The text.
    public let text: String
    private let family: any ModelConfiguration.Type

    /// Takes a text as a size; that of a Llama says so, and others are a GPT-2's.
    public init(_ text: String) {
        self.text = text
        family =
            Llama2Configuration.isDescriptor(text)
            ? Llama2Configuration.self : GPT2Configuration.self
    }

    /// Whether it looks like a size rather than the name of a file.
    public static func isOne(_ text: String) -> Bool {
        GPT2Configuration.isDescriptor(text) || Llama2Configuration.isDescriptor(text)
    }

    /// The vocabulary of a size that gives none, and whose it is.
    public var usualVocabulary: (size: Int, owner: String) { family.usualVocabulary }

    /// Whether the size gives the vocabulary.
    public var givesVocabulary: Bool { text.contains("vocabulary=") }

    /// The sizes of the model.
    /// - Parameter vocabularySize: V, unless the text gives it; nil for the family's usual one.
    /// - Returns: The sizes.
    /// - Throws: ``ModelError`` for an unknown name, key or impossible size.
    public func configuration(vocabularySize: Int? = nil) throws -> any ModelConfiguration {
        do {
            return try family.init(
                descriptor: text,
                vocabularySize: vocabularySize ?? usualVocabulary.size
            )
        } catch let error as ModelError where family == GPT2Configuration.self {
            throw Self.namingLlama(error)
        }
    }

    /// A word that is no size and no file either.
    public static func neitherSizeNorFile(_ text: String) -> ModelError {
        namingLlama(.neitherSizeNorFile(text))
    }

    /// The error with a Llama's size in its hint, where one may have been meant.
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
