import FileIO
import TestSupport
import Testing

@testable import Tokenization

@Suite struct VocabularyTests {
    private let vocabulary = Vocabulary(
        tokens: ["a".utf8, "bc".utf8, "<|endoftext|>".utf8].map { Array($0) } + [[0xFF]],
        endOfText: 2
    )

    @Test func bytesOfTokensAreThoseGiven() {
        #expect(vocabulary.count == 4)
        #expect(vocabulary.endOfText == 2)
        #expect(vocabulary.bytes(of: 1) == [0x62, 0x63])
        #expect(vocabulary.bytes(of: 3) == [0xFF])
        #expect(vocabulary.longestTokenByteCount == 13)
    }

    @Test func onlyIdsOfTokensAreContained() {
        #expect(vocabulary.contains(0) && vocabulary.contains(3))
        #expect(!vocabulary.contains(-1) && !vocabulary.contains(4))
    }

    @Test func decodingJoinsTheTokensAndRepairsTheText() throws {
        try #expect(vocabulary.decodeBytes([1, 0, 3]) == [0x62, 0x63, 0x61, 0xFF])
        try #expect(vocabulary.decode([1, 0, 3, 2]) == "bca\u{FFFD}<|endoftext|>")
        try #expect(vocabulary.decode([]) == "")
    }

    @Test(arguments: [TokenID(-1), 4, .max])
    func decodingAnUnknownIdIsAnErrorNamingIt(id: TokenID) {
        #expect(throws: TextTokenizerError.unknownToken(id: id, vocabularySize: 4)) {
            try vocabulary.decode([0, id])
        }
    }
}

@Suite struct LLMCVocabularyFileTests {
    /// A header of 256 words beginning with `words`, followed by `body`.
    private func file(_ words: [UInt32], _ body: [UInt8] = []) -> [UInt8] {
        (words + Array(repeating: 0, count: 256 - words.count)).flatMap { word in
            (0..<4).map { UInt8(truncatingIfNeeded: word >> (8 * $0)) }
        } + body
    }

    private func read(_ bytes: [UInt8]) throws -> Vocabulary {
        try withTemporaryDirectory { directory in
            let path = directory.appending("tokenizer.bin")
            let file = try AtomicFile(path)
            try file.write(bytes)
            try file.commit()
            return try Vocabulary(llmcFile: path)
        }
    }

    private func expectError(
        containing words: String,
        reading bytes: [UInt8],
        sourceLocation: SourceLocation = #_sourceLocation
    ) {
        do {
            _ = try read(bytes)
            Issue.record("the file was read", sourceLocation: sourceLocation)
        } catch {
            let sentence = "\(error)"
            #expect(sentence.contains(words), sourceLocation: sourceLocation)
            #expect(sentence.contains("tokenizer.bin'"), sourceLocation: sourceLocation)
        }
    }

    @Test func version2StoresTheEndOfTextId() throws {
        let vocabulary = try read(file([20_240_328, 2, 2, 0], [2, 0x61, 0x62, 1, 0]))
        #expect(vocabulary == Vocabulary(tokens: [[0x61, 0x62], [0]], endOfText: 0))
    }

    @Test func version1IsGPT2WithItsLastIdEndingTexts() throws {
        let body = [UInt8](repeating: 1, count: 2 * 50_257)
        let vocabulary = try read(file([20_240_328, 1, 50_257], body))
        #expect(vocabulary.count == 50_257)
        #expect(vocabulary.endOfText == 50_256)
    }

    @Test func writtenFileIsVersion2AndReadsBackEqual() throws {
        let longest = [UInt8](repeating: 7, count: 255)
        let vocabulary = Vocabulary(tokens: [[1], longest, [3, 4]], endOfText: 2)
        try withTemporaryDirectory { directory in
            let path = directory.appending("tokenizer.bin")
            try vocabulary.writeLLMCFile(to: path)
            try #expect(
                MappedFile(path).contents()
                    == file([20_240_328, 2, 3, 2], [1, 1, 255] + longest + [2, 3, 4])
            )
            try #expect(Vocabulary(llmcFile: path) == vocabulary)
            #expect(throws: FileIOError.alreadyExists(path: path)) {
                try vocabulary.writeLLMCFile(to: path, overwrite: false)
            }
        }
    }

    @Test func tokenTooLongForTheFormatIsRefusedAndLeavesNoFile() throws {
        let vocabulary = Vocabulary(tokens: [[UInt8](repeating: 7, count: 256)], endOfText: 0)
        try withTemporaryDirectory { directory in
            let error = #expect(throws: TextTokenizerError.self) {
                try vocabulary.writeLLMCFile(to: directory.appending("tokenizer.bin"))
            }
            #expect(error?.description.contains("256 bytes") == true)
            try #expect(FileSystem.names(in: directory).isEmpty)
        }
    }

    @Test func everyKindOfDamageIsNamed() {
        let good = file([20_240_328, 2, 2, 1], [1, 0x61, 1, 0x62])
        expectError(containing: "ends too early", reading: [])
        expectError(containing: "ends too early", reading: Array(good[..<3]))
        expectError(containing: "ends too early", reading: Array(good[..<1000]))
        expectError(
            containing: "begins with 20240329 instead of 20240328",
            reading: file([20_240_329, 2, 2, 1], [1, 0x61, 1, 0x62])
        )
        expectError(containing: "version 3", reading: file([20_240_328, 3, 2, 1]))
        expectError(containing: "version 0", reading: file([20_240_328, 0, 2, 1]))
        expectError(
            containing: "should be GPT-2's 50257, but is 2",
            reading: file([20_240_328, 1, 2], [1, 0x61, 1, 0x62])
        )
        expectError(
            containing: "the end-of-text id should be less than the number of tokens, 2",
            reading: file([20_240_328, 2, 2, 2], [1, 0x61, 1, 0x62])
        )
        expectError(
            containing: "the end-of-text id",
            reading: file([20_240_328, 2, 0, 0])
        )
        expectError(
            containing: "the length of token 1 should be 1 or more, but is 0",
            reading: file([20_240_328, 2, 2, 1], [1, 0x61, 0, 0])
        )
        expectError(
            containing: "ends too early",
            reading: file([20_240_328, 2, 2, 1], [1, 0x61, 9, 0x62])
        )
        expectError(
            containing: "the size should be 1028 bytes for 2 tokens, but is 1029 bytes",
            reading: good + [0]
        )
    }

    @Test(arguments: [3, 0x7FFF_FFFF, 0x8000_0000, UInt32.max])
    func falseCountIsRefusedBeforeAnythingIsAllocated(count: UInt32) {
        expectError(
            containing: "the number of tokens should be at most 2",
            reading: file([20_240_328, 2, count, 1], [1, 0x61, 1, 0x62])
        )
    }

    @Test(
        .enabled(if: TestData.isAvailable, Comment(rawValue: TestData.skipReason)),
        arguments: ["gpt2/gpt2_tokenizer.bin", "gpt2/gpt2_tokenizer_v1.bin"]
    )
    func realFilesHoldGPT2sVocabulary(name: String) throws {
        let vocabulary = try Vocabulary(llmcFile: try TestData.path(name))
        #expect(vocabulary.count == 50_257)
        #expect(vocabulary.endOfText == 50_256)
        try #expect(vocabulary.decode([15496, 995]) == "Hello world")
        try #expect(vocabulary.decode([50_256]) == "<|endoftext|>")
        try withTemporaryDirectory { directory in
            let copy = directory.appending("copy.bin")
            try vocabulary.writeLLMCFile(to: copy)
            let version2 = try MappedFile(try TestData.path("gpt2/gpt2_tokenizer.bin"))
            try #expect(MappedFile(copy).contents() == version2.contents())
        }
    }
}
