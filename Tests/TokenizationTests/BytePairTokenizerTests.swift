import FileIO
import TestSupport
import Testing

@testable import Tokenization

@Suite struct BytePairTokenizerTests {
    private let tokenizer = SmallTokenizer.standard

    private func parts(_ text: String, _ marker: SpecialTokens = .text) throws -> [String] {
        try tokenizer.encode(text, specialTokens: marker).map { try tokenizer.decode([$0]) }
    }

    @Test func mergingStaysInsidePieces() throws {
        try #expect(parts("the thin aa aaaa") == ["the", " ", "th", "in", " ", "aa", " ", "aaaa"])
        try #expect(parts("in\ning 123") == ["in", "\n", "ing", " ", "123"])
    }

    @Test func markersAreTextUnlessRequested() throws {
        let text = "a<|endoftext|> the"
        try #expect(parts(text, .token) == ["a", "<|endoftext|>", " ", "the"])
        let end = try #require(tokenizer.endOfText)
        try #expect(tokenizer.encode(text, specialTokens: .token)[1] == end)
        try #expect(!tokenizer.encode(text).contains(end))
        try #expect(tokenizer.decode(tokenizer.encode(text)) == text)
    }

    @Test func textNextToAMarkerIsASeparateText() throws {
        // Two spaces at the end of a text stay together; before more text they do not.
        let spaces = SmallTokenizer.make(merges: ["\u{61} \u{61}"])
        let end = try #require(spaces.endOfText)
        let ids = try spaces.encode(
            "<|endoftext|><|endoftext|>aa<|endoftext|",
            specialTokens: .token
        )
        #expect(ids.prefix(3) == [end, end, 256])
        try #expect(spaces.decode(ids.dropFirst(3)) == "<|endoftext|")
        try #expect(spaces.encode("", specialTokens: .token).isEmpty)
    }

    @Test func anyBytesRoundTripThroughTheirIds() throws {
        var random = SystemRandomNumberGenerator()
        for count in 0..<200 {
            let bytes = (0..<count).map { _ in UInt8.random(in: 0...255, using: &random) }
            try #expect(tokenizer.vocabulary.decodeBytes(tokenizer.encode(bytes)) == bytes)
        }
    }

    @Test func manyCallsAtOnceGiveWhatOneGives() async throws {
        let text = String(repeating: "the banana and the other thing, 123!! ", count: 50)
        let expected = try tokenizer.encode(text)
        try await withThrowingTaskGroup(of: [TokenID].self) { group in
            for _ in 0..<8 { group.addTask { try tokenizer.encode(text) } }
            for try await ids in group { #expect(ids == expected) }
        }
    }

    @Test(arguments: [1, 2, 3, 8], [SpecialTokens.text, .token])
    func severalThreadsGiveTheIdsOfOne(threads: Int, marker: SpecialTokens) throws {
        var bytes: [UInt8] = []
        var random = SystemRandomNumberGenerator()
        let words = ["the", " banana", "  ", "\n", "'s", "<|endoftext|>", "12", "日本", "\u{3000}"]
        while bytes.count < 30_000 { bytes += (words.randomElement(using: &random) ?? "").utf8 }
        // A word of several parts' length, which cannot be cut.
        bytes += [UInt8](repeating: 0x61, count: 5_000)
        let expected = try tokenizer.encode(bytes, specialTokens: marker)
        let ids = try bytes.withUnsafeBytes {
            try tokenizer.encode($0, specialTokens: marker, threads: threads, bytesPerPart: 1000)
        }
        #expect(ids == expected)
    }
}

@Suite struct StreamingEncoderTests {
    private let tokenizer = SmallTokenizer.standard

    /// The ids of `bytes` given in chunks of `size`.
    private func stream(_ bytes: [UInt8], _ marker: SpecialTokens, size: Int) throws -> [TokenID] {
        var encoder = StreamingEncoder(tokenizer, specialTokens: marker)
        var ids: [TokenID] = []
        for start in stride(from: 0, to: bytes.count, by: size) {
            try encoder.append(Array(bytes[start..<min(start + size, bytes.count)]), to: &ids)
        }
        try encoder.finish(to: &ids)
        return ids
    }

    @Test(arguments: [SpecialTokens.text, .token])
    func chunksOfAnySizeGiveTheIdsOfTheWhole(marker: SpecialTokens) throws {
        let text =
            "the banana's  \n\n <|endoftext|>  <|endoftext|<|endoftext|> 日本，\u{3000}é 12!! it'll  "
        for tail in ["", "<|endof", " ", "'", "'l", "\u{3000}"] {
            let bytes = Array((text + tail).utf8) + [0xE3, 0x80]
            let expected = try tokenizer.encode(bytes, specialTokens: marker)
            for size in 1...bytes.count {
                try #expect(
                    stream(bytes, marker, size: size) == expected,
                    "chunks of \(size) bytes"
                )
            }
        }
    }

    @Test func randomBytesInChunksGiveTheIdsOfTheWhole() throws {
        var random = SystemRandomNumberGenerator()
        let interesting =
            Array("aa'sl1! \n<|endoftext|>".utf8) + [0xC3, 0xA9, 0xE3, 0x80, 0x80, 0xF0, 0xFF]
        for _ in 0..<500 {
            let bytes = (0..<60).compactMap { _ in interesting.randomElement(using: &random) }
            let expected = try tokenizer.encode(bytes)
            for size in [1, 2, 7] { try #expect(stream(bytes, .text, size: size) == expected) }
        }
    }

    @Test func idsAreReturnedAsSoonAsAWordEnds() throws {
        var encoder = StreamingEncoder(tokenizer)
        var ids: [TokenID] = []
        try encoder.append(Array("the".utf8), to: &ids)
        #expect(ids.isEmpty)
        try encoder.append(Array(" ban".utf8), to: &ids)
        try #expect(ids == tokenizer.encode("the"))
        try encoder.append(Array("an. Th".utf8), to: &ids)
        try #expect(ids == tokenizer.encode("the banan."))
        try encoder.finish(to: &ids)
        try #expect(ids == tokenizer.encode("the banan. Th"))
        try encoder.append(Array("e".utf8), to: &ids)
        try encoder.finish(to: &ids)
        try #expect(ids == tokenizer.encode("the banan. Th") + tokenizer.encode("e"))
    }

    @Test func longWordInSmallChunksIsEncodedWhole() throws {
        let bytes = [UInt8](repeating: 0x61, count: 20_000)
        try #expect(stream(bytes, .token, size: 16) == tokenizer.encode(bytes))
    }
}

@Suite(.enabled(if: TestData.isAvailable, Comment(rawValue: TestData.skipReason)))
struct GPT2EncodingTests {
    private static let fromBinary = Result {
        try BytePairTokenizer(contentsOf: file("gpt2_tokenizer.bin"))
    }
    private static let fromPair = Result { try BytePairTokenizer(contentsOf: file("vocab.bpe")) }

    private static func file(_ name: String) throws -> FilePath {
        try TestData.path("gpt2/\(name)")
    }

    @Test func bothKindsOfFilesHoldTheSameTokenizer() throws {
        let (a, b) = (try Self.fromBinary.get(), try Self.fromPair.get())
        #expect(a.vocabulary == b.vocabulary)
        #expect(a.merges == b.merges)
        #expect(a.merges.merges.count == 50_000)
        #expect(a.merges.merges.enumerated().allSatisfy { $1.merged == TokenID(256 + $0) })
    }

    @Test(arguments: GoldenEncodings.gpt2.indices)
    func idsMatchTiktoken(index: Int) throws {
        let (text, expected) = GoldenEncodings.gpt2[index]
        let tokenizer = try Self.fromBinary.get()
        let ids = try tokenizer.encode(text)
        #expect(ids == expected)
        try #expect(tokenizer.decode(ids) == text)
    }

    @Test func tinyShakespeareHasItsTokens() throws {
        let tokenizer = try Self.fromBinary.get()
        let file = try MappedFile(TestData.path("tinyshakespeare/input.txt"))
        let ids = try file.withUnsafeBytes { try tokenizer.encode($0, threads: 2) }
        #expect(ids.count == 338_025)
        try #expect(tokenizer.vocabulary.decodeBytes(ids) == file.contents())
    }

    @Test func exportedFilesMatchTheOriginals() throws {
        try withTemporaryDirectory { directory in
            let tokenizer = try Self.fromPair.get()
            try tokenizer.save(in: directory)
            let binary = try MappedFile(directory.appending("tokenizer.bin"))
            try #expect(binary.contents() == MappedFile(Self.file("gpt2_tokenizer.bin")).contents())
            let (vocabulary, merges) = (directory.appending("a.json"), directory.appending("m.txt"))
            try tokenizer.write(vocabularyFile: vocabulary, mergesFile: merges)
            let read = try BytePairTokenizer(vocabularyFile: vocabulary, mergesFile: merges)
            #expect(read.vocabulary == tokenizer.vocabulary)
            #expect(read.merges == tokenizer.merges)
            try #expect(
                MappedFile(merges).contents() == MappedFile(Self.file("vocab.bpe")).contents()
            )
        }
    }
}
