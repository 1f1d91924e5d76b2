// Opening Llama's tokenizer, recognised by what is in the file. What each format says is read by
// SentencePieceVocabulary's extensions.

import FileIO

extension SentencePieceTokenizer {
    /// The names of such files in the order in which they are looked for: Meta's and Hugging Face's
    /// first, since the file that llama2.c makes of it says less.
    public static let fileNames = ["tokenizer.model", "tokenizer.bin"]

    /// Opens a tokenizer, recognised by content.
    ///
    /// - Parameters:
    ///   - path: SentencePiece's `tokenizer.model`, llama2.c's `tokenizer.bin`, or a directory that
    ///     holds one of them.
    ///   - vocabularySize: The number of pieces the model knows, the most the file may have; nil
    ///     when it is not known.
    /// - Throws: ``TokenizerError`` when the content is not such a tokenizer, damaged, or of
    ///   another model; `FileIOError` when a file is missing or ends early.
    public convenience init(contentsOf path: FilePath, vocabularySize: Int? = nil) throws {
        let files = try? TokenizerFiles(at: path)
        switch files {
        case .json(let file)?:
            let description = try TokenizerDescription(jsonFile: file)
            guard description.kind == .sentencePiece else {
                throw TokenizerError.otherKind(path: file, found: .byteLevel)
            }
            try SentencePieceVocabulary.checkCount(
                description.tokens.count,
                expected: vocabularySize,
                path: file
            )
            try description.check(file)
            try self.init(checked: description, path: file)
        case .llmc(let file)? where FileSystem.isDirectory(path),
            .pair(let file, _)? where FileSystem.isDirectory(path):
            throw TokenizerError.otherKind(path: file, found: .byteLevel)
        case .sentencePiece(let file)?:
            try self.init(file: file, vocabularySize: vocabularySize)
        default:
            guard !FileSystem.isDirectory(path) else {
                throw TokenizerError.nothingInDirectory(path: path, expected: Self.fileNames)
            }
            try self.init(file: path, vocabularySize: vocabularySize)
        }
    }

    convenience init(file: FilePath, vocabularySize: Int?) throws {
        let format = try MappedFile(file).withUnsafeBytes { SentencePieceFormat($0) }
        self.init(
            format == .model
                ? try SentencePieceVocabulary(modelFile: file, count: vocabularySize)
                // Its reader says what is wrong with a file that is neither.
                : try SentencePieceVocabulary(llama2CFile: file, count: vocabularySize)
        )
    }
}
