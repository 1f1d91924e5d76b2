import Foundation
import Testing
import TokenData
import Tokenization

@Suite struct ConversationLoaderTests {
    /// A conversation of tokens from `first` on, of which the last `learnt` are learned.
    private func conversation(_ first: Int32, count: Int, learnt: Int = 1) -> ConversationTokens {
        var result = ConversationTokens()
        let tokens = (0..<Int32(count)).map { first + $0 }
        result.append(tokens.dropLast(learnt), isLearnt: false)
        result.append(tokens.suffix(learnt), isLearnt: true)
        return result
    }

    /// Twenty of 2 to 9 tokens, conversation `c` from `100 (c + 1)` on.
    private var several: [ConversationTokens] {
        (0..<20).map { conversation(Int32($0 + 1) * 100, count: 2 + $0 * 7 % 8) }
    }

    private func loader(
        _ conversations: [ConversationTokens],
        B: Int = 2,
        T: Int = 9,
        seed: UInt64? = 5,
        processCount: Int = 1,
        rank: Int = 0
    ) throws -> ConversationLoader {
        try ConversationLoader(
            conversations,
            path: "chat.jsonl",
            batchSize: B,
            sequenceLength: T,
            seed: seed,
            processCount: processCount,
            rank: rank
        )
    }

    @Test func wholeConversationsShareASequenceAndSeeOnlyThemselves() throws {
        var loader = try loader(
            [
                conversation(100, count: 4, learnt: 2), conversation(200, count: 3),
                conversation(300, count: 4),
            ],
            B: 2,
            T: 7,
            seed: nil
        )
        let batch = try nextBatch(&loader)
        #expect(
            batch.inputs == [
                100, 101, 102, 103, 200, 201, 202,
                300, 301, 302, 303, 0, 0, 0,
            ]
        )
        #expect(
            batch.targets == [
                101, 102, 103, 200, 201, 202, 0,
                301, 302, 303, 0, 0, 0, 0,
            ]
        )
        #expect(
            batch.isCounted?.map { $0 ? 1 : 0 } == [
                0, 1, 1, 0, 0, 1, 0,
                0, 0, 1, 0, 0, 0, 0,
            ]
        )
        #expect(
            batch.starts == [
                0, 0, 0, 0, 4, 4, 4,
                0, 0, 0, 0, 4, 5, 6,
            ]
        )
        #expect(batch.countedTokenCount == 4)
        #expect(loader.samplesPerEpoch == 1 && loader.tokenCount == 11)
        #expect(try nextBatch(&loader) == batch)
    }

    @Test func aSequenceHoldsOneTokenMoreThanItsInputs() throws {
        var loader = try loader(
            [conversation(100, count: 6), conversation(200, count: 4)],
            B: 1,
            seed: nil
        )
        let batch = try nextBatch(&loader)
        #expect(batch.inputs.last == 202 && batch.targets.last == 203)
        #expect(batch.isCounted?.last == true)
        #expect(loader.samplesPerEpoch == 1)
    }

    @Test func everyEpochServesEachConversationOnceInAnotherOrder() throws {
        var loader = try loader(several, B: 1)
        var orders: [[Int32]] = []
        for epoch in 0..<3 {
            var order: [Int32] = []
            while loader.state.shardIndex == epoch {
                let batch = try nextBatch(&loader)
                order += batch.inputs.filter { $0 > 0 && $0 % 100 == 0 }
                for (target, isCounted) in zip(batch.targets, batch.isCounted ?? []) {
                    let text = several.first { $0.tokens.contains(target) }
                    #expect(isCounted == (target == text?.tokens.last))
                }
            }
            #expect(order.sorted() == (1...20).map { $0 * 100 })
            orders.append(order)
        }
        #expect(Set(orders).count == 3)
    }

    @Test func validationCountsEachConversationOnceAndIsAlwaysTheSame() throws {
        var loader = try loader(several, B: 4, seed: nil)
        var counted = 0
        for _ in 0..<loader.samplesPerEpoch {
            counted += try nextBatch(&loader).countedTokenCount
        }
        #expect(counted == 20)
        #expect(loader.state.sampleIndex == 0 && loader.state.shardIndex == 1)
        let second = try nextBatch(&loader)
        try loader.startEpoch()
        #expect(try nextBatch(&loader) == second)
    }

    @Test func sequencesOfThreeEpochsMayShareABatch() throws {
        var loader = try loader([conversation(100, count: 4), conversation(200, count: 4)], B: 3)
        let batch = try nextBatch(&loader)
        #expect(batch.countedTokenCount == 6)
        #expect(loader.state.shardIndex == 3 && loader.state.sampleIndex == 0)
    }

    @Test(arguments: [UInt64?.none, 3])
    func processesShareTheSequencesOfOne(seed: UInt64?) throws {
        var one = try loader(several, B: 4, seed: seed)
        var two = try (0..<2).map {
            try loader(several, B: 2, seed: seed, processCount: 2, rank: $0)
        }
        for _ in 0..<9 {
            let parts = try two.indices.map { try nextBatch(&two[$0]) }
            let whole = try nextBatch(&one)
            #expect(whole.inputs == parts[0].inputs + parts[1].inputs)
            #expect(whole.isCounted == (parts[0].isCounted ?? []) + (parts[1].isCounted ?? []))
        }
        #expect(two[0].state.sampleIndex == one.state.sampleIndex)
        #expect(two[0].samplesPerEpoch == one.samplesPerEpoch)
    }

    @Test func savedPositionContinuesExactly() throws {
        var original = try loader(several)
        for _ in 0..<17 {
            let saved = try JSONDecoder().decode(
                TokenLoaderState.self,
                from: JSONEncoder().encode(original.state)
            )
            var resumed = try loader(several)
            try resumed.restore(saved)
            #expect(resumed.state == original.state)
            var ahead = original
            #expect(try nextInputs(&resumed, batches: 9) == nextInputs(&ahead, batches: 9))
            _ = try nextBatch(&original)
        }
    }

    @Test func otherConversationsOrOtherRepliesAreOtherData() throws {
        let original = try loader(several)
        var moreLearnt = several
        moreLearnt[3] = conversation(400, count: several[3].tokens.count, learnt: 2)
        var otherTokens = several
        otherTokens[3] = conversation(401, count: several[3].tokens.count)
        for other in [moreLearnt, otherTokens, several.reversed()] {
            var loader = try loader(other)
            #expect(loader.source != original.source)
            #expect(
                throws: TokenDataError.positionMismatch(
                    reason: "'chat.jsonl' holds different tokens now"
                )
            ) { try loader.restore(original.state) }
        }
        var state = original.state
        state.sampleIndex = 1000
        var loader = original
        #expect(throws: TokenDataError.self) { try loader.restore(state) }
        #expect(loader.state == original.state)
    }

    @Test func longConversationsAreCutAndLeftOutIfNothingRemainsToLearn() throws {
        let loader = try loader(
            [
                conversation(100, count: 11, learnt: 5), conversation(200, count: 11),
                conversation(300, count: 10), conversation(400, count: 3, learnt: 0),
            ]
        )
        #expect(loader.conversationCount == 2)
        #expect(loader.cutCount == 1)
        #expect(loader.leftOutCount == 2)
        #expect(
            throws: TokenDataError.nothingToLearn(path: "chat.jsonl", sequenceLength: 9)
        ) { _ = try self.loader([conversation(200, count: 11)]) }
        #expect(
            throws: TokenDataError.tokenOutOfRange(
                path: "chat.jsonl",
                position: 10,
                token: 110,
                vocabularySize: 110
            )
        ) {
            _ = try ConversationLoader(
                [conversation(100, count: 11)],
                path: "chat.jsonl",
                batchSize: 1,
                sequenceLength: 20,
                seed: 1,
                vocabularySize: 110
            )
        }
    }
}
