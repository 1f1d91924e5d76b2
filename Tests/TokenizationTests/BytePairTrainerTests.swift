import TestSupport
import Testing

@testable import Tokenization

@Suite struct BytePairTrainerTests {
    /// The tokens of a tokenizer above the single bytes, the end of text included.
    private func learned(_ tokenizer: BytePairTokenizer) -> [String] {
        (256..<TokenID(tokenizer.vocabularySize)).map {
            String(decoding: tokenizer.vocabulary.bytes(of: $0), as: UTF8.self)
        }
    }

    private func train(_ texts: [String], _ size: Int) throws -> BytePairTokenizer {
        var trainer = try BytePairTrainer(vocabularySize: size)
        for text in texts { trainer.add(text) }
        return try trainer.train()
    }

    @Test func smallestVocabularyIsTheBytesInGPT2sOrderAndTheEndOfText() throws {
        let tokenizer = try train([], 257)
        #expect(tokenizer.vocabularySize == 257)
        #expect(tokenizer.endOfText == 256)
        #expect((0..<256).map { tokenizer.vocabulary.bytes(of: $0)[0] } == ByteAlphabet.order)
        try #expect(tokenizer.encode("!~ é") == [0, 93, 220, 127, 102])
    }

    @Test func mostFrequentPairMergesFirst() throws {
        // "ab" 4 times, then "abc" 3 times, then " abc" twice.
        let tokenizer = try train(["abc abc abc\nabd"], 260)
        #expect(learned(tokenizer) == ["ab", "abc", " abc", "<|endoftext|>"])
    }

    @Test func tiesGoToTheLowerLeftIdAndThenTheLowerRight() throws {
        try #expect(learned(train(["zy xw"], 258)) == ["xw", "<|endoftext|>"])
        try #expect(
            learned(train(["bd", "ad", "ac"], 260)) == ["ac", "ad", "bd", "<|endoftext|>"]
        )
    }

    @Test func pairsDoNotCrossPieces() throws {
        // Four letters and a newline each: the only pairs are inside "ab".
        #expect(throws: TextTokenizerError.textTooSmall(requested: 300, largest: 258)) {
            try train(["ab\nab\n1ab!ab"], 300)
        }
    }

    @Test func sizeThatTheTextCannotFillIsAnErrorNamingOneItCan() throws {
        let texts = ["hello hello world"]
        var largest = 0
        do {
            _ = try train(texts, 1000)
            Issue.record("1000 tokens were made of two words")
        } catch TextTokenizerError.textTooSmall(requested: 1000, let size) {
            largest = size
        }
        try #expect(train(texts, largest).vocabularySize == largest)
        #expect(throws: TextTokenizerError.textTooSmall(requested: largest + 1, largest: largest)) {
            try train(texts, largest + 1)
        }
    }

    @Test(arguments: [256, 0, -1])
    func sizeBelowTheBytesAndTheEndOfTextIsAnError(size: Int) throws {
        #expect(throws: TextTokenizerError.vocabularyTooSmall(requested: size)) {
            try BytePairTrainer(vocabularySize: size)
        }
    }

    @Test func tooManyDistinctWordsAreAnError() throws {
        var trainer = try BytePairTrainer(vocabularySize: 258)
        trainer.add("abc abc abcd")
        // "abc", " abc" and " abcd".
        #expect(throws: TextTokenizerError.textTooLarge(byteCount: 12, limit: 12)) {
            try trainer.learn(symbolLimit: 12) { _ in }
        }
        try #expect(trainer.learn(symbolLimit: 13) { _ in }.vocabularySize == 258)
    }

    @Test func randomTextsGiveTheMergesOfTheSimplestAlgorithm() throws {
        var random = SystemRandomNumberGenerator()
        for letters in ["ab", "abc ", "aaab' 1\n", "abcdefghij  "] {
            let text = String((0..<600).compactMap { _ in letters.randomElement(using: &random) })
            let expected = plainMerges(text, count: 33)
            #expect(expected.count > 3)
            var trainer = try BytePairTrainer(vocabularySize: 257 + expected.count)
            trainer.add(text)
            try #expect(trainer.train().merges.merges == expected)
        }
    }

    /// Byte pair encoding in its plainest form: counts all pairs anew for each merge.
    private func plainMerges(_ text: String, count: Int) -> [MergeTable.Merge] {
        var counter = WordCounter()
        Array(text.utf8).withUnsafeBytes { counter.add(textsOf: $0, marker: nil) }
        let order = ByteAlphabet.order
        var words = counter.words.map { word in
            let ids = counter.bytes[word.range].compactMap { order.firstIndex(of: $0) }
            return (ids: ids.map { TokenID($0) }, count: word.count)
        }
        var merges: [MergeTable.Merge] = []
        while merges.count < count {
            var counts: [[TokenID]: Int] = [:]
            for word in words {
                for (a, b) in zip(word.ids, word.ids.dropFirst()) {
                    counts[[a, b], default: 0] += word.count
                }
            }
            let best = counts.min {
                $0.value != $1.value
                    ? $0.value > $1.value : $0.key.lexicographicallyPrecedes($1.key)
            }
            guard let pair = best?.key else { return merges }
            let merged = TokenID(256 + merges.count)
            merges.append(.init(left: pair[0], right: pair[1], merged: merged))
            for index in words.indices {
                var ids: [TokenID] = []
                for id in words[index].ids {
                    // The one before may itself be the result of this merge; it is not `pair[0]`.
                    if ids.last == pair[0], id == pair[1] {
                        ids[ids.count - 1] = merged
                    } else {
                        ids.append(id)
                    }
                }
                words[index].ids = ids
            }
        }
        return merges
    }

    @Test func tokensAreDistinctReachableAndAtMost255BytesLong() throws {
        let run = String(repeating: "a", count: 3000) + String(repeating: "ab", count: 1000)
        var trainer = try BytePairTrainer(vocabularySize: 275)
        trainer.add(run + " " + run + "ba ab")
        let tokenizer = try trainer.train()
        let vocabulary = tokenizer.vocabulary
        #expect(vocabulary.longestTokenByteCount > 128)
        #expect(vocabulary.longestTokenByteCount <= 255)
        let tokens = (0..<TokenID(vocabulary.count)).map { vocabulary.bytes(of: $0) }
        #expect(Set(tokens).count == tokens.count)
        for id in 0..<(try #require(tokenizer.endOfText)) {
            try #expect(tokenizer.encode(tokens[Int(id)]) == [id])
        }
        try #expect(MergeTable(recoveredFrom: vocabulary) == tokenizer.merges)
    }

    @Test(arguments: [1, 2, 3], [1, 7, 1000, 1_000_000])
    func chunksAndThreadsDoNotMatter(threads: Int, chunkSize: Int) throws {
        var text = ""
        for i in 0..<3000 {
            text += ["the ", "then\n", "other's ", "日本，", "<|endoftext|>"][i * i % 5]
        }
        text += String(repeating: "words and more words, ", count: 12_000)
        let expected = try train([text], 280).merges
        let bytes = Array(text.utf8)
        // Chunks of one byte for the whole text would test nothing more, only longer.
        let firstPart = min(bytes.count, chunkSize * 10_000)
        var trainer = try BytePairTrainer(vocabularySize: 280, threads: threads)
        bytes.withUnsafeBytes { bytes in
            for start in stride(from: 0, to: firstPart, by: chunkSize) {
                let end = min(start + chunkSize, firstPart)
                trainer.append(UnsafeRawBufferPointer(rebasing: bytes[start..<end]))
            }
            trainer.append(UnsafeRawBufferPointer(rebasing: bytes[firstPart...]))
        }
        try #expect(trainer.train().merges == expected)
    }

    @Test func markerEndsATextWhereAskedFor() throws {
        let text = "ab<|endoftext|>ab"
        try #expect(learned(train([text], 258)) == ["ab", "<|endoftext|>"])
        var trainer = try BytePairTrainer(vocabularySize: 300, specialTokens: .token)
        trainer.add(text)
        #expect(throws: TextTokenizerError.textTooSmall(requested: 300, largest: 258)) {
            try trainer.train()
        }
    }

    @Test func progressIsReportedAndMayEndTheTraining() throws {
        struct Stop: Error {}
        var trainer = try BytePairTrainer(vocabularySize: 260)
        trainer.add("abcd abcd")
        var counts: [Int] = []
        _ = try trainer.train { counts.append($0.tokenCount) }
        #expect(counts == [258, 259, 260])
        #expect(throws: Stop.self) { try trainer.train { _ in throw Stop() } }
    }

    @Test func trainedFilesEncodeAsTheTrainerDid() throws {
        var trainer = try BytePairTrainer(vocabularySize: 270)
        trainer.add("she sells sea shells on the sea shore; the shells she sells are sea shells")
        let tokenizer = try trainer.train()
        let text = "the shells are on the shore \u{7F} é"
        try withTemporaryDirectory { directory in
            let binary = directory.appending("tokenizer.bin")
            try tokenizer.writeLLMCFile(to: binary)
            try #expect(
                BytePairTokenizer(contentsOf: binary).encode(text) == tokenizer.encode(text)
            )
            let (vocabulary, merges) = (directory.appending("v"), directory.appending("m"))
            try tokenizer.write(vocabularyFile: vocabulary, mergesFile: merges)
            let read = try BytePairTokenizer(vocabularyFile: vocabulary, mergesFile: merges)
            try #expect(read.encode(text) == tokenizer.encode(text))
            #expect(read.vocabulary == tokenizer.vocabulary)
        }
    }
}
