import Testing

@testable import Tokenization

@Suite struct MergingTests {
    private let table = SmallTokenizer.standard.merges

    private func merged(_ piece: [UInt8]) -> [TokenID] {
        var merger = PieceMerger()
        var output: [TokenID] = []
        piece.withUnsafeBufferPointer { merger.merge($0, with: table, into: &output) }
        return output
    }

    @Test func lowestRankMergesFirstAndTheLeftmostOfEquals() {
        let vocabulary = SmallTokenizer.standard.vocabulary
        func parts(_ text: String) -> [String] {
            merged(Array(text.utf8)).map {
                String(decoding: vocabulary.bytes(of: $0), as: UTF8.self)
            }
        }
        #expect(parts("there") == ["there"])
        #expect(parts("other") == ["o", "the", "r"])
        #expect(parts("banana") == ["b", "anan", "a"])
        #expect(parts("aaaaa") == ["aaaa", "a"])
    }

    @Test(arguments: [0, 1, 2, 5, 95, 96, 97, 98, 200, 1000])
    func shortAndLongPiecesMergeAsInTheSimplestAlgorithm(count: Int) {
        var random = SystemRandomNumberGenerator()
        for _ in 0..<20 {
            let piece = (0..<count).compactMap { _ in "aanhtbeir".utf8.randomElement(using: &random)
            }
            #expect(merged(piece) == SmallTokenizer.mergedPlainly(piece, table))
        }
        let run = [UInt8](repeating: 0x61, count: count)
        #expect(merged(run) == SmallTokenizer.mergedPlainly(run, table))
    }

    @Test func heapReturnsItsElementsInOrder() {
        var heap = Heap([5, 3, 9, 3, 1])
        heap.insert(4)
        heap.insert(0)
        let popped = (0..<8).map { _ in heap.popMinimum() }
        #expect(popped == [0, 1, 3, 3, 4, 5, 9, nil])
    }

    @Test func mergeTableGrowsAndRefusesAPairTwice() {
        var table = MergeTable(byteTokens: Array(0..<256))
        for i in TokenID(0)..<1000 {
            let isNew = table.append(.init(left: i, right: i * 7, merged: 256 + i))
            #expect(isNew)
        }
        let isNew = table.append(.init(left: 5, right: 35, merged: 1))
        #expect(!isNew)
        #expect((TokenID(0)..<1000).allSatisfy { table.rank(of: $0, $0 * 7) == UInt32($0) })
        #expect(table.rank(of: 5, 36) == MergeTable.noRank)
    }

    @Test func mergesAreRecoveredFromTheOrderOfTheIds() throws {
        let tokenizer = SmallTokenizer.standard
        let recovered = try MergeTable(recoveredFrom: tokenizer.vocabulary)
        #expect(recovered == tokenizer.merges)
    }

    @Test func specialTokensAfterTheMergesAreNotMerges() throws {
        let standard = SmallTokenizer.standard
        let tokens = (0..<TokenID(standard.vocabularySize)).map {
            standard.vocabulary.bytes(of: $0)
        }
        let vocabulary = Vocabulary(
            tokens: tokens + [Array("<|pad|>".utf8)],
            endOfText: standard.endOfText
        )
        try #expect(MergeTable(recoveredFrom: vocabulary) == standard.merges)
    }

    @Test func vocabulariesWhoseIdsAreNotRanksAreRefused() {
        let bytes = ByteAlphabet.order.map { [$0] }
        let end = [Array("<|endoftext|>".utf8)]
        func recover(_ tokens: [[UInt8]]) throws -> MergeTable {
            let endOfText = TokenID(tokens.count - 1)
            return try MergeTable(recoveredFrom: Vocabulary(tokens: tokens, endOfText: endOfText))
        }
        // "the" before "th", of which it is made.
        let shuffled = bytes + ["the", "th", "he"].map { Array($0.utf8) } + end
        #expect(throws: MergeRecoveryError.notAMerge(256)) { try recover(shuffled) }
        #expect(throws: MergeRecoveryError.missingByte(0x21)) {
            try recover(Array(bytes.dropFirst()) + end)
        }
        #expect(throws: MergeRecoveryError.duplicateByte(first: 0, second: 256)) {
            try recover(bytes + [[0x21]] + end)
        }
    }
}

@Suite struct PieceCacheTests {
    private func key(_ piece: [UInt8], followedBy rest: [UInt8] = []) -> PieceCache.Key {
        (piece + rest).withUnsafeBufferPointer { .init($0, start: 0, length: piece.count) }
    }

    @Test func piecesAreFoundByTheirBytesAndLengthAlone() {
        var cache = PieceCache()
        for length in 1...PieceCache.Key.longestPiece {
            let piece = [UInt8](repeating: 0, count: length)
            cache.insert(key(piece), [TokenID(length)])
        }
        for length in 1...PieceCache.Key.longestPiece {
            let piece = [UInt8](repeating: 0, count: length)
            var output: [TokenID] = []
            #expect(cache.append(key(piece, followedBy: [7, 8, 9]), to: &output))
            #expect(
                cache.append(key(piece, followedBy: [UInt8](repeating: 9, count: 40)), to: &output)
            )
            #expect(output == [TokenID(length), TokenID(length)])
        }
    }

    @Test func unknownAndLongResultsAreNotFound() {
        var cache = PieceCache()
        var output: [TokenID] = []
        #expect(!cache.append(key([1, 2]), to: &output))
        cache.insert(key([1, 2]), Array(0..<10)[...])
        #expect(!cache.append(key([1, 2]), to: &output))
        cache.insert(key([1, 2]), Array(0..<9)[...])
        #expect(cache.append(key([1, 2]), to: &output))
        #expect(output == Array(0..<9))
    }

    @Test func lookupsAreRightHoweverMuchWasInserted() {
        var cache = PieceCache()
        let pieces = (0..<100_000).map { i in
            (0..<3).map { UInt8(truncatingIfNeeded: i >> (8 * $0)) }
        }
        for (i, piece) in pieces.enumerated() { cache.insert(key(piece), [TokenID(i)]) }
        var foundCount = 0
        for (i, piece) in pieces.enumerated() {
            var output: [TokenID] = []
            if cache.append(key(piece), to: &output) {
                foundCount += 1
                if output != [TokenID(i)] { Issue.record("piece \(i) became \(output)") }
            }
        }
        #expect(foundCount > 20_000)
    }
}
