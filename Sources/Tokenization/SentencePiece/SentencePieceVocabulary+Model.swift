// SentencePiece's own file, tokenizer.model: a protocol buffer whose fields are numbered in
// sentencepiece_model.proto. Only those needed for encoding and decoding are read; the others are
// skipped.

import FileIO

extension SentencePieceVocabulary {
    /// Reads SentencePiece's `tokenizer.model`.
    ///
    /// - Parameters:
    ///   - path: The file.
    ///   - count: The size of the model's vocabulary, which the file's must not exceed; nil when it
    ///     is not known.
    /// - Throws: ``TextTokenizerError`` when the content is wrong in any way, or is for an
    ///   algorithm other than byte pair encoding; `FileIOError` when the file is missing.
    package init(modelFile path: FilePath, count: Int? = nil) throws {
        let file = try MappedFile(path)
        var model = SentencePieceModel()
        do {
            try file.withIntactBytes { try model.read($0[...]) }
        } catch let error as ProtobufReader.Malformed {
            throw TextTokenizerError.malformed(
                path: path,
                what: "the content at byte \(error.offset)",
                expected: error.expected,
                found: "something else"
            )
        } catch let error as SentencePieceCharacterMap.Malformed {
            throw TextTokenizerError.malformed(
                path: path,
                what: "\(error.what), in the map of characters,",
                expected: error.expected,
                found: error.found
            )
        }
        if let reason = model.unsupportedReason {
            throw TextTokenizerError.notEncodable(path: path, reason: reason)
        }
        try Self.checkCount(model.pieces.count, expected: count, path: path)
        try self.init(model.checkedPieces(path: path), model.rules, path: path)
    }
}

/// The content of the message, before it is checked.
private struct SentencePieceModel {
    /// A piece with the number of its kind.
    struct Piece {
        var name: [UInt8] = []
        var score: Float = 0
        var kind: UInt64 = 1
    }

    // The defaults of fields are those in sentencepiece_model.proto.
    var pieces: [Piece] = []
    var rules = SentencePieceVocabulary.Rules(
        normalization: .init(removesExtraSpaces: true),
        fallsBackToBytes: false
    )
    private var algorithm: UInt64 = 1
    private var changesDecodedText = false

    private static let bytePairEncoding: UInt64 = 2
    private static let algorithmNames = ["unigram", "byte pair encoding", "words", "characters"]

    /// Why text cannot be encoded for this model.
    var unsupportedReason: String? {
        if algorithm != Self.bytePairEncoding {
            let names = Self.algorithmNames
            let isKnown = (1...UInt64(names.count)).contains(algorithm)
            let name = isKnown ? names[Int(algorithm) - 1] : "number \(algorithm)"
            return "it was made for an algorithm (\(name)) other than byte pair encoding, "
                + "the only one supported"
        }
        if changesDecodedText {
            return "it changes characters of a text after decoding it, which is not supported"
        }
        return nil
    }

    /// The pieces, when each has a name and a kind.
    func checkedPieces(path: FilePath) throws -> [SentencePieceVocabulary.Piece] {
        try pieces.enumerated().map { id, piece in
            guard let kind = SentencePieceVocabulary.Kind(rawValue: piece.kind) else {
                throw TextTokenizerError.malformed(
                    path: path,
                    what: "the kind of piece \(id)",
                    expected: "from 1 to 6",
                    found: "\(piece.kind)"
                )
            }
            guard !piece.name.isEmpty else {
                throw TextTokenizerError.malformed(
                    path: path,
                    what: "piece \(id)",
                    expected: "one byte or more",
                    found: "empty"
                )
            }
            let name =
                rules.normalization.escapesSpaces
                ? SentencePieceVocabulary.swappingSpaceMarks(in: piece.name) : piece.name
            return SentencePieceVocabulary.Piece(name: name, score: piece.score, kind: kind)
        }
    }

    mutating func read(_ message: Slice<UnsafeRawBufferPointer>) throws {
        var reader = ProtobufReader(message)
        while let (field, value) = try reader.next() {
            switch (field, value) {
            case (1, .bytes(let piece)): pieces.append(try Self.piece(piece))
            case (2, .bytes(let specification)): try readTrainer(specification)
            case (3, .bytes(let specification)): try readNormalizer(specification)
            case (5, .bytes(let specification)): try readDenormalizer(specification)
            default: break
            }
        }
    }

    private static func piece(_ message: Slice<UnsafeRawBufferPointer>) throws -> Piece {
        var reader = ProtobufReader(message)
        var piece = Piece()
        while let (field, value) = try reader.next() {
            switch (field, value) {
            case (1, .bytes(let name)): piece.name = Array(name)
            case (2, .fixed32(let bits)): piece.score = Float(bitPattern: bits)
            case (3, .varint(let kind)): piece.kind = kind
            default: break
            }
        }
        return piece
    }

    private mutating func readTrainer(_ message: Slice<UnsafeRawBufferPointer>) throws {
        var reader = ProtobufReader(message)
        while let (field, value) = try reader.next() {
            switch (field, value) {
            case (3, .varint(let number)): algorithm = number
            case (24, .varint(let flag)): rules.normalization.putsSpacesBehind = flag != 0
            case (35, .varint(let flag)): rules.fallsBackToBytes = flag != 0
            case (44, .bytes(let text)):
                rules.unknownSurface = String(decoding: text, as: UTF8.self)
            case (46, .bytes(let name)): rules.startName = String(decoding: name, as: UTF8.self)
            case (47, .bytes(let name)): rules.endName = String(decoding: name, as: UTF8.self)
            default: break
            }
        }
    }

    private mutating func readNormalizer(_ message: Slice<UnsafeRawBufferPointer>) throws {
        var reader = ProtobufReader(message)
        while let (field, value) = try reader.next() {
            switch (field, value) {
            case (2, .bytes(let map)):
                rules.normalization.characterMap =
                    map.isEmpty ? nil : try SentencePieceCharacterMap(map)
            case (3, .varint(let flag)): rules.normalization.addsDummySpace = flag != 0
            case (4, .varint(let flag)): rules.normalization.removesExtraSpaces = flag != 0
            case (5, .varint(let flag)): rules.normalization.escapesSpaces = flag != 0
            default: break
            }
        }
    }

    private mutating func readDenormalizer(_ message: Slice<UnsafeRawBufferPointer>) throws {
        var reader = ProtobufReader(message)
        while let (field, value) = try reader.next() {
            if case (2, .bytes(let map)) = (field, value) { changesDecodedText = !map.isEmpty }
        }
    }
}
