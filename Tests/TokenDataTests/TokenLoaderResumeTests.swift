import FileIO
import Foundation
import RandomNumbers
import TestSupport
import Testing
import TokenData

@Suite struct TokenLoaderResumeTests {
    /// Three shards of different sizes: 5, 2 and 8 samples.
    @discardableResult
    private func writeShards(to directory: FilePath, offset: Int32 = 0) throws -> FilePath {
        try TokenDataTests.writeShards([30, 12, 41], distance: 100, offset: offset, to: directory)
    }

    private func loader(_ pattern: FilePath, shuffled: Bool = true) throws -> TokenLoader {
        try tokenLoader(pattern, T: 5, shuffled: shuffled)
    }

    /// The position after a round trip through JSON, as in a checkpoint.
    private func throughJSON(_ state: TokenLoaderState) throws -> TokenLoaderState {
        try JSONDecoder().decode(TokenLoaderState.self, from: JSONEncoder().encode(state))
    }

    /// The position after a round trip through a file in llm.c's layout, which keeps no source.
    private func throughFile(
        _ state: TokenLoaderState,
        in directory: FilePath
    ) throws -> TokenLoaderState {
        let path = directory.appending("state")
        let file = try AtomicFile(path)
        try state.shuffle?.write(to: file)
        try file.commit()
        var reader = try BinaryReader(path: path)
        let shuffle = try state.shuffle.map { _ in
            try TokenLoaderState.Shuffle(from: &reader)
        }
        #expect(reader.remaining == 0)
        return TokenLoaderState(
            shardIndex: state.shardIndex,
            sampleIndex: state.sampleIndex,
            shuffle: shuffle,
            source: nil
        )
    }

    private func expectMismatch(
        _ reason: String,
        restoring state: TokenLoaderState,
        into loader: TokenLoader
    ) {
        var loader = loader
        let before = loader.state
        #expect(throws: TokenDataError.positionMismatch(reason: reason)) {
            try loader.restore(state)
        }
        #expect(loader.state == before)
    }

    @Test(arguments: [true, false])
    func savedPositionContinuesExactlyFromEveryBatchOfTwoEpochs(shuffled: Bool) throws {
        try withTemporaryDirectory { directory in
            let pattern = try writeShards(to: directory)
            var original = try loader(pattern, shuffled: shuffled)
            #expect(original.samplesPerEpoch == 15)
            for _ in 0...30 {
                var ahead = original
                let expected = try nextInputs(&ahead, batches: 17)
                for state in [
                    try throughJSON(original.state),
                    try throughFile(original.state, in: directory),
                ] {
                    var resumed = try loader(pattern, shuffled: shuffled)
                    try resumed.restore(state)
                    #expect(resumed.state == original.state)
                    #expect(try nextInputs(&resumed, batches: 17) == expected)
                }
                _ = try nextBatch(&original)
            }
        }
    }

    @Test func orderIsWrittenInTheLayoutOfLlmC() throws {
        try withTemporaryDirectory { directory in
            let generator = MersenneTwister(seed: 42)
            let shuffle = TokenLoaderState.Shuffle(
                shardOrder: [1, 0],
                sampleOrder: [2, 0, 1],
                generator: generator
            )
            let file = try AtomicFile(directory.appending("state"))
            try shuffle.write(to: file)
            try file.commit()
            let bytes = try MappedFile(file.path).contents()
            let orders: [UInt8] = [
                2, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0,
                3, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0,
            ]
            #expect(bytes == orders + generator.encoded())
        }
    }

    @Test func hostileStateFilesAreRefused() throws {
        try withTemporaryDirectory { directory in
            let generator = MersenneTwister(seed: 42).encoded()
            let path = directory.appending("state")
            func read(_ integers: [UInt64], _ rest: [UInt8]) throws {
                let file = try AtomicFile(path)
                try file.write(integers: integers)
                try file.write(rest)
                try file.commit()
                var reader = try BinaryReader(path: path)
                _ = try TokenLoaderState.Shuffle(from: &reader)
            }
            try read([0, 0], generator)
            #expect(throws: FileIOError.self) { try read([.max], []) }
            #expect(throws: FileIOError.self) { try read([1 << 61], []) }
            #expect(throws: FileIOError.self) { try read([0, 700], generator) }
            #expect(throws: FileIOError.self) { try read([0, 0], generator.dropLast()) }
            #expect(throws: FileIOError.self) { try read([], []) }
            #expect(throws: TokenDataError.self) {
                try read([0, 0], [UInt8](repeating: 1, count: generator.count))
            }
        }
    }

    @Test func positionInOtherDataIsRefused() throws {
        try withTemporaryDirectory { directory in
            let pattern = try writeShards(to: directory)
            let saved = try loader(pattern).state
            try writeShards(to: directory, offset: 1)
            expectMismatch(
                "'\(directory.appending("0.bin"))' holds different tokens now",
                restoring: saved,
                into: try loader(pattern)
            )
            try writeShards(to: directory)
            try writeShard(0..<13, to: directory.appending("1.bin"))
            expectMismatch(
                "'\(directory.appending("1.bin"))' held 12 tokens then and holds 13 now",
                restoring: saved,
                into: try loader(pattern)
            )
            try writeShard(0..<13, to: directory.appending("3.bin"))
            expectMismatch(
                "the number of shards was 3 and is now 4",
                restoring: saved,
                into: try loader(pattern)
            )
        }
    }

    @Test func movedDataIsTheSameData() throws {
        try withTemporaryDirectory { directory in
            let pattern = try writeShards(to: directory)
            var original = try loader(pattern)
            _ = try nextInputs(&original, batches: 20)
            try withTemporaryDirectory { elsewhere in
                var moved = try loader(writeShards(to: elsewhere))
                try moved.restore(original.state)
                #expect(
                    try nextInputs(&moved, batches: 20) == nextInputs(&original, batches: 20)
                )
            }
        }
    }

    @Test func positionOfOtherSettingsIsRefused() throws {
        try withTemporaryDirectory { directory in
            let pattern = try writeShards(to: directory)
            let saved = try loader(pattern).state
            expectMismatch(
                "the batch size was 1 and is now 2",
                restoring: saved,
                into: try tokenLoader(pattern, B: 2, T: 5, shuffled: true)
            )
            expectMismatch(
                "the sequence length was 5 and is now 4",
                restoring: saved,
                into: try tokenLoader(pattern, T: 4, shuffled: true)
            )
            expectMismatch(
                "the number of processes was 1 and is now 2",
                restoring: saved,
                into: try tokenLoader(pattern, T: 5, shuffled: true, processCount: 2)
            )
            expectMismatch(
                "the rank of this process was 0 and is now 1",
                restoring: try tokenLoader(pattern, T: 5, shuffled: true, processCount: 2).state,
                into: try tokenLoader(pattern, T: 5, shuffled: true, processCount: 2, rank: 1)
            )
            expectMismatch(
                "the saved run shuffled the data, this one reads it in sequence",
                restoring: saved,
                into: try loader(pattern, shuffled: false)
            )
            expectMismatch(
                "the saved run read the data in sequence, this one shuffles it",
                restoring: try loader(pattern, shuffled: false).state,
                into: try loader(pattern)
            )
        }
    }

    @Test func positionWithoutASourceIsCheckedByItsOrders() throws {
        try withTemporaryDirectory { directory in
            let loader = try loader(writeShards(to: directory))
            var good = loader.state
            good.source = nil
            // With seed 42 the first epoch starts with the shard of 41 tokens, 8 samples.
            let path = directory.appending("2.bin")
            #expect(good.shuffle?.shardOrder.first == 2)

            func expect(_ reason: String, _ damage: (inout TokenLoaderState) -> Void) {
                var bad = good
                damage(&bad)
                expectMismatch(reason, restoring: bad, into: loader)
            }
            expect("it is in shard 4, but the data has 3") { $0.shardIndex = 3 }
            expect("it is in shard 0, but the data has 3") { $0.shardIndex = -1 }
            expect("it is at batch 9 of '\(path)', which has 8") { $0.sampleIndex = 9 }
            expect("it is at batch -1 of '\(path)', which has 8") { $0.sampleIndex = -1 }
            expect("it is among 2 shards, but the data has 3") {
                $0.shuffle?.shardOrder = [0, 1]
            }
            expect("its order of the shards is damaged") { $0.shuffle?.shardOrder = [0, 1, 3] }
            expect("its order of the shards is damaged") { $0.shuffle?.shardOrder = [0, -1, 1] }
            expect("'\(path)' had 7 batches then and has 8 now") {
                $0.shuffle?.sampleOrder.removeLast()
            }
            expect("its order of the batches is damaged") { $0.shuffle?.sampleOrder[3] = 99 }
            expect("its order of the batches is damaged") {
                $0.shuffle?.sampleOrder = [0, 0, 1, 2, 3, 4, 5, 6]
            }
        }
    }
}
