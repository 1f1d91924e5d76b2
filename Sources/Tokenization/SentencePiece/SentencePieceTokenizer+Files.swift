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
    /// - Throws: ``TokenizerError`` when the content is not such a tokenizer, damaged, or of another
    ///   model; `FileIOError` when a file is missing or ends early.
    public convenience init(contentsOf path: FilePath, vocabularySize: Int? = nil) throws {
        let file = try Self.file(at: path)
        let isModel = try MappedFile(file).withUnsafeBytes { Self.isModel(with: $0.prefix(3)) }
        self.init(
            isModel
                ? try SentencePieceVocabulary(modelFile: file, count: vocabularySize)
                : try SentencePieceVocabulary(llama2CFile: file, count: vocabularySize)
        )
    }

    private static func file(at path: FilePath) throws -> FilePath {
        guard FileSystem.isDirectory(path) else { return path }
        let candidates = fileNames.map { path.appending($0) }
        guard let file = candidates.first(where: FileSystem.exists) else {
            throw TokenizerError.nothingInDirectory(path: path, expected: fileNames)
        }
        return file
    }

    /// Whether a file that starts like this is SentencePiece's.
    ///
    /// It starts with field 1, a piece, whose length is not zero, and which starts with its own field
    /// 1. llama2.c's file starts with the length of the longest piece, in four bytes: it would have
    /// to be 655,360 bytes or more for the two to be alike.
    private static func isModel(with start: Slice<UnsafeRawBufferPointer>) -> Bool {
        let fieldOne: UInt8 = 0x0A
        return start.count == 3 && start[0] == fieldOne && start[1] != 0 && start[2] == fieldOne
    }

    /// Whether a file that starts with these bytes is one that ``init(contentsOf:vocabularySize:)`` reads.
    /// - Parameter bytes: Its first 32 bytes, or more.
    /// - Returns: Whether it looks like one; the rest may still be damaged.
    public static func mayBegin(with bytes: Slice<UnsafeRawBufferPointer>) -> Bool {
        // llama2.c: the longest length, then the score, length and text of the first piece; in the
        // other format, fields of protobuf around the same text.
        let unknown = Array("<unk>".utf8)
        if isModel(with: bytes.prefix(3)) {
            return bytes.dropFirst(4).prefix(16).indices
                .contains { bytes[$0...].starts(with: unknown) }
        }
        return bytes.dropFirst(8).starts(with: [UInt8(unknown.count), 0, 0, 0] + unknown)
    }
}
