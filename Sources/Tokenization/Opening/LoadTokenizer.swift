// The one door to tokenizers in files: they are loaded here, and one of any kind is saved as files
// in a directory, which give the same ids again.

import FileIO

/// Opens the tokenizer at a path, of any kind.
///
/// ```swift
/// let tokenizer = try loadTokenizer(at: "SmolLM2-135M-Instruct")
/// ```
///
/// - Parameters:
///   - path: Hugging Face's `tokenizer.json`; SentencePiece's `tokenizer.model`; llama2.c's or
///     llm.c's `tokenizer.bin`; `vocab.json` or `merges.txt` with the other next to it, or
///     `encoder.json` or `vocab.bpe`; or a directory with any of these, of which the first in this
///     list is used. Files are recognized by content.
///   - vocabularySize: The size of the model's vocabulary, which the tokenizer's must not exceed;
///     nil when it is not known.
/// - Returns: The tokenizer.
/// - Throws: ``TextTokenizerError`` when the content is not a tokenizer, is damaged, belongs to
///   another model, or needs something unknown; `FileIOError` when a file is missing or ends early.
package func loadTokenizer(
    at path: FilePath,
    vocabularySize: Int? = nil
) throws -> any Tokenizer {
    try TokenizerFiles(at: path).load(vocabularySize: vocabularySize)
}

extension TokenizerFiles {
    /// Reads the tokenizer, as described for ``loadTokenizer(at:vocabularySize:)``.
    package func load(vocabularySize: Int? = nil) throws -> any Tokenizer {
        let tokenizer: any Tokenizer =
            switch self {
            case .json(let file):
                try TokenizerDescription(jsonFile: file).makeTokenizer(from: file)
            case .sentencePiece(let file):
                try SentencePieceTokenizer(file: file, vocabularySize: vocabularySize)
            case .llmc(let file): try BytePairTokenizer(llmcFile: file)
            case .pair(let vocabulary, let merges):
                try BytePairTokenizer(vocabularyFile: vocabulary, mergesFile: merges)
            }
        try tokenizer.checkCount(expected: vocabularySize, path: path)
        return tokenizer
    }
}

extension Tokenizer {
    /// Checks that a model knows all tokens.
    /// - Throws: ``TextTokenizerError/wrongCount(path:expected:found:)``.
    package func checkCount(expected: Int?, path: FilePath) throws {
        try SentencePieceVocabulary.checkCount(vocabularySize, expected: expected, path: path)
    }
}

extension TokenizerDescription {
    /// Reads Hugging Face's `tokenizer.json`, and what the files next to it say about its tokens:
    /// `tokenizer_config.json`, `special_tokens_map.json`, `added_tokens.json`,
    /// `generation_config.json`, `config.json` and `chat_template.jinja`.
    /// - Throws: ``TextTokenizerError``; `FileIOError` when the file is missing.
    package init(jsonFile path: FilePath) throws {
        let companions = try TokenizerCompanions(in: path.directory)
        self = try TokenizerJSON(try MappedFile(path)).description(companions)
    }

    /// The chat template in `chat_template.jinja`; nil if there is no such file.
    /// - Throws: ``TextTokenizerError`` when the file is far too large; `FileIOError`.
    package static func chatTemplate(in directory: FilePath) throws -> String? {
        try TokenizerCompanions.template(in: directory)
    }
}

extension Tokenizer {
    /// Writes the tokenizer into a directory, from which ``loadTokenizer(at:vocabularySize:)``
    /// opens it.
    ///
    /// A byte-level one is written by ``BytePairTokenizer/save(in:overwrite:)``. For
    /// SentencePiece's kind, the file that it came from is copied, as `tokenizer.model` or
    /// `tokenizer.bin`, if that is SentencePiece's own or llama2.c's; otherwise it becomes
    /// `tokenizer.json` and `tokenizer_config.json`.
    /// - Parameters:
    ///   - directory: Where to write.
    ///   - source: The file that the tokenizer came from, or a directory; nil if there is none.
    /// - Returns: The files that were written.
    /// - Throws: ``TextTokenizerError/cannotExport(path:reason:)`` when no format can hold it, or
    ///   the source has changed; `FileIOError` on I/O errors.
    @discardableResult
    package func save(in directory: FilePath, from source: FilePath?) throws -> [FilePath] {
        if let tokenizer = self as? BytePairTokenizer { return try tokenizer.save(in: directory) }
        guard let source, let file = Self.sentencePieceFile(at: source) else {
            return try description.writeJSON(in: directory)
        }
        let bytes = try MappedFile(file).contents()
        let format = bytes.withUnsafeBytes { SentencePieceFormat($0) }
        let isModel = format == .model
        let path = directory.appending(isModel ? "tokenizer.model" : "tokenizer.bin")
        guard try SentencePieceTokenizer(file: file, vocabularySize: nil).digest == digest else {
            throw TextTokenizerError.cannotExport(
                path: path,
                reason: "'\(file)' has changed since it was opened; start again"
            )
        }
        let copy = try AtomicFile(path)
        try copy.write(bytes)
        try copy.commit()
        return [path]
    }

    private static func sentencePieceFile(at path: FilePath) -> FilePath? {
        guard case .sentencePiece(let file)? = try? TokenizerFiles(at: path) else { return nil }
        return file
    }
}
