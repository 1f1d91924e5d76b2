// A SentencePiece model small enough to follow by hand, and its files byte by byte.

import FileIO
import TestSupport

@testable import Tokenization

enum SmallSentencePieces {
    typealias Piece = SentencePieceVocabulary.Piece

    /// The markers, the bytes, and then these from id 259 on, the first with the best score.
    static func pieces(_ words: [String]) -> [Piece] {
        var pieces = [
            Piece(name: Array("<unk>".utf8), score: 0, kind: .unknown),
            Piece(name: Array("<s>".utf8), score: 0, kind: .control),
            Piece(name: Array("</s>".utf8), score: 0, kind: .control),
        ]
        pieces += (0...255).map {
            Piece(name: SentencePieceVocabulary.byteName($0), score: 0, kind: .byte)
        }
        for (index, word) in words.enumerated() {
            pieces.append(Piece(name: Array(word.utf8), score: -Float(index), kind: .normal))
        }
        return pieces
    }

    static let standardPieces = pieces([
        " t", "he", " the", "ll", " a", "hell", " hell", "  ", " ", "a", "e", "h", "l", "o", "t",
        "é",
    ])

    static func tokenizer(
        _ pieces: [Piece] = standardPieces,
        _ rules: SentencePieceVocabulary.Rules = .init()
    ) throws -> SentencePieceTokenizer {
        SentencePieceTokenizer(try SentencePieceVocabulary(pieces, rules, path: "small"))
    }

    /// What llama2.c would write.
    static func llama2CFile(_ pieces: [Piece] = standardPieces) -> [UInt8] {
        let names = pieces.map { $0.kind == .control ? [0x0A] + $0.name + [0x0A] : $0.name }
        var bytes = littleEndian(UInt32(names.map(\.count).max() ?? 0))
        for (name, piece) in zip(names, pieces) {
            bytes += littleEndian(piece.score.bitPattern) + littleEndian(UInt32(name.count)) + name
        }
        return bytes
    }

    /// What SentencePiece would write.
    static func modelFile(
        _ pieces: [Piece] = standardPieces,
        trainer: [UInt8] = varint(3, 2) + varint(35, 1),
        normalizer: [UInt8] = varint(4, 0)
    ) -> [UInt8] {
        let fields = pieces.map { piece in
            let name = String(decoding: piece.name, as: UTF8.self).split(
                separator: " ",
                omittingEmptySubsequences: false
            )
            return field(
                1,
                field(1, Array(name.joined(separator: "\u{2581}").utf8))
                    + [0x15] + littleEndian(piece.score.bitPattern)
                    + (piece.kind == .normal ? [] : varint(3, piece.kind.rawValue))
            )
        }
        return fields.flatMap(\.self) + field(2, trainer) + field(3, normalizer)
    }

    /// A protocol buffer's field of bytes.
    static func field(_ number: UInt64, _ content: [UInt8]) -> [UInt8] {
        varint(number << 3 | 2) + varint(UInt64(content.count)) + content
    }

    /// A protocol buffer's field with an integer.
    static func varint(_ number: UInt64, _ value: UInt64) -> [UInt8] {
        varint(number << 3) + varint(value)
    }

    private static func varint(_ value: UInt64) -> [UInt8] {
        value < 0x80 ? [UInt8(value)] : [UInt8(value & 0x7F) | 0x80] + varint(value >> 7)
    }

    static func littleEndian(_ value: UInt32) -> [UInt8] {
        withUnsafeBytes(of: value.littleEndian) { Array($0) }
    }

    /// Writes a file of which some tests need hundreds; another of that name may still be mapped.
    static func write(_ bytes: [UInt8], to path: FilePath) throws {
        try FileSystem.remove(path)
        try writeQuickly(bytes, to: path)
    }
}
