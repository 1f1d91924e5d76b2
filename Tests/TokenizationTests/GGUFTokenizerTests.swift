// Tokenizers in GGUF's keys and other formats, and what these cannot hold.

import FileIO
import TestSupport
import Testing

@testable import Tokenization

@Suite struct GGUFTokenizerTests {
    private typealias Fixture = TokenizerJSONFixture

    @Test(arguments: ["gpt2", "smollm", "llama3", "spaced"])
    func aTokenizerRoundTripsThroughKeys(kind: String) throws {
        let tokenizer = try Fixture.tokenizer(kind)
        let keys = try GGUFTokenizer(tokenizer.description, path: "m.gguf")
        #expect(keys.model == "gpt2")
        let read = try TokenizerDescription(keys, path: "m.gguf").makeTokenizer(from: "m.gguf")
        for text in try Fixture.encodings().texts {
            try #expect(read.promptTokens(of: text) == tokenizer.promptTokens(of: text))
            try #expect(read.encode(text) == tokenizer.encode(text))
        }
    }

    @Test func scoresAreKeysOfLlamas() throws {
        let tokenizer = try SmallSentencePieces.tokenizer()
        let keys = try GGUFTokenizer(tokenizer.description, path: "m.gguf")
        #expect(keys.model == "llama" && keys.scores.count == keys.tokens.count)
        #expect(keys.types.prefix(4) == [2, 3, 3, 6])
        let read = try TokenizerDescription(keys, path: "m.gguf").makeTokenizer(from: "m.gguf")
        for text in try Fixture.encodings().texts {
            try #expect(read.encode(text, specialTokens: .plain) == tokenizer.encode(text))
        }
        // Unlike SentencePiece's own, llama.cpp's prompts know tokens by name.
        try #expect(read.promptTokens(of: "</s>") == [1, 2])
    }

    @Test func mergesThatScoresGiveBecomeScoresAgain() throws {
        let tokenizer = try SmallSentencePieces.tokenizer()
        try withTemporaryDirectory { directory in
            try tokenizer.description.writeJSON(in: directory)
            let merging = try SentencePieceTokenizer(contentsOf: directory)
            #expect(!merging.description.merges.isEmpty)
            #expect(throws: TextTokenizerError.self) {
                try SentencePieceTokenizer(contentsOf: directory, vocabularySize: 274)
            }
            let path = directory.appending("tokenizer.bin")
            try merging.nativeFile(at: path, overwrite: false).commit()
            let scored = try SentencePieceTokenizer(contentsOf: path)
            for text in try Fixture.encodings().texts {
                let ids = try tokenizer.encode(text)
                try #expect(merging.encode(text, specialTokens: .plain) == ids)
                try #expect(scored.encode(text) == ids)
            }
        }
    }

    /// Texts that differ in their spaces, and some that no piece covers.
    private static let spacedTexts = [
        "", "a", " ", "  ", "a b", " a", "a ", "  a  b  ", "\n", "\n a", "é 日本", "\u{2581}a",
        "hell the", "zz  the\tz",
    ]

    @Test(
        arguments: [false, true],
        [[], [" "], [" ", "a", "h", "e", "l", "t", " t", "ll", "he"]]
    )
    func everyFormatGivesTheSameIdsForTexts(isPrefixed: Bool, words: [String]) throws {
        var rules = SentencePieceVocabulary.Rules()
        rules.normalization.addsDummySpace = isPrefixed
        let tokenizer = try SmallSentencePieces.tokenizer(SmallSentencePieces.pieces(words), rules)
        try withTemporaryDirectory { directory in
            try tokenizer.description.writeJSON(in: directory)
            let keys = try GGUFTokenizer(tokenizer.description, path: "m.gguf")
            var others: [any Tokenizer] = [
                try loadTokenizer(at: directory),
                try TokenizerDescription(keys, path: "m.gguf").makeTokenizer(from: "m.gguf"),
            ]
            if isPrefixed {
                let path = directory.appending("tokenizer.bin")
                try tokenizer.writeLlama2CFile(to: path)
                others.append(try loadTokenizer(at: path))
            }
            for text in Self.spacedTexts {
                let ids = try tokenizer.encode(text)
                for other in others {
                    let found = try other.encode(text)
                    #expect(found == ids, "\(text.debugDescription) with \(words)")
                }
            }
        }
    }

    @Test func settingsThatOnlySentencePiecesFileHoldsAreReported() throws {
        let changes: [(inout SentencePieceNormalizer.Settings) -> Void] = [
            { $0.removesExtraSpaces = true }, { $0.escapesSpaces = false },
            { $0.putsSpacesBehind = true },
        ]
        for change in changes {
            var rules = SentencePieceVocabulary.Rules()
            change(&rules.normalization)
            let pieces = SmallSentencePieces.standardPieces
            let description = try SmallSentencePieces.tokenizer(pieces, rules).description
            #expect(throws: TextTokenizerError.self) { try GGUFTokenizer(description, path: "m") }
            #expect(throws: TextTokenizerError.self) { try description.checkJSON(for: "m") }
        }
    }

    @Test func tokensThatMergesCannotFormAreNotWrittenAsMerges() throws {
        func description(
            _ words: [String],
            _ change: (inout [SmallSentencePieces.Piece]) -> Void = { _ in }
        ) throws -> TokenizerDescription {
            var pieces = SmallSentencePieces.pieces(words)
            change(&pieces)
            return try SmallSentencePieces.tokenizer(pieces).description
        }
        // Without a piece for a space, and without one for "h".
        for words in [[" a", "a"], ["he", "e", " "], ["the", "th", "e", " ", "t", "h", "eé"]] {
            #expect(throws: TextTokenizerError.self) { try description(words).checkJSON(for: "m") }
        }
        for words in [["he", "e", "h"], ["e", "xyz"]] {
            try description(words).checkJSON(for: "m")
        }
        // Text becomes no unused token, and merging may pass through one.
        let unused = try description(["he", "h", "e"]) { $0[259].kind = .unused }
        #expect(throws: TextTokenizerError.self) { try unused.checkJSON(for: "m") }
        // Nor are merges written as scores that would form more.
        var merging = try description(["he", "e", "h"])
        merging.merges = merging.mergesOfScores()
        merging.scores = []
        #expect(try merging.scoresOfPieces("m").count == merging.tokens.count)
        merging.tokens = TokenTexts(
            merging.tokens.map { $0.elementsEqual("h".utf8) ? [0x78] : Array($0) }
        )
        merging.merges = []
        #expect(throws: TextTokenizerError.self) { try merging.scoresOfPieces("m") }
    }

    @Test func aByteWithoutATokenIsAnError() throws {
        let tokenizer = try Fixture.tokenizer("smollm")
        var description = tokenizer.description
        let index = try #require(description.tokens.firstIndex { $0.elementsEqual([4]) })
        description.types[index] = .control
        let lacking = try description.makeTokenizer(from: "here")
        #expect(throws: TextTokenizerError.noToken(byte: 4)) { try lacking.encode("a\u{4}") }
        #expect(throws: TextTokenizerError.noToken(byte: 4)) {
            try lacking.promptTokens(of: "\u{4}")
        }
        // The next text is not affected.
        try #expect(lacking.encode("a") == tokenizer.encode("a"))
    }

    @Test func whatAFormatCannotHoldIsReported() throws {
        try withTemporaryDirectory { directory in
            let path = directory.appending("file")
            func expectRefusal(_ write: () throws -> Void) {
                let error = #expect(throws: TextTokenizerError.self) { try write() }
                guard case .cannotExport? = error else {
                    Issue.record("\(String(describing: error))")
                    return
                }
            }
            for kind in ["added", "qwen2"] {
                let description = try Fixture.tokenizer(kind).description
                expectRefusal { _ = try GGUFTokenizer(description, path: path) }
            }
            let llama3 = try BytePairTokenizer(contentsOf: Fixture.directory(of: "llama3"))
            expectRefusal { try llama3.writeLLMCFile(to: path) }
            expectRefusal { try llama3.write(vocabularyFile: path, mergesFile: path) }
            for kind in ["llama2", "always"] {
                let pieces = try SentencePieceTokenizer(contentsOf: Fixture.directory(of: kind))
                expectRefusal { try pieces.writeLlama2CFile(to: path) }
            }
            #expect(!FileSystem.exists(path))
            // What a run keeps is then the form that holds it.
            let files = try llama3.save(in: directory)
            #expect(
                files.map { $0.lastComponent?.string } == [
                    "tokenizer.json", "tokenizer_config.json",
                ]
            )
            let read = try BytePairTokenizer(contentsOf: directory)
            #expect(read.encodesLike(llama3) && read.digest == llama3.digest)
        }
    }

    @Test func keysThatContradictEachOtherAreRefused() throws {
        let keys = try GGUFTokenizer(Fixture.tokenizer("gpt2").description, path: "m")
        func expectRefusal(_ change: (inout GGUFTokenizer) -> Void) {
            var keys = keys
            change(&keys)
            #expect(throws: TextTokenizerError.self) {
                try TokenizerDescription(keys, path: "m").makeTokenizer(from: "m")
            }
        }
        expectRefusal { $0.model = "bert" }
        expectRefusal { $0.pre = "tekken" }
        expectRefusal { $0.types.removeLast() }
        expectRefusal { $0.types[0] = 9 }
        expectRefusal { $0.endOfText = 1_000_000 }
        expectRefusal { $0.startOfText = -1 }
        expectRefusal { $0.merges.append("nospace".utf8) }
        expectRefusal { $0.merges.append("t h".utf8) }
        expectRefusal { $0.tokens = TokenTexts() }
        expectRefusal { $0.model = "llama" }
    }
}
