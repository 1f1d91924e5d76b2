// Makes a tokenizer of SentencePiece's kind from a description, and the description of one that
// came in a file of SentencePiece's or llama2.c's.

import FileIO

extension SentencePieceTokenizer {
    /// Makes a tokenizer from a checked description.
    convenience init(checked description: TokenizerDescription, path: FilePath) throws {
        let usesMerges = description.scores.isEmpty
        guard usesMerges || description.scores.count == description.tokens.count else {
            throw TextTokenizerError.malformed(
                path: path,
                what: "the number of scores",
                expected: "\(description.tokens.count)",
                found: "\(description.scores.count)"
            )
        }
        func name(_ id: TokenID?) -> String {
            id.map { String(decoding: description.tokens[Int($0)], as: UTF8.self) } ?? ""
        }
        var rules = description.sentencePieceRules ?? .init()
        if description.sentencePieceRules == nil {
            rules.normalization.addsDummySpace = description.spacePrefix != .never
            rules.fallsBackToBytes = description.fallsBackToBytes
            rules.needsUnknown = !usesMerges
        }
        rules.startName = name(description.startOfText)
        rules.endName = name(description.endsOfText.first)
        let escapes = rules.normalization.escapesSpaces
        let pieces = description.tokens.indices.map { id in
            let name = Array(description.tokens[id])
            return SentencePieceVocabulary.Piece(
                name: escapes ? SentencePieceVocabulary.swappingSpaceMarks(in: name) : name,
                score: usesMerges ? 0 : description.scores[id],
                kind: description.types[id]
            )
        }
        let vocabulary = try SentencePieceVocabulary(pieces, rules, path: path)
        self.init(
            vocabulary,
            description,
            model: usesMerges ? try Self.model(description, vocabulary, path) : nil
        )
    }

    /// Writes llama2.c's `tokenizer.bin`, completely or not at all.
    /// - Throws: ``TextTokenizerError/cannotExport(path:reason:)`` when the format cannot hold the
    ///   tokenizer; `FileIOError` when the file exists and `overwrite` is false, or on I/O errors.
    package func writeLlama2CFile(to path: FilePath, overwrite: Bool = true) throws {
        try nativeFile(at: path, overwrite: overwrite).commit()
    }

    package func nativeFile(at path: FilePath, overwrite: Bool) throws -> AtomicFile {
        guard description.scores.isEmpty else {
            return try vocabulary.llama2CFile(at: path, overwrite: overwrite)
        }
        guard description.splitting != .spaces else {
            throw TextTokenizerError.cannotExport(
                path: path,
                reason: "it starts a word at every space, which the format cannot express"
            )
        }
        var scored = description
        scored.scores = try description.scoresOfPieces(path)
        scored.merges = []
        let tokenizer = try SentencePieceTokenizer(checked: scored, path: path)
        return try tokenizer.vocabulary.llama2CFile(at: path, overwrite: overwrite)
    }

    private static func model(
        _ description: TokenizerDescription,
        _ vocabulary: SentencePieceVocabulary,
        _ path: FilePath
    ) throws -> PieceModel {
        var merges = MergeTable(minimumCapacity: description.merges.count)
        try merges.append(description.merges, path: path)
        // Where spaces are tokens, nothing is merged across the start of a word anyway.
        let hasSpace = [Ascii.space].withUnsafeBufferPointer { vocabulary.id(of: $0) } != nil
        let cut: SpaceScanner.Cut =
            description.splitting == .spaces
            ? .atEverySpace
            : vocabulary.splitsAtSpaces && (hasSpace || !vocabulary.byteIDs.isEmpty)
                ? .atFirstSpace : .nowhere
        return PieceModel(
            merges,
            characters: .init(
                index: vocabulary.index,
                byteIDs: vocabulary.byteIDs,
                unknown: description.unknown,
                fusesUnknown: description.fusesUnknown
            ),
            cut: cut,
            wholeWords: description.ignoresMerges ? vocabulary.indexOfWords() : nil
        )
    }
}

extension TokenizerDescription {
    /// Describes what came in a file of SentencePiece's or llama2.c's.
    init(_ vocabulary: SentencePieceVocabulary) {
        let escapes = vocabulary.normalizer.settings.escapesSpaces
        let names = vocabulary.pieces.map {
            escapes ? SentencePieceVocabulary.swappingSpaceMarks(in: $0.name) : $0.name
        }
        self.init(.sentencePiece, tokens: TokenTexts(names), splitting: .none)
        types = vocabulary.pieces.map(\.kind)
        scores = vocabulary.pieces.map(\.score)
        spacePrefix = vocabulary.normalizer.settings.addsDummySpace ? .always : .never
        fallsBackToBytes = !vocabulary.byteIDs.isEmpty
        startOfText = vocabulary.start
        endsOfText = [vocabulary.end].compactMap(\.self)
        unknown = vocabulary.unknown
        addsStartOfText = startOfText != nil
        sentencePieceRules = vocabulary.rules
    }

    /// Whether characters or spaces of a text are treated in a way that only SentencePiece's own
    /// file can express: in more than whether a space is put before it.
    var needsSentencePieceFile: Bool {
        guard var settings = sentencePieceRules?.normalization else { return false }
        settings.addsDummySpace = true
        return settings != SentencePieceNormalizer.Settings()
    }
}
