import FileIO
import TestSupport
import Testing

@testable import Tokenization

@Suite struct BytePairTokenizerTests {
    private let tokenizer = SmallTokenizer.standard

    private func parts(_ text: String, _ marker: EndOfTextMarker = .text) throws -> [String] {
        try tokenizer.encode(text, endOfTextMarker: marker).map { try tokenizer.decode([$0]) }
    }

    @Test func mergingStaysInsidePieces() throws {
        try #expect(parts("the thin aa aaaa") == ["the", " ", "th", "in", " ", "aa", " ", "aaaa"])
        try #expect(parts("in\ning 123") == ["in", "\n", "ing", " ", "123"])
    }

    @Test func markerIsTextUnlessAskedFor() throws {
        let text = "a<|endoftext|> the"
        try #expect(parts(text, .token) == ["a", "<|endoftext|>", " ", "the"])
        #expect(tokenizer.encode(text, endOfTextMarker: .token)[1] == tokenizer.endOfText)
        #expect(!tokenizer.encode(text).contains(tokenizer.endOfText))
        try #expect(tokenizer.decode(tokenizer.encode(text)) == text)
    }

    @Test func whatStandsBesideAMarkerIsATextOfItsOwn() throws {
        // Two spaces at the end of a text stay together; before more text they do not.
        let spaces = SmallTokenizer.make(merges: ["\u{61} \u{61}"])
        let ids = spaces.encode("<|endoftext|><|endoftext|>aa<|endoftext|", endOfTextMarker: .token)
        #expect(ids.prefix(3) == [spaces.endOfText, spaces.endOfText, 256])
        try #expect(spaces.decode(ids.dropFirst(3)) == "<|endoftext|")
        #expect(spaces.encode("", endOfTextMarker: .token).isEmpty)
    }

    @Test func anyBytesComeBackFromTheirIds() throws {
        var random = SystemRandomNumberGenerator()
        for count in 0..<200 {
            let bytes = (0..<count).map { _ in UInt8.random(in: 0...255, using: &random) }
            try #expect(tokenizer.vocabulary.decodeBytes(tokenizer.encode(bytes)) == bytes)
        }
    }

    @Test func manyCallsAtOnceGiveWhatOneGives() async {
        let text = String(repeating: "the banana and the other thing, 123!! ", count: 50)
        let expected = tokenizer.encode(text)
        await withTaskGroup(of: [TokenID].self) { group in
            for _ in 0..<8 { group.addTask { tokenizer.encode(text) } }
            for await ids in group { #expect(ids == expected) }
        }
    }

    @Test(arguments: [1, 2, 3, 8], [EndOfTextMarker.text, .token])
    func severalThreadsGiveTheIdsOfOne(threads: Int, marker: EndOfTextMarker) {
        var bytes: [UInt8] = []
        var random = SystemRandomNumberGenerator()
        let words = ["the", " banana", "  ", "\n", "'s", "<|endoftext|>", "12", "日本", "\u{3000}"]
        while bytes.count < 30_000 { bytes += (words.randomElement(using: &random) ?? "").utf8 }
        // A word of several parts' length, which cannot be cut.
        bytes += [UInt8](repeating: 0x61, count: 5_000)
        let expected = tokenizer.encode(bytes, endOfTextMarker: marker)
        let ids = bytes.withUnsafeBytes {
            tokenizer.encode($0, endOfTextMarker: marker, threads: threads, bytesPerPart: 1000)
        }
        #expect(ids == expected)
    }
}

@Suite struct StreamingEncoderTests {
    private let tokenizer = SmallTokenizer.standard

    /// The ids of `bytes` given in chunks of `size`.
    private func stream(_ bytes: [UInt8], _ marker: EndOfTextMarker, size: Int) -> [TokenID] {
        var encoder = StreamingEncoder(tokenizer, endOfTextMarker: marker)
        var ids: [TokenID] = []
        for start in stride(from: 0, to: bytes.count, by: size) {
            encoder.append(Array(bytes[start..<min(start + size, bytes.count)]), to: &ids)
        }
        encoder.finish(to: &ids)
        return ids
    }

    @Test(arguments: [EndOfTextMarker.text, .token])
    func chunksOfAnySizeGiveTheIdsOfTheWhole(marker: EndOfTextMarker) {
        let text =
            "the banana's  \n\n <|endoftext|>  <|endoftext|<|endoftext|> 日本，\u{3000}é 12!! it'll  "
        for tail in ["", "<|endof", " ", "'", "'l", "\u{3000}"] {
            let bytes = Array((text + tail).utf8) + [0xE3, 0x80]
            let expected = tokenizer.encode(bytes, endOfTextMarker: marker)
            for size in 1...bytes.count {
                #expect(stream(bytes, marker, size: size) == expected, "chunks of \(size) bytes")
            }
        }
    }

    @Test func randomBytesInChunksGiveTheIdsOfTheWhole() {
        var random = SystemRandomNumberGenerator()
        let interesting =
            Array("aa'sl1! \n<|endoftext|>".utf8) + [0xC3, 0xA9, 0xE3, 0x80, 0x80, 0xF0, 0xFF]
        for _ in 0..<500 {
            let bytes = (0..<60).compactMap { _ in interesting.randomElement(using: &random) }
            let expected = tokenizer.encode(bytes)
            for size in [1, 2, 7] { #expect(stream(bytes, .text, size: size) == expected) }
        }
    }

    @Test func idsComeAsSoonAsAWordIsOver() {
        var encoder = StreamingEncoder(tokenizer)
        var ids: [TokenID] = []
        encoder.append(Array("the".utf8), to: &ids)
        #expect(ids.isEmpty)
        encoder.append(Array(" ban".utf8), to: &ids)
        #expect(ids == tokenizer.encode("the"))
        encoder.append(Array("an. Th".utf8), to: &ids)
        #expect(ids == tokenizer.encode("the banan."))
        encoder.finish(to: &ids)
        #expect(ids == tokenizer.encode("the banan. Th"))
        encoder.append(Array("e".utf8), to: &ids)
        encoder.finish(to: &ids)
        #expect(ids == tokenizer.encode("the banan. Th") + tokenizer.encode("e"))
    }

    @Test func longWordInSmallChunksIsEncodedWhole() {
        let bytes = [UInt8](repeating: 0x61, count: 20_000)
        #expect(stream(bytes, .token, size: 16) == tokenizer.encode(bytes))
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
    func idsAreThoseOfTiktoken(index: Int) throws {
        let (text, expected) = GoldenEncodings.gpt2[index]
        let tokenizer = try Self.fromBinary.get()
        let ids = tokenizer.encode(text)
        #expect(ids == expected)
        try #expect(tokenizer.decode(ids) == text)
    }

    @Test func tinyShakespeareHasItsTokens() throws {
        let tokenizer = try Self.fromBinary.get()
        let file = try MappedFile(TestData.path("tinyshakespeare/input.txt"))
        let ids = file.withUnsafeBytes { tokenizer.encode($0, threads: 2) }
        #expect(ids.count == 338_025)
        try #expect(tokenizer.vocabulary.decodeBytes(ids) == file.contents())
    }

    @Test func exportedFilesAreTheOriginals() throws {
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
