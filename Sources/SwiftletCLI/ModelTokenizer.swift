// Which tokenizer belongs to a model: the named one or the one that lies beside it. It may have
// fewer tokens than the model, whose vocabulary is often rounded up, but not more.

import Swiftlet

/// The tokenizer that belongs to a model, read when it is needed.
struct ModelTokenizer {
    private let options: any ModelArguments
    private let modelPath: FilePath
    private let vocabularySize: Int

    init(_ options: any ModelArguments, modelPath: FilePath, vocabularySize: Int) {
        self.options = options
        self.modelPath = modelPath
        self.vocabularySize = vocabularySize
    }

    /// What encodes text; one there must be.
    func tokenizer() throws -> BytePairTokenizer {
        let path = try options.tokenizerPath(besideModel: modelPath)
        let tokenizer = try BytePairTokenizer(contentsOf: path)
        try Self.check(tokenizer.vocabularySize, path, vocabularySize: vocabularySize)
        return tokenizer
    }

    /// The bytes of tokens, if a tokenizer was named or lies beside the model.
    func vocabulary() throws -> Vocabulary? {
        guard let path = try options.optionalTokenizerPath(besideModel: modelPath) else {
            return nil
        }
        let vocabulary = try TokenizerFile.vocabulary(path)
        try Self.check(vocabulary.count, path, vocabularySize: vocabularySize)
        return vocabulary
    }

    /// Refuses a tokenizer, at `path`, that has more tokens than a model, and remarks on one that
    /// has so many fewer that it is hardly the model's.
    static func check(_ count: Int, _ path: FilePath, vocabularySize: Int) throws {
        guard count <= vocabularySize else {
            throw TokenizerError.wrongCount(path: path, expected: vocabularySize, found: count)
        }
        // Sizes are rounded up to a multiple of 128 at most.
        if vocabularySize - count >= 128 {
            Terminal.diagnose(
                "'\(path)' has \(count.grouped) tokens and the model \(vocabularySize.grouped): is it "
                    + "the model's? Ids that it lacks are never drawn"
            )
        }
    }
}
