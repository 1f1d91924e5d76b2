// Processes that share data with others, and positions that another number of them resumes from.

import FileIO
import TestSupport
import Testing
import TokenData
import Tokenization

@Suite struct OtherProcessCountTests {
    /// Makes the source of one of several processes.
    private typealias Maker = (_ processCount: Int, _ rank: Int) throws -> any BatchSource

    private func batches(_ source: inout any BatchSource, _ count: Int) throws -> [TokenBatch] {
        try (0..<count).map { _ in try nextBatch(&source) }
    }

    /// The batches of several processes, in the order in which a single one would read them.
    /// - Parameters:
    ///   - make: Makes their sources.
    ///   - processCount: How many there are.
    ///   - count: Batches of each.
    ///   - states: Where they begin; nil for the start.
    /// - Returns: The batches, and the position of each process after them.
    /// - Throws: What a source throws.
    private func together(
        _ make: Maker,
        _ processCount: Int,
        count: Int,
        from states: [TokenLoaderState]? = nil
    ) throws -> (batches: [TokenBatch], states: [TokenLoaderState]) {
        var sources = try (0..<processCount).map { rank in
            var source = try make(processCount, rank)
            if let states { try source.restore(states[rank]) }
            return source
        }
        let parts = try sources.indices.map { try batches(&sources[$0], count) }
        return (
            (0..<count).flatMap { micro in parts.map { $0[micro] } }, sources.map(\.state)
        )
    }

    /// Every kind of source that resumes with any number of processes.
    private func makers(in directory: FilePath) throws -> [String: Maker] {
        var shards: [FilePath] = []
        for (index, count) in [Int32(203), 90].enumerated() {
            let path = directory.appending("\(index).bin")
            try shards.append(writeShard((0..<count).map { $0 % 7 + 1 }, to: path))
        }
        let pattern = directory.appending("*.bin")
        let conversations = (0..<23).map { number in
            var tokens = ConversationTokens()
            tokens.append((0...Int32(number % 5)).map { $0 + 1 }, isLearnt: false)
            tokens.append([Int32(number) + 10], isLearnt: true)
            return tokens
        }
        let random: Maker = { processCount, rank in
            try RandomTokenLoader(
                matching: pattern,
                batchSize: 2,
                sequenceLength: 5,
                seed: 3,
                processCount: processCount,
                rank: rank
            )
        }
        let inSequence: Maker = { processCount, rank in
            try TokenLoader(
                matching: shards[0],
                batchSize: 2,
                sequenceLength: 3,
                shuffled: false,
                processCount: processCount,
                rank: rank
            )
        }
        return [
            "random": random,
            "in sequence": inSequence,
            "conversations": { processCount, rank in
                try ConversationLoader(
                    conversations,
                    path: "chat",
                    batchSize: 2,
                    sequenceLength: 9,
                    seed: 4,
                    processCount: processCount,
                    rank: rank
                )
            },
            "random documents": {
                DocumentBoundaries(try random($0, $1), documentStart: 7)
            },
            "documents in sequence": {
                DocumentBoundaries(try inSequence($0, $1), documentStart: 7)
            },
        ]
    }

    @Test(arguments: [2, 3, 4])
    func processesReadTheBatchesThatOneWouldReadOneAfterTheOther(count: Int) throws {
        try withTemporaryDirectory { directory in
            for (name, make) in try makers(in: directory) {
                var alone = try make(1, 0)
                let expected = try batches(&alone, 6 * count)
                #expect(try together(make, count, count: 6).batches == expected, "\(name)")
            }
        }
    }

    @Test func anyNumberOfProcessesResumesWhereAnyOtherStopped() throws {
        try withTemporaryDirectory { directory in
            for (name, make) in try makers(in: directory) {
                var alone = try make(1, 0)
                let expected = try batches(&alone, 24)
                for then in [1, 2, 3, 4] {
                    let before = try together(make, then, count: 12 / then)
                    #expect(before.batches == Array(expected.prefix(12)))
                    for now in [1, 2, 3, 4] {
                        let states = try (0..<now).map { rank in
                            let saved = before.states[then == now ? rank : 0]
                            return try saved.converted(to: make(now, rank).source)
                        }
                        let after = try together(make, now, count: 12 / now, from: states)
                        #expect(
                            after.batches == Array(expected.suffix(12)),
                            "\(name), \(then) and then \(now)"
                        )
                    }
                }
            }
        }
    }

    @Test func placesThatDoNotDivideAreRefused() throws {
        try withTemporaryDirectory { directory in
            for (name, make) in try makers(in: directory) where name != "conversations" {
                let state = try together(make, 2, count: 2).states[0]
                #expect(
                    throws: TokenDataError.otherProcessCount(
                        then: 2,
                        now: 3,
                        reason: "the batches read so far do not divide among them"
                    ),
                    "\(name)"
                ) { try state.converted(to: make(3, 0).source) }
            }
        }
    }

    @Test func conversationsInTheOrderOfTheFileContinueBetweenBatchesOfAllProcesses() throws {
        var text = ConversationTokens()
        text.append([1], isLearnt: false)
        text.append([2, 3, 4], isLearnt: true)
        let make: Maker = { processCount, rank in
            try ConversationLoader(
                [ConversationTokens](repeating: text, count: 12),
                path: "chat",
                batchSize: 1,
                sequenceLength: 3,
                seed: nil,
                processCount: processCount,
                rank: rank
            )
        }
        let state = try together(make, 2, count: 2).states[0]
        #expect(try state.converted(to: make(4, 3).source).sampleIndex == 4)
        #expect(
            throws: TokenDataError.otherProcessCount(
                then: 2,
                now: 3,
                reason: "the conversations read so far do not divide among them"
            )
        ) { try state.converted(to: make(3, 0).source) }
    }

    @Test func ordersOfProcessesAreTheirOwnInLlmCsOrder() throws {
        try withTemporaryDirectory { directory in
            let path = try writeShard(0..<100, to: directory.appending("a.bin"))
            let make: Maker = { processCount, rank in
                try TokenLoader(
                    matching: path,
                    batchSize: 2,
                    sequenceLength: 3,
                    shuffled: true,
                    processCount: processCount,
                    rank: rank
                )
            }
            let states = try together(make, 2, count: 3).states
            #expect(states[0].shuffle != states[1].shuffle)
            for rank in 0..<2 {
                let same = try states[rank].converted(to: make(2, rank).source)
                #expect(same == states[rank])
            }
            let error = #expect(throws: TokenDataError.self) {
                try states[0].converted(to: make(1, 0).source)
            }
            #expect(
                error?.description
                    == "cannot resume with 1 process where 2 processes stopped in the training "
                    + "data: each process has shuffled the data in its own order; train with "
                    + "2 processes again, or allow the changes, which reads the data from the "
                    + "start (a run in random order resumes with any number)"
            )
        }
    }
}
