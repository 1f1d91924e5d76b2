// The order of batches, compared with Fixtures/loader_order.json, which
// scripts/expected_loader_order.py worked out with another mt19937.

import FileIO
import Foundation
import TestSupport
import Testing
import TokenData

/// The contents of Fixtures/loader_order.json.
private struct ExpectedOrder: Decodable {
    struct Case: Decodable {
        let processCount: Int
        let rank: Int
        /// For each epoch the shard and first token of every batch.
        let epochs: [[[Int32]]]
        /// What the generator draws after the last epoch.
        let nextDraw: UInt32
    }
    let batchSize: Int
    let sequenceLength: Int
    let shardTokens: [Int32]
    let cases: [Case]

    static func load() throws -> ExpectedOrder {
        let url = try #require(
            Bundle.module.url(forResource: "Fixtures/loader_order", withExtension: "json")
        )
        return try JSONDecoder().decode(ExpectedOrder.self, from: Data(contentsOf: url))
    }

    /// Writes shards in which token `p` of shard `s` is `1000 s + p`, so that a batch shows where
    /// it comes from.
    func writeShards(to directory: FilePath) throws -> FilePath {
        for (s, count) in shardTokens.enumerated() {
            let first = Int32(s) * 1000
            try writeShard(first..<first + count, to: directory.appending("train_\(s).bin"))
        }
        return directory.appending("train_*.bin")
    }
}

@Suite struct TokenLoaderOrderTests {
    @Test func shuffledOrderMatchesLlmCForTwoEpochsAndEveryRank() throws {
        try withTemporaryDirectory { directory in
            let expected = try ExpectedOrder.load()
            let pattern = try expected.writeShards(to: directory)
            for test in expected.cases {
                var loader = try TokenLoader(
                    matching: pattern,
                    batchSize: expected.batchSize,
                    sequenceLength: expected.sequenceLength,
                    shuffled: true,
                    processCount: test.processCount,
                    rank: test.rank
                )
                let tokens = Int32(loader.tokensPerBatch)
                for epoch in test.epochs {
                    #expect(loader.samplesPerEpoch == epoch.count)
                    for place in epoch {
                        let first = place[0] * 1000 + place[1]
                        let batch = try nextBatch(&loader)
                        #expect(batch.inputs == [Int32](first..<first + tokens))
                        #expect(batch.targets == [Int32](first + 1...first + tokens))
                    }
                }
                var generator = try #require(loader.state.shuffle).generator
                #expect(generator.next32() == test.nextDraw)
            }
        }
    }

    @Test func sequentialOrderGoesThroughSortedShardsDropsTailsAndStartsAgain() throws {
        try withTemporaryDirectory { directory in
            try writeShard(200..<208, to: directory.appending("b.bin"))
            try writeShard(100..<114, to: directory.appending("a.bin"))
            var loader = try TokenLoader(
                matching: directory.appending("?.bin"),
                batchSize: 1,
                sequenceLength: 4,
                shuffled: false
            )
            #expect(loader.shardPaths.map { $0.lastComponent?.string } == ["a.bin", "b.bin"])
            #expect(loader.sampleCounts == [3, 1])
            #expect(loader.samplesPerEpoch == 4 && loader.tokenCount == 22)
            let firsts = try nextInputs(&loader, batches: 9).map { $0[0] }
            #expect(firsts == [100, 104, 108, 200, 100, 104, 108, 200, 100])
            try loader.startEpoch()
            #expect(try nextBatch(&loader).inputs == [100, 101, 102, 103])
        }
    }

    @Test func ranksShareEverySampleBetweenThem() throws {
        try withTemporaryDirectory { directory in
            let path = try writeShard(0..<25, to: directory.appending("a.bin"))
            let firsts = try (0..<3).map { rank in
                var loader = try TokenLoader(
                    matching: path,
                    batchSize: 2,
                    sequenceLength: 2,
                    shuffled: false,
                    processCount: 3,
                    rank: rank
                )
                return try nextInputs(&loader, batches: 2).map { $0[0] }
            }
            #expect(firsts == [[0, 12], [4, 16], [8, 20]])
        }
    }

    @Test func seedDecidesTheOrder() throws {
        try withTemporaryDirectory { directory in
            let path = try writeShard(0..<1000, to: directory.appending("a.bin"))
            func order(seed: UInt64) throws -> [[Int32]] {
                var loader = try TokenLoader(
                    matching: path,
                    batchSize: 1,
                    sequenceLength: 8,
                    shuffled: true,
                    seed: seed
                )
                return try nextInputs(&loader, batches: loader.samplesPerEpoch)
            }
            #expect(try order(seed: 1) == order(seed: 1))
            #expect(try order(seed: 1) != order(seed: 2))
            #expect(try Set(order(seed: .max)) == Set(order(seed: 2)))
        }
    }

    @Test func shardOfExactlyOneSampleServesIt() throws {
        try withTemporaryDirectory { directory in
            let path = try writeShard(0..<9, to: directory.appending("a.bin"), format: .llama3)
            var loader = try TokenLoader(
                matching: path,
                batchSize: 2,
                sequenceLength: 4,
                shuffled: true
            )
            for _ in 0..<3 {
                let batch = try nextBatch(&loader)
                #expect(batch.inputs == [Int32](0..<8) && batch.targets == [Int32](1..<9))
            }
        }
    }
}
