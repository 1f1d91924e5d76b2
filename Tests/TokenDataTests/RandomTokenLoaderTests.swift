import FileIO
import Foundation
import TestSupport
import Testing
import TokenData

@Suite struct RandomTokenLoaderTests {
    /// Two shards in which token `p` of shard `s` is `1000 s + p`: 40 and 17 tokens.
    private func writeShards(to directory: FilePath) throws -> FilePath {
        try TokenDataTests.writeShards([40, 17], distance: 1000, to: directory)
    }

    private func loader(
        _ pattern: FilePath,
        B: Int = 3,
        T: Int = 4,
        seed: UInt64 = 7,
        processCount: Int = 1,
        rank: Int = 0,
        vocabularySize: Int? = nil
    ) throws -> RandomTokenLoader {
        try RandomTokenLoader(
            matching: pattern,
            batchSize: B,
            sequenceLength: T,
            seed: seed,
            processCount: processCount,
            rank: rank,
            vocabularySize: vocabularySize
        )
    }

    @Test func everyPlaceOfEveryShardIsEquallyLikely() throws {
        try withTemporaryDirectory { directory in
            var loader = try loader(writeShards(to: directory), B: 49)
            var counts: [Int32: Int] = [:]
            let batches = 200
            for _ in 0..<batches {
                let batch = try nextBatch(&loader)
                for row in 0..<49 {
                    let first = batch.inputs[4 * row]
                    #expect(
                        Array(batch.inputs[4 * row..<4 * row + 4])
                            == (0..<4).map { first + $0 }
                    )
                    #expect(
                        Array(batch.targets[4 * row..<4 * row + 4])
                            == (1...4).map { first + $0 }
                    )
                    counts[first, default: 0] += 1
                }
            }
            // 36 and 13 places, each met 200 times: chance leaves no count outside of five
            // deviations.
            #expect(Set(counts.keys) == Set(0..<36).union(1000..<1013))
            #expect(counts.values.allSatisfy { abs($0 - batches) < 70 })
            let squares = counts.values.reduce(0.0) { $0 + pow(Double($1 - batches), 2) }
            // Chi square of 48 degrees of freedom.
            #expect(20...90 ~= squares / Double(batches))
        }
    }

    @Test func anEpochIsAsManyTokensAsThereAre() throws {
        try withTemporaryDirectory { directory in
            let pattern = try writeShards(to: directory)
            #expect(try loader(pattern).samplesPerEpoch == 57 / 12)
            #expect(try loader(pattern, B: 100).samplesPerEpoch == 1)
            var half = try loader(pattern, processCount: 2)
            #expect(half.samplesPerEpoch == 57 / 24)
            #expect(half.tokenCount == 57)
            _ = try nextBatch(&half)
            try half.startEpoch()
            #expect(half.state.sampleIndex == 2)
            try half.startEpoch()
            #expect(half.state.sampleIndex == 2)
        }
    }

    @Test func processesShareTheSequencesOfOne() throws {
        try withTemporaryDirectory { directory in
            let pattern = try writeShards(to: directory)
            var one = try loader(pattern, B: 4)
            var two = try (0..<2).map { try loader(pattern, B: 2, processCount: 2, rank: $0) }
            for _ in 0..<5 {
                let parts = try two.indices.map { try nextBatch(&two[$0]).inputs }
                #expect(try nextBatch(&one).inputs == parts[0] + parts[1])
            }
        }
    }

    @Test func seedDecidesThePlaces() throws {
        try withTemporaryDirectory { directory in
            let pattern = try writeShards(to: directory)
            func order(_ seed: UInt64) throws -> [[Int32]] {
                var loader = try loader(pattern, seed: seed)
                return try nextInputs(&loader, batches: 10)
            }
            #expect(try order(1) == order(1))
            #expect(try order(1) != order(2))
            #expect(try Set(order(1)).isDisjoint(with: order(2)))
        }
    }

    @Test func savedPositionContinuesExactly() throws {
        try withTemporaryDirectory { directory in
            let pattern = try writeShards(to: directory)
            var original = try loader(pattern)
            for _ in 0..<9 { _ = try nextBatch(&original) }
            let saved = try JSONDecoder().decode(
                TokenLoaderState.self,
                from: JSONEncoder().encode(original.state)
            )
            let bare = TokenLoaderState(
                shardIndex: 0,
                sampleIndex: 9,
                shuffle: nil,
                source: nil
            )
            let expected = try nextInputs(&original, batches: 20)
            for state in [saved, bare] {
                var resumed = try loader(pattern)
                try resumed.restore(state)
                #expect(try nextInputs(&resumed, batches: 20) == expected)
            }
        }
    }

    @Test func positionsOfAnotherOrderAreRefused() throws {
        try withTemporaryDirectory { directory in
            let pattern = try writeShards(to: directory)
            var random = try loader(pattern)
            var inOrder = try TokenLoader(
                matching: pattern,
                batchSize: 3,
                sequenceLength: 4,
                shuffled: true
            )
            func expect(_ reason: String, _ body: () throws -> Void) {
                #expect(throws: TokenDataError.positionMismatch(reason: reason), performing: body)
            }
            expect("the order of the data was llm.c's and is now random") {
                try random.restore(inOrder.state)
            }
            expect("the order of the data was random and is now llm.c's") {
                try inOrder.restore(random.state)
            }
            expect("the seed of the order was 7 and is now 8") {
                var other = try loader(pattern, seed: 8)
                try other.restore(random.state)
            }
            var bare = inOrder.state
            bare.source = nil
            expect("the saved run shuffled the data in llm.c's order, this one does not") {
                try random.restore(bare)
            }
            bare.shuffle = nil
            bare.shardIndex = 1
            expect("it is in shard 2, and a random order has no shards to be in") {
                try random.restore(bare)
            }
            bare.sampleIndex = -1
            expect("its place in the data is below zero") { try random.restore(bare) }
            #expect(random.state.sampleIndex == 0)
        }
    }

    @Test func shardsTooSmallForASequenceAndBadTokensAreErrors() throws {
        try withTemporaryDirectory { directory in
            let pattern = try writeShards(to: directory)
            #expect(
                throws: TokenDataError.tooFewTokens(
                    path: directory.appending("1.bin"),
                    needed: 18,
                    found: 17
                )
            ) { _ = try loader(pattern, T: 17) }
            // A sequence that fills a shard has one place.
            var whole = try loader(directory.appending("1.bin"), T: 16)
            #expect(try nextBatch(&whole).inputs[16] == 1000)
            var narrow = try loader(pattern, B: 50, vocabularySize: 1000)
            #expect(throws: TokenDataError.self) { _ = try nextBatch(&narrow) }
            #expect(narrow.state.sampleIndex == 0)
            #expect(throws: TokenDataError.self) { try narrow.digestShards() }
        }
    }

    @Test func aChangeInTheMiddleOfAShardIsNoticed() throws {
        try withTemporaryDirectory { directory in
            let path = directory.appending("a.bin")
            try writeShard([Int32](repeating: 1, count: 20_000), to: path)
            var first = try loader(path)
            try first.digestShards()
            // In the middle, which the quick check does not read.
            var tokens = [Int32](repeating: 1, count: 20_000)
            tokens[10_000] = 2
            try writeShard(tokens, to: path)
            var second = try loader(path)
            try second.digestShards()
            #expect(first.source != second.source)
            #expect(throws: TokenDataError.self) { try second.restore(first.state) }
        }
    }
}
