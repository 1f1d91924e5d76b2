import FileIO
import Foundation
import TestSupport
import Testing

@testable import Tokenization

@Suite struct DocumentEncoderTests {
    /// Words, several spaces, spaces as SentencePiece marks them, signs, digits, and bytes that are
    /// no text.
    private static let text: [UInt8] = {
        let parts = [
            "the hell  he said, they've\n\n\tall 12345 ", " the  end \u{2581} a \u{2581}\u{2581} x",
            "  \u{2581}the 世界 🙂 e\u{301}é ", "<s> </s> <|endoftext|> [INST] a",
            "hello hello", "   ", "\u{A0}t\u{3000}o he\r\n",
        ]
        var bytes: [UInt8] = []
        for round in 0..<12 {
            for part in parts.indices { bytes += parts[(part * 5 + round) % parts.count].utf8 }
            if round % 3 == 1 { bytes += [0xFF, 0x20, 0xE2, 0x96, 0x20, 0xC3] }
        }
        return bytes
    }()

    /// The ids of one document that arrives in chunks of a size, and the number of its parts.
    private func encode(
        _ encoder: DocumentEncoder,
        chunkSize: Int
    ) throws -> (ids: [TokenID], parts: Int) {
        var rest = HeldBackText(encoder.cutting)
        var ids: [TokenID] = []
        var parts = 0
        func add(_ part: [UInt8]) throws {
            if part.isEmpty { return }
            ids += try part.withUnsafeBytes {
                try encoder.encode($0, starts: parts == 0 ? [0] : [])
            }
            parts += 1
        }
        for start in stride(from: 0, to: Self.text.count, by: chunkSize) {
            let chunk = Self.text[start..<min(start + chunkSize, Self.text.count)]
            try add(Array(chunk).withUnsafeBytes { rest.append($0) })
        }
        try add(rest.finish())
        return (ids, parts)
    }

    private func expectPartsToBeTheWhole(_ tokenizer: any Tokenizer, isCut: Bool) throws {
        let encoder = DocumentEncoder(tokenizer)
        let whole = try Self.text.withUnsafeBytes { try encoder.encode($0, starts: [0]) }
        #expect(whole.first == tokenizer.documentStart || tokenizer.documentStart == nil)
        for size in [1, 2, 3, 7, 40, 1000] {
            let (ids, parts) = try encode(encoder, chunkSize: size)
            #expect(ids == whole, "chunks of \(size)")
            #expect((parts > 1) == isCut, "chunks of \(size)")
        }
    }

    @Test(arguments: TokenizerJSONFixture.kinds)
    func partsOfADocumentGiveTheIdsOfTheWhole(kind: String) throws {
        let tokenizer = try TokenizerJSONFixture.tokenizer(kind)
        // One puts a space before every part; and of SentencePiece's kind, these have pieces with
        // spaces inside.
        let isCut = TokenizerJSONFixture.byteLevel.contains(kind) && kind != "spaced"
        guard (try? encode(DocumentEncoder(tokenizer), chunkSize: 50)) != nil else {
            // A vocabulary that does not cover the text says so, whole or in parts.
            #expect(throws: TextTokenizerError.self) {
                try Self.text.withUnsafeBytes {
                    try DocumentEncoder(tokenizer).encode($0, starts: [0])
                }
            }
            return
        }
        try expectPartsToBeTheWhole(tokenizer, isCut: isCut)
    }

    @Test(arguments: ["behind", "keeping", "removing", "replacing"])
    func documentsOfUnusualSettingsStayWhole(model: String) throws {
        let url = try #require(
            Bundle.module.url(
                forResource: "\(model).model",
                withExtension: nil,
                subdirectory: "Fixtures"
            )
        )
        let tokenizer = try loadTokenizer(at: FilePath(url.path))
        try expectPartsToBeTheWhole(tokenizer, isCut: false)
    }

    @Test func documentsOfLlamasKindAreCutBeforeSpaces() throws {
        let tokenizer = try SmallSentencePieces.tokenizer()
        try expectPartsToBeTheWhole(tokenizer, isCut: true)
        let inner = SmallSentencePieces.pieces([" t", "he", "he t", " ", "h", "e", "t"])
        try expectPartsToBeTheWhole(SmallSentencePieces.tokenizer(inner), isCut: false)
    }

    @Test(arguments: [false, true], [TokenizerDescription.SpacePrefix.always, .first, .never])
    func documentsOfListedMergesAreCutBeforeSpaces(
        isLate: Bool,
        prefix: TokenizerDescription.SpacePrefix
    ) throws {
        let bytes = (0..<256).map { SentencePieceVocabulary.byteName(UInt8($0)) }
        let words = [
            "\u{2581}", "t", "h", "e", "\u{2581}t", "he", "\u{2581}the", "\u{2581}\u{2581}",
        ]
        let names = ["<unk>", "<s>", "</s>"].map { Array($0.utf8) } + bytes
        var description = TokenizerDescription(
            .sentencePiece,
            tokens: TokenTexts(names + words.map { Array($0.utf8) }),
            splitting: .none
        )
        description.types = (0..<259 + words.count).map { id in
            id == 0 ? .unknown : id < 3 ? .control : id < 259 ? .byte : .normal
        }
        description.merges = [
            TokenMerge(left: 259, right: 259, merged: 266),
            TokenMerge(left: 259, right: 260, merged: 263),
            TokenMerge(left: 261, right: 262, merged: 264),
            TokenMerge(left: 263, right: 264, merged: 265),
        ]
        description.startOfText = 1
        description.unknown = 0
        description.spacePrefix = prefix
        description.marksSpacesLate = isLate
        for splitting in [SplittingRule.none, .spaces] {
            description.splitting = splitting
            try expectPartsToBeTheWhole(description.makeTokenizer(from: "x"), isCut: true)
        }
    }

    @Test func everyDocumentBeginsWithTheStart() throws {
        let encoder = DocumentEncoder(try SmallSentencePieces.tokenizer())
        let text = Array("hehe he".utf8)
        let ids = try text.withUnsafeBytes { try encoder.encode($0, starts: [2, 4, 4]) }
        func encoded(_ text: String) throws -> [TokenID] { try encoder.tokenizer.encode(text) }
        // What comes first continues a document, so no space is put before it.
        let he = SmallSentencePieces.standardPieces.firstIndex { $0.name == Array("he".utf8) }
        let first = try [TokenID(#require(he))]
        try #expect(ids == first + [1] + encoded("he") + [1, 1] + encoded(" he"))
    }

    @Test func theStartIsTheOneThatPromptsBeginWith() throws {
        let llama3 = try TokenizerJSONFixture.tokenizer("llama3")
        if llama3.description.addsStartOfText {
            #expect(llama3.documentStart == llama3.startOfText)
        }
        var description = llama3.description
        description.addsStartOfText = true
        description.startOfText = 3
        #expect(try description.makeTokenizer(from: "x").documentStart == 3)
        description.addsStartOfText = false
        let plain = try description.makeTokenizer(from: "x")
        #expect(plain.documentStart == plain.endsOfText.first)
    }
}

@Suite struct TokenizerSavingTests {
    private func names(in directory: FilePath) throws -> [String] {
        try FileSystem.names(in: directory).map(\.string)
    }

    @Test func sentencePiecesOwnFilesAreCopied() throws {
        for (bytes, name) in [
            (SmallSentencePieces.modelFile(), "tokenizer.model"),
            (SmallSentencePieces.llama2CFile(), "tokenizer.bin"),
        ] {
            try withTemporaryDirectory { directory in
                let source = directory.appending("any.name")
                let file = try AtomicFile(source)
                try file.write(bytes)
                try file.commit()
                let tokenizer = try loadTokenizer(at: source)
                let copy = directory.appending("copy")
                try FileSystem.createDirectory(copy)
                #expect(try tokenizer.save(in: copy, from: source) == [copy.appending(name)])
                #expect(try names(in: copy) == [name])
                #expect(try MappedFile(copy.appending(name)).contents() == bytes)
                #expect(try loadTokenizer(at: copy).digest == tokenizer.digest)
            }
        }
    }

    @Test(arguments: TokenizerJSONFixture.kinds)
    func otherTokenizersAreWrittenAndEncodeAlike(kind: String) throws {
        try withTemporaryDirectory { directory in
            let source = try TokenizerJSONFixture.directory(of: kind)
            let tokenizer = try loadTokenizer(at: source)
            try tokenizer.save(in: directory, from: source)
            let copy = try loadTokenizer(at: directory)
            #expect(copy.digest == tokenizer.digest)
            #expect(copy.documentStart == tokenizer.documentStart)
            for text in ["Hello world 12", " the  hell"] {
                let expected = try? tokenizer.encode(text)
                #expect((try? copy.encode(text)) == expected)
            }
        }
    }

    @Test func aSourceThatHasChangedIsNotCopied() throws {
        try withTemporaryDirectory { directory in
            let source = directory.appending("tokenizer.model")
            func write(_ words: [String]) throws {
                let file = try AtomicFile(source)
                try file.write(SmallSentencePieces.modelFile(SmallSentencePieces.pieces(words)))
                try file.commit()
            }
            try write([" t", "he"])
            let tokenizer = try loadTokenizer(at: source)
            try write([" t", "ha"])
            #expect(throws: TextTokenizerError.self) {
                try tokenizer.save(in: directory, from: source)
            }
        }
    }

    @Test func theDigestDependsOnTheTokensAndNotOnTheFile() throws {
        let pieces = try SmallSentencePieces.tokenizer()
        try withTemporaryDirectory { directory in
            let path = directory.appending("tokenizer.bin")
            let file = try AtomicFile(path)
            try file.write(SmallSentencePieces.llama2CFile())
            try file.commit()
            #expect(try loadTokenizer(at: path).digest == pieces.digest)
        }
        let other = try SmallSentencePieces.tokenizer(SmallSentencePieces.pieces(["a"]))
        #expect(other.digest != pieces.digest)
        let bytes: any Tokenizer = SmallTokenizer.standard
        #expect(bytes.digest == SmallTokenizer.standard.digest)
    }
}
