// Which tokenizer belongs to a model: the named one or the one that lies beside it, of as many tokens
// as the model has.

import Swiftlet

/// The tokenizer that belongs to a model, read when it is needed.
struct ModelTokenizer {
    private let options: ModelOptions
    private let modelPath: FilePath
    private let vocabularySize: Int

    init(_ options: ModelOptions, modelPath: FilePath, vocabularySize: Int) {
        self.options = options
        self.modelPath = modelPath
        self.vocabularySize = vocabularySize
    }

    /// What encodes text; one there must be.
    func tokenizer() throws -> BytePairTokenizer {
        let path = try options.tokenizerPath(besideModel: modelPath)
        let tokenizer = try BytePairTokenizer(contentsOf: path)
        try Self.check(tokenizer.vocabulary, path, vocabularySize: vocabularySize)
        return tokenizer
    }

    /// The bytes of tokens, if a tokenizer was named or lies beside the model.
    func vocabulary() throws -> Vocabulary? {
        guard let path = try options.optionalTokenizerPath(besideModel: modelPath) else {
            return nil
        }
        let vocabulary = try TokenizerFile.vocabulary(path)
        try Self.check(vocabulary, path, vocabularySize: vocabularySize)
        return vocabulary
    }

    /// Refuses a vocabulary, of the tokenizer at `path`, whose tokens cannot be those of a model.
    static func check(_ vocabulary: Vocabulary, _ path: FilePath, vocabularySize: Int) throws {
        guard vocabulary.count == vocabularySize else {
            throw TokenizerError.wrongCount(
                path: path,
                expected: vocabularySize,
                found: vocabulary.count
            )
        }
    }
}
