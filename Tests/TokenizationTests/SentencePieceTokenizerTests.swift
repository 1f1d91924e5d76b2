import FileIO
import TestSupport
import Testing

@testable import Tokenization

@Suite struct SentencePieceTokenizerTests {
    private typealias Small = SmallSentencePieces

    /// The pieces of a text with their names, bytes as `<0xNN>`.
    private func names(
        _ text: String,
        _ tokenizer: SentencePieceTokenizer,
        specialTokens: SpecialTokens = .text
    ) throws -> [String] {
        try tokenizer.encode(text, specialTokens: specialTokens).map {
            String(decoding: tokenizer.vocabulary.pieces[Int($0)].name, as: UTF8.self)
        }
    }

    @Test(arguments: [
        ("", []),
        ("the", [" the"]),
        ("the the", [" the", " the"]),
        ("hello", [" hell", "o"]),
        (" a", [" ", " a"]),
        ("a  a", [" a", " ", " a"]),
        ("   a", ["  ", " ", " a"]),
        ("theé", [" the", "é"]),
        ("è", [" ", "<0xC3>", "<0xA8>"]),
        ("a\n", [" a", "<0x0A>"]),
        // What names a marker is text like any other.
        ("<s>", [" ", "<0x3C>", "<0x73>", "<0x3E>"]),
        ("\u{2581}a", [" ", " a"]),
    ])
    func textBecomesThePiecesOfTheBestScores(text: String, pieces: [String]) throws {
        try #expect(names(text, Small.tokenizer()) == pieces)
    }

    @Test func leftmostOfEqualScoresIsMergedFirst() throws {
        var pieces = Small.pieces(["ab", "bc", "a", "b", "c", " "])
        pieces[260].score = pieces[259].score
        try #expect(names("abc", Small.tokenizer(pieces)) == [" ", "ab", "c"])
        try #expect(names("bcab", Small.tokenizer(pieces)) == [" ", "bc", "ab"])
        // Zeros of both signs are equal.
        pieces[260].score = -pieces[259].score
        try #expect(names("abc", Small.tokenizer(pieces)) == [" ", "ab", "c"])
        pieces[260].score = 1
        try #expect(names("abc", Small.tokenizer(pieces)) == [" ", "a", "bc"])
    }

    @Test func userDefinedPiecesAreNeitherSplitNorMerged() throws {
        var pieces = Small.pieces([" t", "th", "the", "t", "h", "e", " ", "he", "hee"])
        pieces[266].kind = .userDefined
        pieces[267].kind = .userDefined
        try #expect(names("the", Small.tokenizer(pieces)) == [" t", "he"])
        try #expect(names("theet", Small.tokenizer(pieces)) == [" t", "hee", "t"])
    }

    @Test func whatAUserTypesDoesNotBecomeAMarkerPiece() throws {
        var pieces = Small.pieces(["<x>", "\n\n", "é", "<", "x", ">", "<x", "a", " "])
        for id in 259...261 { pieces[id].kind = .userDefined }
        let tokenizer = try Small.tokenizer(pieces)
        try #expect(names("a<x>a", tokenizer) == [" ", "a", "<x>", "a"])
        // It is not put together either.
        let typed = try names("a<x>a", tokenizer, specialTokens: .plain)
        #expect(typed == [" ", "a", "<x", ">", "a"])
        try #expect(tokenizer.encode([.token(1), .text("<x>")]) == [1, 267, 265, 264])
        // Blanks and single characters mark nothing.
        let blanks = try tokenizer.encode([.token(1), .text("\n\né")])
        #expect(blanks == [1, 267, 260, 261])
        // The next text knows it again.
        try #expect(names("<x>", tokenizer) == [" ", "<x>"])
    }

    @Test func unusedPiecesAreSplitAsTheyWereFormed() throws {
        var pieces = Small.pieces(["bc", "abc", "a", "b", "c", " ", "x"])
        pieces[260].kind = .unused
        try #expect(names("abc", Small.tokenizer(pieces)) == [" ", "a", "bc"])
        pieces[265].kind = .unused
        try #expect(names("xa", Small.tokenizer(pieces)) == [" ", "<0x78>", "a"])
    }

    @Test func withoutByteFallbackARunOfUnknownCharactersIsOnePiece() throws {
        let pieces = Small.standardPieces.filter { $0.kind != .byte }
        let tokenizer = try Small.tokenizer(pieces, .init(fallsBackToBytes: false))
        try #expect(names("xyzax", tokenizer) == [" ", "<unk>", "a", "<unk>"])
        try #expect(tokenizer.decode(tokenizer.encode("xa")) == " \u{2047} a")
    }

    /// As sentencepiece 0.2.3 has it.
    @Test func aSpaceWithoutAPieceIsTheBytesOfItsMark() throws {
        let mark: [TokenID] = [0xE2, 0x96, 0x81].map { 3 + $0 }
        let (a, b): (TokenID, TokenID) = (3 + 0x61, 3 + 0x62)
        let tokenizer = try Small.tokenizer(Small.pieces([]))
        try #expect(tokenizer.encode("a b") == mark + [a] + mark + [b])
        try #expect(tokenizer.encode(" ") == mark + mark)
        try #expect(tokenizer.decode(tokenizer.encode("a b")) == "\u{2581}a\u{2581}b")
        // Pieces that begin with a space are put together all the same.
        try #expect(names("a a", Small.tokenizer(Small.pieces([" a"]))) == [" a", " a"])
        let rules = SentencePieceVocabulary.Rules(normalization: .init(escapesSpaces: false))
        let unescaped = try Small.tokenizer(Small.pieces([]), rules)
        try #expect(unescaped.encode("a b") == [3 + 0x20, a, 3 + 0x20, b])
    }

    @Test func piecesWithInnerSpacesAreFoundAcrossWords() throws {
        let pieces = Small.pieces(["a b", "a ", "a", "b", " "])
        try #expect(names("a b", Small.tokenizer(pieces)) == [" ", "a b"])
    }

    @Test func bytesThatAreNotUTF8BecomeBytePieces() throws {
        let tokenizer = try Small.tokenizer()
        let bytes: [UInt8] = [0xFF, 0x61, 0xC3, 0xE2, 0x96]
        let ids = try bytes.withUnsafeBytes { try tokenizer.encode($0) }
        #expect(Array(ids.prefix(2)) == [267, 258])
        try #expect(tokenizer.decodeBytes(ids) == bytes)
    }

    @Test(arguments: ["hello the", " a  the ", "\n\n", "日本 é😀", "  ", "a\u{0}b"])
    func decodingReturnsTheText(text: String) throws {
        let tokenizer = try Small.tokenizer()
        try #expect(tokenizer.decode(tokenizer.encode(text)) == text)
        try #expect(tokenizer.decode(tokenizer.promptTokens(of: text)) == text)
        let unprefixed = try Small.tokenizer(
            Small.standardPieces,
            .init(normalization: .init(addsDummySpace: false))
        )
        try #expect(unprefixed.decode(unprefixed.encode(text)) == text)
    }

    @Test func spaceIsStrippedFromTheFirstPieceOnly() throws {
        let tokenizer = try Small.tokenizer()
        let the: TokenID = 261
        try #expect(tokenizer.decode([the, the]) == "the the")
        try #expect(tokenizer.decode([1, the, the]) == "the the")
        // A continuation keeps the space, and markers are no text.
        var decoder = StreamingDecoder(tokenizer, after: the)
        try #expect(decoder.append(the) == " the")
        try #expect(decoder.append(2) == "")
        try #expect(decoder.append(1) == "")
        try #expect(decoder.append(the) == "the")
        #expect(decoder.finish() == "")
    }

    @Test func charactersSpreadOverByteTokensAreReturnedWhole() throws {
        let tokenizer = try Small.tokenizer()
        var decoder = StreamingDecoder(tokenizer)
        let pieces = try tokenizer.encode("😀a").map { try decoder.append($0) }
        #expect(pieces == ["", "", "", "", "😀", "a"])
        try #expect(decoder.append(3 + 0xF0) == "")
        #expect(decoder.finish() == "\u{FFFD}")
    }

    @Test(arguments: [-1, 275, .max]) func idOutsideTheVocabularyIsAnError(id: TokenID) throws {
        let tokenizer = try Small.tokenizer()
        #expect(throws: TextTokenizerError.unknownToken(id: id, vocabularySize: 275)) {
            try tokenizer.decode([id])
        }
    }

    @Test func bothKindsOfTokenizerStartAndEndTexts() throws {
        let llama: any Tokenizer = try Small.tokenizer()
        try #expect(llama.promptTokens(of: "") == [1])
        try #expect(llama.promptTokens(of: "the") == [1, 261])
        #expect(llama.startOfText == 1)
        #expect(llama.endsOfText == [2, 1])
        let gpt2: any Tokenizer = SmallTokenizer.standard
        let end = try #require(SmallTokenizer.standard.endOfText)
        try #expect(gpt2.promptTokens(of: "") == [end])
        try #expect(gpt2.promptTokens(of: "<|endoftext|>") == [end])
        try #expect(gpt2.encode("<|endoftext|>").count > 1)
        #expect(gpt2.startOfText == end)
        #expect(gpt2.endsOfText == [end])
        #expect(gpt2.vocabularySize == Int(end) + 1)
    }

    @Test func markersThatAModelLacksAreNil() throws {
        var pieces = Small.standardPieces
        pieces[1].kind = .normal
        let startless = try Small.tokenizer(pieces)
        #expect(startless.startOfText == nil)
        #expect(startless.endsOfText == [2])
        try #expect(startless.promptTokens(of: "the") == [261])
        try #expect(startless.promptTokens(of: "") == [])
        try #expect(startless.decode([261, 261]) == "the the")
        pieces[2].kind = .normal
        #expect(try Small.tokenizer(pieces).endsOfText == [])
    }

    @Test func aLongWordDoesNotTakeQuadraticTime() throws {
        // 2^20 letters in one word: trying all pairs for each merge would take days.
        let tokenizer = try Small.tokenizer()
        let count = 1 << 20
        let ids = try tokenizer.encode(String(repeating: "l", count: count))
        #expect(ids.count == 1 + count / 2)
    }

    @Test(
        .enabled(if: TestData.isAvailable, Comment(rawValue: TestData.skipReason)),
        arguments: ["tokenizer.model", "tokenizer.bin"]
    )
    func idsOfLlamasPromptsMatchSentencePiece(name: String) throws {
        let tokenizer = try SentencePieceTokenizer(
            contentsOf: TestData.path("llama2/\(name)"),
            vocabularySize: 32_000
        )
        let launch =
            "A brief message congratulating the team on the launch:\n\n"
            + "        Hi everyone,\n\n        I just "
        let french =
            "Translate English to French:\n\n        sea otter => loutre de mer\n"
            + "        peppermint => menthe poivrée\n        plush girafe => girafe peluche\n"
            + "        cheese =>"
        let vectors: [(String, [TokenID])] = [
            ("", [1]),
            (
                "I believe the meaning of life is",
                [1, 306, 4658, 278, 6593, 310, 2834, 338]
            ),
            (
                "Simply put, the theory of relativity states that ",
                [1, 3439, 17632, 1925, 29892, 278, 6368, 310, 14215, 537, 5922, 393, 29871]
            ),
            (
                launch,
                [
                    1, 319, 11473, 2643, 378, 629, 271, 18099, 278, 3815, 373, 278, 6826, 29901, 13,
                    13, 4706, 6324, 14332, 29892, 13, 13, 4706, 306, 925, 29871,
                ]
            ),
            (
                french,
                [
                    1, 4103, 9632, 4223, 304, 5176, 29901, 13, 13, 4706, 7205, 4932, 357, 1149, 301,
                    449, 276, 316, 2778, 13, 4706, 1236, 407, 837, 524, 1149, 6042, 354, 772, 440,
                    29878, 1318, 13, 4706, 715, 1878, 330, 3055, 1725, 1149, 330, 3055, 1725, 4639,
                    28754, 13, 4706, 923, 968, 1149,
                ]
            ),
        ]
        for (text, ids) in vectors {
            try #expect(tokenizer.promptTokens(of: text) == ids)
            try #expect(tokenizer.decode(ids) == text)
        }
    }

    /// Hashes of the ids, 32 bits each, that version 0.2.3 of the sentencepiece package makes.
    @Test(
        .enabled(if: TestData.isAvailable, Comment(rawValue: TestData.skipReason)),
        arguments: [
            ("tinyshakespeare/input.txt", 1_115_394, 368_633, 0xF8E5_EEC8_68D0_ECB2),
            ("books/classic_books_12MB.txt", 999_959, 251_054, 0xA644_9870_7CCA_E215),
        ] as [(String, Int, Int, UInt64)]
    )
    func idsOfLongTextsMatchSentencePieceAndRoundTrip(
        name: String,
        byteCount: Int,
        count: Int,
        hash: UInt64
    ) throws {
        let tokenizer = try SentencePieceTokenizer(
            contentsOf: TestData.path("llama2/tokenizer.model")
        )
        // Of the novels the first lines, because a build for debugging takes its time.
        let text = Array(try MappedFile(TestData.path(name)).contents().prefix(byteCount))
        let ids = try text.withUnsafeBytes { try tokenizer.encode($0) }
        #expect(ids.count == count)
        // FNV-1a of the little-endian bytes.
        let found = ids.withUnsafeBytes { bytes in
            bytes.reduce(0xCBF2_9CE4_8422_2325 as UInt64) {
                ($0 ^ UInt64($1)) &* 0x100_0000_01B3
            }
        }
        #expect(found == hash)
        try #expect(tokenizer.decodeBytes(ids) == text)
    }
}
