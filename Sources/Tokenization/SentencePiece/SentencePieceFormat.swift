// Which file of SentencePiece pieces a file is, and opening Llama's tokenizer by it. Neither format
// has a magic number, and any piece may come first: so they are known by lengths that lead from one
// piece to the next. What each format says is read by SentencePieceVocabulary's extensions.

import FileIO

/// The formats of tokenizers that ``SentencePieceTokenizer`` reads.
package enum SentencePieceFormat: Sendable {
    /// SentencePiece's own, `tokenizer.model`.
    case model
    /// llama2.c's `tokenizer.bin`.
    case llama2C

    /// The most fields or pieces to look at.
    private static let longestWalk = 64
    /// This many pieces in a row are no coincidence, even if what follows is damaged.
    private static let enoughPieces = 3

    /// Takes the bytes of a whole file and reads the first pieces; nil for other files.
    package init?(_ bytes: UnsafeRawBufferPointer) {
        if Self.holdsModel(bytes) {
            self = .model
        } else if Self.holdsLlama2C(bytes) {
            self = .llama2C
        } else {
            return nil
        }
    }

    // MARK: SentencePiece's

    private static func holdsModel(_ bytes: UnsafeRawBufferPointer) -> Bool {
        var reader = ProtobufReader(bytes[...])
        var pieceCount = 0
        do {
            for _ in 0..<longestWalk {
                guard let (field, value) = try reader.next() else { break }
                // 1 to 5 are pieces and settings; other programs may add fields from 200 on.
                guard case .bytes(let content) = value, 1...5 ~= field || field >= 200,
                    field != 1 || isPiece(content)
                else { return pieceCount >= enoughPieces }
                if field == 1 { pieceCount += 1 }
            }
            return pieceCount > 0
        } catch {
            return pieceCount >= enoughPieces
        }
    }

    /// Whether a message has the fields of a piece, and text among them.
    private static func isPiece(_ message: Slice<UnsafeRawBufferPointer>) -> Bool {
        var reader = ProtobufReader(message)
        var hasText = false
        do {
            while let (field, value) = try reader.next() {
                switch (field, value) {
                case (1, .bytes(let text)): hasText = !text.isEmpty
                case (2, .fixed32), (3, .varint), (200..., _): break
                default: return false
                }
            }
            return hasText
        } catch {
            return false
        }
    }

    // MARK: llama2.c's

    private static func holdsLlama2C(_ bytes: UnsafeRawBufferPointer) -> Bool {
        // Files written by llama2.c itself begin with this piece, after its score.
        let unknown = Array("<unk>".utf8)
        let length = [UInt8(unknown.count), 0, 0, 0]
        if bytes.dropFirst(8).starts(with: length + unknown) { return true }
        var offset = 0
        func number() -> UInt32? {
            guard bytes.count - offset >= 4 else { return nil }
            defer { offset += 4 }
            let number = bytes.loadUnaligned(fromByteOffset: offset, as: UInt32.self)
            return UInt32(littleEndian: number)
        }
        guard let longest = number(), 1...bytes.count ~= Int(longest) else { return false }
        var pieceCount = 0
        while pieceCount < longestWalk, offset < bytes.count {
            guard let score = number(), Float(bitPattern: score).isFinite, let length = number(),
                1...longest ~= length, Int(length) <= bytes.count - offset,
                isText(bytes[offset..<offset + Int(length)])
            else { return pieceCount >= enoughPieces }
            offset += Int(length)
            pieceCount += 1
        }
        return pieceCount >= enoughPieces
    }

    private static func isText(_ name: Slice<UnsafeRawBufferPointer>) -> Bool {
        !name.contains(0) && String(validating: name, as: UTF8.self) != nil
    }
}

extension SentencePieceTokenizer {
    /// The names of such files in the order they are looked for: Meta's and Hugging Face's first,
    /// since the file that llama2.c makes from it says less.
    package static let fileNames = ["tokenizer.model", "tokenizer.bin"]

    /// Opens a tokenizer, recognized by content.
    ///
    /// - Parameters:
    ///   - path: SentencePiece's `tokenizer.model`, llama2.c's `tokenizer.bin`, or a directory that
    ///     holds one of them.
    ///   - vocabularySize: The size of the model's vocabulary, which the file's must not exceed;
    ///     nil when it is not known.
    /// - Throws: ``TextTokenizerError`` when the content is not such a tokenizer, is damaged, or
    ///   belongs to another model; `FileIOError` when a file is missing or ends early.
    package convenience init(contentsOf path: FilePath, vocabularySize: Int? = nil) throws {
        let files = try? TokenizerFiles(at: path)
        switch files {
        case .json(let file)?:
            let description = try TokenizerDescription(jsonFile: file)
            guard description.kind == .sentencePiece else {
                throw TextTokenizerError.otherKind(path: file, found: .byteLevel)
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
            throw TextTokenizerError.otherKind(path: file, found: .byteLevel)
        case .sentencePiece(let file)?:
            try self.init(file: file, vocabularySize: vocabularySize)
        default:
            guard !FileSystem.isDirectory(path) else {
                throw TextTokenizerError.nothingInDirectory(path: path, expected: Self.fileNames)
            }
            try self.init(file: path, vocabularySize: vocabularySize)
        }
    }

    convenience init(file: FilePath, vocabularySize: Int?) throws {
        let format = try MappedFile(file).withUnsafeBytes { SentencePieceFormat($0) }
        self.init(
            format == .model
                ? try SentencePieceVocabulary(modelFile: file, count: vocabularySize)
                // The reader says what is wrong with a file that is neither.
                : try SentencePieceVocabulary(llama2CFile: file, count: vocabularySize)
        )
    }
}
