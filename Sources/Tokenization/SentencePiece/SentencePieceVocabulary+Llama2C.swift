// llama2.c's tokenizer.bin: the length of the longest piece, then each piece as a float32 score, an
// int32 length and its bytes, to the end of the file. It has no magic number and no count, and ids
// tell the kinds of pieces, so the ids that must exist identify the format.

import FileIO

extension SentencePieceVocabulary {
    private static let unknownName = Array("<unk>".utf8)
    // llama2.c writes the markers on lines of their own.
    private static let markerNames = ["\n<s>\n", "\n</s>\n"].map { Array($0.utf8) }
    private static let firstByteID = 3
    private static let firstNormalID = firstByteID + 256

    /// Reads llama2.c's `tokenizer.bin`.
    ///
    /// - Parameters:
    ///   - path: The file.
    ///   - count: The size of the model's vocabulary, which the file's must not exceed; nil when it
    ///     is not known.
    /// - Throws: ``TextTokenizerError`` when the content is wrong in any way; `FileIOError` when
    ///   the file is missing or ends early.
    package init(llama2CFile path: FilePath, count: Int? = nil) throws {
        var reader = try BinaryReader(path: path)
        func malformed(_ what: String, _ expected: String, _ found: String) -> TextTokenizerError {
            .malformed(path: path, what: what, expected: expected, found: found)
        }
        let longest = Int(try reader.read(UInt32.self))
        // The format has no magic number; most other files give a nonsensical length here.
        guard longest <= reader.remaining else {
            let limit = "at most \(reader.remaining), the bytes that follow"
            throw malformed("the length of the longest piece", limit, "\(longest)")
        }
        var pieces: [Piece] = []
        while reader.remaining > 0 {
            let id = pieces.count
            let score = try reader.readFloat()
            let length = Int(try reader.read(Int32.self))
            guard (1...max(longest, 1)).contains(length) else {
                throw malformed("the length of piece \(id)", "from 1 to \(longest)", "\(length)")
            }
            let name = try reader.readBytes(length) { Array($0) }
            guard let kind = Self.kind(of: name, at: id) else {
                throw malformed(
                    "piece \(id)",
                    String(decoding: Self.requiredName(at: id), as: UTF8.self).debugDescription,
                    String(decoding: name.prefix(32), as: UTF8.self).debugDescription
                )
            }
            let bareName = kind == .control ? name.filter { $0 != 0x0A } : name
            pieces.append(Piece(name: bareName, score: score, kind: kind))
        }
        guard pieces.count >= Self.firstNormalID else {
            throw malformed(
                "the number of pieces",
                "\(Self.firstNormalID) or more",
                "\(pieces.count)"
            )
        }
        try Self.checkCount(pieces.count, expected: count, path: path)
        try self.init(pieces, Rules(), path: path)
    }

    static func checkCount(_ count: Int, expected: Int?, path: FilePath) throws {
        guard let expected, count > expected else { return }
        throw TextTokenizerError.wrongCount(path: path, expected: expected, found: count)
    }

    /// The kind of a piece, or nil when it must have another name.
    private static func kind(of name: [UInt8], at id: Int) -> Kind? {
        switch id {
        case 0: name == unknownName ? .unknown : nil
        case 1, 2: [name, [0x0A] + name + [0x0A]].contains(markerNames[id - 1]) ? .control : nil
        case ..<firstNormalID: name == requiredName(at: id) ? .byte : nil
        default: .normal
        }
    }

    private static func requiredName(at id: Int) -> [UInt8] {
        switch id {
        case 0: unknownName
        case 1, 2: markerNames[id - 1]
        default: byteName(UInt8(id - firstByteID))
        }
    }

    /// Writes llama2.c's `tokenizer.bin`, completely or not at all.
    ///
    /// - Throws: ``TextTokenizerError/cannotExport(path:reason:)`` when the format cannot hold
    ///   these pieces; `FileIOError` when the file exists and `overwrite` is false, or on I/O
    ///   errors.
    package func writeLlama2CFile(to path: FilePath, overwrite: Bool = true) throws {
        try llama2CFile(at: path, overwrite: overwrite).commit()
    }

    /// The same, but not yet under its final name.
    func llama2CFile(at path: FilePath, overwrite: Bool) throws -> AtomicFile {
        let names = pieces.enumerated().map { id, piece in
            piece.kind == .control ? [0x0A] + piece.name + [0x0A] : piece.name
        }
        try checkExportable(names, to: path)
        let file = try AtomicFile(path, overwrite: overwrite)
        try file.write(integers: [UInt32(names.reduce(0) { max($0, $1.count) })])
        for (name, piece) in zip(names, pieces) {
            try file.write(integers: [piece.score.bitPattern, UInt32(name.count)])
            try file.write(name)
        }
        return file
    }

    private func checkExportable(_ names: [[UInt8]], to path: FilePath) throws {
        guard normalizer.isLlamas else {
            throw TextTokenizerError.cannotExport(
                path: path,
                reason: "the tokenizer changes characters or spaces of a text, or puts no space "
                    + "before it, which the format cannot express"
            )
        }
        let other = pieces.indices.first { Self.kind(of: names[$0], at: $0) != pieces[$0].kind }
        guard other == nil, pieces.count >= Self.firstNormalID else {
            let piece = other.map {
                "piece \($0), '\(String(decoding: names[$0], as: UTF8.self))',"
            }
            throw TextTokenizerError.cannotExport(
                path: path,
                reason: "\(piece ?? "the end") is where the format has a piece of another kind: "
                    + "<unk>, <s>, </s>, the 256 bytes, then plain pieces"
            )
        }
    }
}
