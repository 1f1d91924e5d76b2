import FileIO
import Foundation
import TestSupport
import Testing

@testable import Tokenization

/// What SentencePiece itself makes of texts with models of several settings;
/// scripts/export_sentencepiece_fixtures.py says which.
@Suite struct SentencePieceSettingsTests {
    struct Model: Decodable {
        struct Text: Decodable {
            let text: String
            let ids: [TokenID]
            let decoded: String
        }

        let model: String
        let start: TokenID
        let end: TokenID
        let texts: [Text]
    }

    private static func fixture(_ name: String) throws -> URL {
        try #require(
            Bundle.module.url(forResource: name, withExtension: nil, subdirectory: "Fixtures")
        )
    }

    private func models() throws -> [Model] {
        let file = try Self.fixture("sentencepiece.json")
        return try JSONDecoder().decode([Model].self, from: Data(contentsOf: file))
    }

    private func file(of model: String) throws -> FilePath {
        FilePath(try Self.fixture("\(model).model").path)
    }

    @Test func settingsInTheFileAreApplied() throws {
        let models = try models()
        #expect(models.count == 4)
        for model in models {
            let tokenizer = try SentencePieceTokenizer(contentsOf: file(of: model.model))
            #expect(tokenizer.startOfText == (model.start < 0 ? nil : model.start))
            #expect(tokenizer.endsOfText.first == (model.end < 0 ? nil : model.end))
            for text in model.texts {
                let place: Comment = "\(model.model): \(text.text.debugDescription)"
                try #expect(tokenizer.encode(text.text) == text.ids, place)
                try #expect(tokenizer.decode(text.ids) == text.decoded, place)
                // Piece by piece it is the same.
                var decoder = StreamingDecoder(tokenizer)
                let pieces = try text.ids.map { try decoder.append($0) }
                #expect(pieces.joined() + decoder.finish() == text.decoded, place)
            }
        }
    }

    @Test func bytesThatAreNotUTF8AreKeptByEverySetting() throws {
        var rules = SentencePieceVocabulary.Rules()
        rules.normalization.removesExtraSpaces = true
        let pieces = SmallSentencePieces.standardPieces
        let tokenizer = try SmallSentencePieces.tokenizer(pieces, rules)
        let bytes: [UInt8] = [0x20, 0x20, 0xFF, 0x61, 0x20, 0x20, 0xC3]
        let ids = try bytes.withUnsafeBytes { try tokenizer.encode($0) }
        try #expect(tokenizer.decodeBytes(ids) == [0xFF, 0x61, 0x20, 0xC3])
    }

    @Test func spacesThatAreNotEscapedAreText() throws {
        let pieces = SmallSentencePieces.pieces(["\u{2581}", " ", "a"])
        let rules = SentencePieceVocabulary.Rules(normalization: .init(escapesSpaces: false))
        let tokenizer = try SmallSentencePieces.tokenizer(pieces, rules)
        try #expect(tokenizer.encode("a\u{2581}") == [260, 261, 259])
        try #expect(tokenizer.decode([260, 261, 259]) == " a ")
    }

    @Test func tokenizersOfOtherSettingsAreNotWrittenForLlama2C() throws {
        try withTemporaryDirectory { directory in
            let path = directory.appending("tokenizer.bin")
            let vocabulary = try SentencePieceVocabulary(modelFile: file(of: "replacing"))
            #expect(throws: TextTokenizerError.self) { try vocabulary.writeLlama2CFile(to: path) }
            #expect(!FileSystem.exists(path))
        }
    }

    // MARK: Damage

    /// A map of one string, `A`, to `bc`, as far as its parts are not given.
    private func map(
        trie: [UInt32] = [1 << 10 | 0x100, 0x8000_0000],
        texts: [UInt8] = Array("bc\0".utf8)
    ) -> [UInt8] {
        let bytes = trie.flatMap { SmallSentencePieces.littleEndian($0) }
        return SmallSentencePieces.littleEndian(UInt32(bytes.count)) + bytes + texts
    }

    private func read(_ bytes: [UInt8]) throws -> SentencePieceCharacterMap {
        try bytes.withUnsafeBytes { try SentencePieceCharacterMap($0[...]) }
    }

    private func replacement(of text: String, in map: SentencePieceCharacterMap) -> String? {
        Array(text.utf8).withUnsafeBufferPointer { bytes in
            map.replacement(atStartOf: bytes[...])
                .map { "\($0.count) " + String(decoding: $0.text, as: UTF8.self) }
        }
    }

    @Test func aMapIsRead() throws {
        // The root's children are at 1 ^ byte; "A" (0x41) at 0x40, whose value is at 0x40 ^ 2.
        var trie = [UInt32](repeating: 0, count: 0x43)
        trie[0] = 1 << 10
        trie[0x40] = 2 << 10 | 0x100 | 0x41
        trie[0x42] = 0x8000_0000
        let map = try read(map(trie: trie))
        #expect(replacement(of: "Ab", in: map) == "1 bc")
        #expect(replacement(of: "b", in: map) == nil)
        #expect(replacement(of: "", in: map) == nil)
    }

    @Test func aTrieThatLeadsBackToItselfIsNotFollowedWithoutEnd() throws {
        var trie = [UInt32](repeating: 0, count: 0x41)
        trie[0] = 1 << 10
        trie[0x40] = 0x41 << 10 | 0x100 | 0x41
        trie[1] = 0x8000_0000
        let text = String(repeating: "A", count: 5000)
        #expect(replacement(of: text, in: try read(map(trie: trie))) == "1024 bc")
    }

    @Test func damagedMapsAreRefused() {
        let whole = map()
        let damaged: [[UInt8]] = [
            [], [1], [0, 0, 0, 0], [0, 0, 0, 0, 1], [4, 0, 0, 0, 1],
            [5, 0, 0, 0] + Array(whole.dropFirst(4)), [0xFF, 0xFF, 0xFF, 0xFF, 0, 0],
            Array(whole.prefix(12)), map(texts: [UInt8](repeating: 0x61, count: 2000)),
        ]
        for bytes in damaged {
            #expect(throws: SentencePieceCharacterMap.Malformed.self, "\(bytes.prefix(20))") {
                try read(bytes)
            }
        }
    }

    @Test func noNodeLeadsOutOfAMap() throws {
        var generator = SeededGenerator(seed: 1)
        let text = (0...255).map { UInt8($0) }
        for _ in 0..<200 {
            let trie = (0..<64).map { _ in
                UInt32.random(in: 0...(.max), using: &generator)
                    >> UInt32.random(in: 0..<24, using: &generator)
            }
            let map = try read(map(trie: trie))
            text.withUnsafeBufferPointer { bytes in
                for start in bytes.indices {
                    let found = map.replacement(atStartOf: bytes[start...])
                    #expect(found.map { $0.count > 0 && $0.count <= bytes.count - start } ?? true)
                }
            }
        }
    }

    @Test func damagedSettingsNeverCrash() throws {
        let original = try MappedFile(file(of: "replacing")).contents()
        var mutations = Mutations(of: original, seed: 7)
        try withTemporaryDirectory { directory in
            let path = directory.appending("tokenizer.model")
            var openedCount = 0
            for _ in 0..<400 {
                try SmallSentencePieces.write(mutations.next(), to: path)
                if let tokenizer = try? SentencePieceTokenizer(contentsOf: path) {
                    openedCount += 1
                    let ids = try tokenizer.encode(" the A\u{301} \u{FB01} <x> \u{2581}")
                    #expect(throws: Never.self) { try tokenizer.decode(ids) }
                }
            }
            #expect(openedCount > 0)
        }
    }
}
