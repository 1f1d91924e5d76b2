import FileIO
import TestSupport
import Testing

@testable import Tokenization

@Suite struct SentencePieceFileTests {
    private typealias Small = SmallSentencePieces

    /// What opening a file with these bytes gives.
    private func open(
        _ bytes: [UInt8],
        vocabularySize: Int? = nil
    ) throws -> SentencePieceTokenizer {
        try withTemporaryDirectory { directory in
            let path = directory.appending("tokenizer")
            try Small.write(bytes, to: path)
            return try SentencePieceTokenizer(contentsOf: path, vocabularySize: vocabularySize)
        }
    }

    /// The sentence of the error that opening these bytes gives.
    private func error(opening bytes: [UInt8], vocabularySize: Int? = nil) -> String {
        do {
            _ = try open(bytes, vocabularySize: vocabularySize)
            return "no error"
        } catch {
            return "\(error)"
        }
    }

    @Test func bothFormatsGiveTheSamePieces() throws {
        let model = try open(Small.modelFile(), vocabularySize: 275)
        let llama2C = try open(Small.llama2CFile(), vocabularySize: 275)
        #expect(model.vocabulary.pieces == Small.standardPieces)
        #expect(llama2C.vocabulary.pieces == Small.standardPieces)
        try #expect(model.encode("hello è") == llama2C.encode("hello è"))
    }

    @Test func directoryIsOpenedByTheFileInIt() throws {
        try withTemporaryDirectory { directory in
            let error = #expect(throws: TextTokenizerError.self) {
                try SentencePieceTokenizer(contentsOf: directory)
            }
            #expect(
                error?.description.contains("looked for tokenizer.model, tokenizer.bin") == true
            )
            try Small.write(Small.llama2CFile(), to: directory.appending("tokenizer.bin"))
            #expect(try SentencePieceTokenizer(contentsOf: directory).vocabularySize == 275)
        }
    }

    @Test func writtenFileMatchesLlama2C() throws {
        try withTemporaryDirectory { directory in
            let path = directory.appending("tokenizer.bin")
            try Small.tokenizer().vocabulary.writeLlama2CFile(to: path)
            #expect(try MappedFile(path).contents() == Small.llama2CFile())
            #expect(throws: FileIOError.alreadyExists(path: path)) {
                try Small.tokenizer().vocabulary.writeLlama2CFile(to: path, overwrite: false)
            }
        }
    }

    @Test func whatLlama2CsFileCannotHoldIsNotWritten() throws {
        var userDefined = Small.standardPieces
        userDefined[270].kind = .userDefined
        let unordered =
            [Small.standardPieces[1]] + Small.standardPieces[..<1]
            + Small.standardPieces[2...]
        let byteless = Small.standardPieces.filter { $0.kind != .byte }
        let cases: [([Small.Piece], SentencePieceVocabulary.Rules, String)] = [
            (userDefined, .init(), "piece 270, 'h', is where"),
            (Array(unordered), .init(), "piece 0, '\n<s>\n', is where"),
            (byteless, .init(fallsBackToBytes: false), "piece 3, ' t', is where"),
            (
                Small.standardPieces, .init(normalization: .init(addsDummySpace: false)),
                "changes characters or spaces"
            ),
        ]
        try withTemporaryDirectory { directory in
            let path = directory.appending("tokenizer.bin")
            for (pieces, rules, message) in cases {
                let error = #expect(throws: TextTokenizerError.self) {
                    try Small.tokenizer(pieces, rules).vocabulary.writeLlama2CFile(to: path)
                }
                #expect(error?.description.contains(message) == true)
            }
            #expect(!FileSystem.exists(path))
        }
    }

    @Test func aTokenizerWithMoreTokensThanTheModelIsRefusedNamingBothSizes() {
        for bytes in [Small.modelFile(), Small.llama2CFile()] {
            #expect(
                error(opening: bytes, vocabularySize: 270)
                    .contains("has 275 tokens, but the model knows only 270")
            )
        }
    }

    // MARK: Damage

    @Test func everyTruncationOfAModelIsAnError() throws {
        // Without the bytes the file is small.
        let pieces = Small.pieces(["ab", "a", "b", " "]).filter { $0.kind != .byte }
        let model = Small.modelFile(pieces, trainer: Small.varint(3, 2))
        #expect(try open(model).vocabularySize == 7)
        // The fields that say how text is encoded come last; without the algorithm no model is
        // usable, and without the last four bytes its settings are those that need not be there.
        for count in model.indices where count != model.count - 4 {
            #expect(error(opening: Array(model[..<count])) != "no error", "\(count) bytes")
        }
    }

    @Test func everyTruncationOfLlama2CsFileIsAnErrorOrHasFewerPieces() {
        let llama2C = Small.llama2CFile(Small.pieces(["a", " "]))
        // The last pieces take nine bytes each, and without them the file is whole, too.
        let whole = [llama2C.count - 9, llama2C.count - 18]
        for count in Array(0..<100) + Array(llama2C.count - 100..<llama2C.count) {
            let start = Array(llama2C[..<count])
            #expect(
                (error(opening: start) == "no error") == whole.contains(count),
                "\(count) bytes"
            )
        }
    }

    @Test func changedBytesNeverCrash() throws {
        for original in [Small.modelFile(), Small.llama2CFile()] {
            var mutations = Mutations(of: original, seed: 1)
            var openedCount = 0
            for _ in 0..<200 {
                // Whatever was read can be used.
                if let tokenizer = try? open(mutations.next()) {
                    openedCount += 1
                    let ids = try tokenizer.encode("hello the é\u{2581}<s>")
                    #expect(throws: Never.self) { try tokenizer.decode(ids) }
                }
            }
            #expect(openedCount > 0)
        }
    }

    @Test func damagedLlama2CFilesSayWhatIsWrong() {
        let good = Small.standardPieces
        func changed(_ id: Int, _ change: (inout Small.Piece) -> Void) -> [UInt8] {
            var pieces = good
            change(&pieces[id])
            return Small.llama2CFile(pieces)
        }
        #expect(error(opening: []).contains("ends too early"))
        #expect(error(opening: [0, 0, 0, 0]).contains("should be 259 or more, but is 0"))
        #expect(
            error(opening: changed(0) { $0.name = [0x61] })
                .contains("piece 0 should be \"<unk>\", but is \"a\"")
        )
        #expect(
            error(opening: changed(5) { $0.name = [0x61] })
                .contains("piece 5 should be \"<0x02>\", but is \"a\"")
        )
        #expect(error(opening: changed(270) { $0.name = [] }).contains("the length of piece 270"))
        #expect(
            error(opening: changed(270) { $0.score = .nan }).contains("the score of piece 270")
        )
        #expect(
            error(opening: changed(270) { $0.name = good[265].name })
                .contains("the same for ids 265 and 270")
        )
        var short = Small.llama2CFile()
        short[0] = 5
        #expect(
            error(opening: short).contains("the length of piece 2 should be from 1 to 5, but is 6")
        )
        var negative = Small.llama2CFile()
        negative.replaceSubrange(8..<12, with: [0xFF, 0xFF, 0xFF, 0xFF])
        #expect(error(opening: negative).contains("the length of piece 0"))
        #expect(error(opening: Array("Hello, world".utf8)).contains("the longest piece should be"))
    }

    @Test func damagedModelsSayWhatIsWrong() {
        let good = Small.standardPieces
        func changed(_ id: Int, _ change: (inout Small.Piece) -> Void) -> [UInt8] {
            var pieces = good
            change(&pieces[id])
            return Small.modelFile(pieces)
        }
        #expect(
            error(opening: changed(270) { $0.name = [] })
                .contains("piece 270 should be one byte or more, but is empty")
        )
        #expect(error(opening: changed(270) { $0.kind = .unknown }).contains("1, but is 2"))
        #expect(error(opening: changed(0) { $0.kind = .normal }).contains("1, but is 0"))
        #expect(error(opening: changed(9) { $0.kind = .normal }).contains("256, but is 255"))
        #expect(
            error(opening: changed(9) { $0.name = Array("<0x07>".utf8) })
                .contains("one of <0x00> to <0xFF>, each once, but is <0x07>")
        )
        #expect(
            error(opening: Small.modelFile(trainer: Small.varint(3, 2)))
                .contains("the byte piece 3 should be of another kind")
        )
        let wrongKind = Small.modelFile() + Small.field(1, Small.field(1, [0x7A]) + [0x18, 9])
        #expect(error(opening: wrongKind).contains("from 1 to 6, but is 9"))
        let tooLong = Small.modelFile() + [0x0A, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 1]
        #expect(error(opening: tooLong).contains("a field of at most 0 bytes"))
        let endless = Small.modelFile() + [UInt8](repeating: 0xFF, count: 12)
        #expect(error(opening: endless).contains("an integer of at most ten bytes"))
        #expect(error(opening: Small.modelFile() + [0x0B]).contains("a field of a known wire type"))
        #expect(error(opening: Small.modelFile() + [0x00]).contains("a field of a message"))
        #expect(error(opening: Small.modelFile() + [0x0D, 1]).contains("4 more bytes"))
    }

    @Test func modelsThatNeedMoreThanBytePairEncodingAreRefused() {
        let bpe = Small.varint(3, 2) + Small.varint(35, 1)
        #expect(error(opening: Small.modelFile(trainer: [])).contains("algorithm (unigram)"))
        #expect(
            error(opening: Small.modelFile(trainer: Small.varint(3, .max))).contains("algorithm (n")
        )
        #expect(
            error(opening: Small.modelFile() + Small.field(5, Small.field(2, [1])))
                .contains("after decoding it")
        )
        #expect(error(opening: Small.modelFile() + Small.field(5, [])) == "no error")
        #expect(error(opening: Small.modelFile(trainer: bpe)) == "no error")
    }

    @Test(.enabled(if: TestData.isAvailable, Comment(rawValue: TestData.skipReason)))
    func realModelIsExportedAsLlama2CDoes() throws {
        try withTemporaryDirectory { directory in
            let path = directory.appending("tokenizer.bin")
            let model = try TestData.path("llama2/tokenizer.model")
            try SentencePieceVocabulary(modelFile: model).writeLlama2CFile(to: path)
            let expected = try MappedFile(TestData.path("llama2/tokenizer.bin")).contents()
            #expect(try MappedFile(path).contents() == expected)
        }
        let small = try TestData.path("llama2/tok512.bin")
        #expect(try SentencePieceTokenizer(contentsOf: small).vocabularySize == 512)
    }
}
