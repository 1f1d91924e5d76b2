// Shards told apart by their whole content, wherever they are.

import FileIO
import TestSupport
import Testing

@testable import TokenData

@Suite struct ShardDigestTests {
    private func digest(_ bytes: [UInt8]) -> String {
        var digest = ContentDigest()
        bytes.withUnsafeBytes { digest.update($0) }
        return digest.hexadecimal
    }

    @Test func everyBitAndTheLengthCount() {
        let bytes = (0..<200).map { UInt8($0) }
        var seen = Set([digest(bytes)])
        for index in bytes.indices {
            for bit in 0..<8 {
                var changed = bytes
                changed[index] ^= 1 << bit
                #expect(seen.insert(digest(changed)).inserted, "byte \(index), bit \(bit)")
            }
        }
        for length in 0..<200 { #expect(seen.insert(digest(Array(bytes.prefix(length)))).inserted) }
        #expect(seen.insert(digest(bytes + [0])).inserted)
    }

    @Test func orderOfWordsCounts() {
        var bytes = (0..<256).map { UInt8($0) }
        let original = digest(bytes)
        for (one, other) in [(0, 8), (0, 64), (8, 192)] {
            for offset in 0..<8 { bytes.swapAt(one + offset, other + offset) }
            #expect(digest(bytes) != original, "words at \(one) and \(other)")
            for offset in 0..<8 { bytes.swapAt(one + offset, other + offset) }
        }
        #expect(digest(bytes) == original)
    }

    @Test func blocksMakeNoDifference() {
        let bytes = (0..<1000).map { UInt8(truncatingIfNeeded: $0 * 7) }
        var digest = ContentDigest()
        for start in stride(from: 0, to: 1000, by: 128) {
            bytes[start..<min(start + 128, 1000)].withUnsafeBytes { digest.update($0) }
        }
        #expect(digest.hexadecimal == self.digest(bytes))
    }

    private func source(_ path: FilePath, reads: Bool = true) throws -> TokenLoaderSource {
        var loader = try TokenLoader(
            matching: path,
            batchSize: 2,
            sequenceLength: 8,
            shuffled: true
        )
        if reads { try loader.digestShards() }
        #expect(loader.state.source == loader.source)
        return loader.source
    }

    @Test func aShardChangedInItsMiddleIsADifferentOne() throws {
        try withTemporaryDirectory { directory in
            var tokens = (0..<20_000).map { Int32($0 % 1000) }
            let path = try writeShard(tokens, to: directory.appending("a.bin"))
            let before = (try source(path), try source(path, reads: false))
            let copy = try writeShard(tokens, to: directory.appending("copy.bin"))
            #expect(try source(copy) == before.0)
            tokens[10_000] += 1
            try writeShard(tokens, to: path)
            #expect(try source(path) != before.0)
            // Nothing tells it from one that was not read, as in an earlier version's checkpoint.
            #expect(try source(path) == before.1)
            #expect(try source(path, reads: false) == before.0)
        }
    }

    @Test func readingFindsTokensOutsideTheVocabulary() throws {
        try withTemporaryDirectory { directory in
            // The last one is in the tail, which no batch reads.
            let path = try writeShard([Int32](0..<100), to: directory.appending("a.bin"))
            func loader(_ vocabularySize: Int) throws -> TokenLoader {
                try TokenLoader(
                    matching: path,
                    batchSize: 1,
                    sequenceLength: 64,
                    shuffled: false,
                    vocabularySize: vocabularySize
                )
            }
            var fitting = try loader(100)
            try fitting.digestShards()
            var narrow = try loader(99)
            #expect(
                throws: TokenDataError.tokenOutOfRange(
                    path: path,
                    position: 99,
                    token: 99,
                    vocabularySize: 99
                )
            ) { try narrow.digestShards() }
        }
    }

    @Test func readingReportsProgressAndCanBeStopped() throws {
        struct Enough: Error {}
        try withTemporaryDirectory { directory in
            for index in 0..<2 {
                try writeShard([Int32](0..<100), to: directory.appending("\(index).bin"))
            }
            var loader = try TokenLoader(
                matching: directory.appending("*.bin"),
                batchSize: 1,
                sequenceLength: 8,
                shuffled: false
            )
            var counts: [[Int]] = []
            #expect(throws: Enough.self) {
                try loader.digestShards { done, total in
                    counts.append([done, total])
                    if done == total { throw Enough() }
                }
            }
            #expect(counts == [[1224, 2448], [2448, 2448]])
            // The first is known.
            counts = []
            try loader.digestShards { counts.append([$0, $1]) }
            #expect(counts == [[1224, 1224]])
        }
    }
}
