// A tokenizer of any kind as files in a directory, which give the same ids again.

import FileIO

extension Tokenizer {
    /// Writes the tokenizer into a directory, so that ``loadTokenizer(at:vocabularySize:)`` of the
    /// directory opens it.
    ///
    /// A byte-level one becomes what ``BytePairTokenizer/save(in:overwrite:)`` makes of it. Of
    /// SentencePiece's kind, the file that it came from is copied, as `tokenizer.model` or
    /// `tokenizer.bin`, where that is SentencePiece's own or llama2.c's; else it becomes
    /// `tokenizer.json` and `tokenizer_config.json`.
    /// - Parameters:
    ///   - directory: Where to.
    ///   - source: The file that the tokenizer came from, or a directory; nil where there is none.
    /// - Returns: The files that were written.
    /// - Throws: ``TokenizerError/cannotExport(path:reason:)`` when no format can hold it, or the
    ///   source is no longer what it was; `FileIOError` on I/O errors.
    @discardableResult
    public func save(in directory: FilePath, from source: FilePath?) throws -> [FilePath] {
        if let tokenizer = self as? BytePairTokenizer { return try tokenizer.save(in: directory) }
        guard let source, let file = Self.sentencePieceFile(at: source) else {
            return try description.writeJSON(in: directory)
        }
        let bytes = try MappedFile(file).contents()
        let format = bytes.withUnsafeBytes { SentencePieceFormat($0) }
        let isModel = format == .model
        let path = directory.appending(isModel ? "tokenizer.model" : "tokenizer.bin")
        guard try SentencePieceTokenizer(file: file, vocabularySize: nil).digest == digest else {
            throw TokenizerError.cannotExport(
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
