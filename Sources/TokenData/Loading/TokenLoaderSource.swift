// What tells the batches of one run from those of another: the data, how it is split, and what
// decides the order besides the position. A resumed run compares it with what it finds.

import FileIO

/// The data that batches come from and how it is split: a position means nothing with any other.
package struct TokenLoaderSource: Codable, Equatable, Sendable {
    /// Which sequences make a batch, if not in llm.c's order.
    package enum Order: String, Codable, Sendable {
        /// Sequences from anywhere, as ``RandomTokenLoader`` draws them.
        case random
        /// Whole conversations, as ``ConversationLoader`` packs them.
        case conversations
    }

    /// Sequences per batch.
    package let batchSize: Int
    /// Tokens per sequence.
    package let sequenceLength: Int
    /// How many processes share the data.
    package internal(set) var processCount: Int
    /// Which of them this is, from 0.
    package internal(set) var rank: Int
    /// The shards, sorted by path, without their names, so that data can be moved.
    package internal(set) var shards: [TokenShard.Identity]
    /// What decides the order; nil is llm.c's loader.
    package internal(set) var order: Order?
    /// The seed of an order that is not part of the position; nil if there is none.
    package internal(set) var seed: UInt64?
    /// The token that begins documents, if they do not see each other; nil if they do.
    package internal(set) var documentStart: Int32?

    /// Data whose shards are not known yet, to be read in this order.
    /// - Precondition: B, T and `processCount` are at least 1, `rank` is less than `processCount`.
    init(
        batchSize: Int,
        sequenceLength: Int,
        processCount: Int,
        rank: Int,
        order: Order? = nil,
        seed: UInt64? = nil
    ) {
        precondition(
            batchSize > 0 && sequenceLength > 0 && rank >= 0 && rank < processCount,
            "B \(batchSize), T \(sequenceLength), rank \(rank) of \(processCount) processes"
        )
        self.batchSize = batchSize
        self.sequenceLength = sequenceLength
        self.processCount = processCount
        self.rank = rank
        self.order = order
        self.seed = seed
        shards = []
    }

    /// Says how the batches of `current` differ, other than in the data and how it is split.
    /// - Returns: Phrases such as "the order of the data was llm.c's and is now random".
    package func orderDifferences(from current: Self) -> [String] {
        var phrases: [String] = []
        func compare<Value: Equatable>(_ name: String, _ then: Value, _ now: Value) {
            if then != now { phrases.append("\(name) was \(then) and is now \(now)") }
        }
        compare("the order of the data", orderName, current.orderName)
        if order == current.order {
            switch (seed, current.seed) {
            case (nil, nil): break
            case (nil, _?): phrases.append("the order was that of the file, and is now shuffled")
            case (_?, nil): phrases.append("the order was shuffled, and is now that of the file")
            case (let then?, let now?): compare("the seed of the order", then, now)
            }
        }
        switch (documentStart, current.documentStart) {
        case (nil, nil): break
        case (nil, _?): phrases.append("documents saw each other, and no longer do")
        case (_?, nil): phrases.append("documents did not see each other, and now do")
        case (let then?, let now?): compare("the token that begins documents", then, now)
        }
        return phrases
    }

    private var orderName: String {
        switch order {
        case nil: "llm.c's"
        case .random: "random"
        case .conversations: "that of conversations"
        }
    }

    /// Checks that `current` is the same data split the same way.
    /// - Throws: ``TokenDataError/positionMismatch(reason:)`` naming the first difference.
    func checkEquals(_ current: Self, shardPaths: [FilePath]) throws {
        let settings = [
            ("the batch size", batchSize, current.batchSize),
            ("the sequence length", sequenceLength, current.sequenceLength),
            ("the number of processes", processCount, current.processCount),
            ("the rank of this process", rank, current.rank),
            ("the number of shards", shards.count, current.shards.count),
        ]
        for (name, then, now) in settings where then != now {
            throw TokenDataError.positionMismatch(reason: "\(name) was \(then) and is now \(now)")
        }
        for (path, (then, now)) in zip(shardPaths, zip(shards, current.shards)) where then != now {
            let difference =
                then.tokenCount == now.tokenCount
                ? "holds different tokens now"
                : "held \(counted(then.tokenCount, "token")) then and holds \(now.tokenCount) now"
            throw TokenDataError.positionMismatch(reason: "'\(path)' \(difference)")
        }
        if let difference = orderDifferences(from: current).first {
            throw TokenDataError.positionMismatch(reason: difference)
        }
    }
}

extension TokenLoaderState {
    /// Checks the position of a source whose order does not use llm.c's generator.
    /// - Parameters:
    ///   - current: The source.
    ///   - shardPaths: The files of the source.
    /// - Throws: ``TokenDataError/positionMismatch(reason:)``.
    func checkUnshuffled(_ current: TokenLoaderSource, shardPaths: [FilePath]) throws {
        try source?.checkEquals(current, shardPaths: shardPaths)
        guard shuffle == nil else {
            throw TokenDataError.positionMismatch(
                reason: "the saved run shuffled the data in llm.c's order, this one does not"
            )
        }
        guard shardIndex >= 0, sampleIndex >= 0 else {
            throw TokenDataError.positionMismatch(reason: "its place in the data is below zero")
        }
    }
}
