// Conversations as batches: whole ones side by side in each sequence, where none sees another and
// only what is to be learned counts.

import FileIO
import RandomNumbers
import Tokenization

/// Serves conversations, epoch after epoch, packed into sequences.
///
/// Each epoch takes the conversations in a different order. A sequence takes them as long as they
/// fit, with the last target; the rest of it holds tokens that do not count. The sequences of an
/// epoch follow those of the previous one, even within a batch. Without a seed, the order is that
/// of the file, and the last batch of an epoch is filled up with sequences that do not count, so
/// that a loss over all batches counts each conversation once.
///
/// A conversation longer than a sequence is cut; one that then has nothing to learn is left out.
package struct ConversationLoader: BatchSource {
    package let source: TokenLoaderSource
    package private(set) var state: TokenLoaderState
    /// How many batches one process takes for an epoch: as many as the first one needs.
    package let samplesPerEpoch: Int
    /// The file that the conversations came from.
    package let shardPaths: [FilePath]
    package var countsAllTargets: Bool { false }
    /// How many conversations there are.
    package var conversationCount: Int { texts.count }
    /// How many of them were cut.
    package let cutCount: Int
    /// How many more are left out because nothing in them can be learned.
    package let leftOutCount: Int

    private let texts: [ConversationTokens]
    /// The sequences of the epoch used last.
    private var packing: ConversationPacking

    /// Packs conversations and starts before the first batch.
    /// - Parameters:
    ///   - conversations: What is learned.
    ///   - path: The file that they came from.
    ///   - batchSize: B, sequences per batch.
    ///   - sequenceLength: T, tokens per sequence.
    ///   - seed: The seed of each epoch's order; nil keeps the order of the file.
    ///   - processCount: How many processes share the data.
    ///   - rank: Which of them this is, from 0.
    ///   - vocabularySize: Ids must be below it; nil allows all.
    /// - Throws: ``TokenDataError/nothingToLearn(path:sequenceLength:)``, and
    ///   ``TokenDataError/tokenOutOfRange(path:position:token:vocabularySize:)`` for an id outside
    ///   the vocabulary.
    /// - Precondition: B, T and `processCount` are at least 1, `rank` is less than `processCount`.
    package init(
        _ conversations: [ConversationTokens],
        path: FilePath,
        batchSize: Int,
        sequenceLength: Int,
        seed: UInt64?,
        processCount: Int = 1,
        rank: Int = 0,
        vocabularySize: Int? = nil
    ) throws {
        var source = TokenLoaderSource(
            batchSize: batchSize,
            sequenceLength: sequenceLength,
            processCount: processCount,
            rank: rank,
            order: .conversations,
            seed: seed
        )
        if let vocabularySize { try Self.check(conversations, path, vocabularySize) }
        let whole = conversations.filter { $0.tokens.count <= sequenceLength + 1 }
        let fitting = conversations.map { $0.prefix(sequenceLength + 1) }
        // The first token of a sequence is not a target.
        texts = fitting.filter { $0.isLearnt.dropFirst().contains(true) }
        guard !texts.isEmpty else {
            throw TokenDataError.nothingToLearn(path: path, sequenceLength: sequenceLength)
        }
        leftOutCount = conversations.count - texts.count
        cutCount =
            texts.count - whole.count { $0.isLearnt.dropFirst().contains(true) }
        shardPaths = [path]
        source.shards = [Self.identity(of: conversations)]
        self.source = source
        state = TokenLoaderState(shardIndex: 0, sampleIndex: 0, shuffle: nil, source: source)
        packing = ConversationPacking(texts, source, epoch: 0)
        let rowsPerSample = batchSize * processCount
        samplesPerEpoch = (packing.rowCount + rowsPerSample - 1) / rowsPerSample
    }

    package mutating func nextBatch(into batch: inout TokenBatch) throws {
        batch.require(tokensPerBatch)
        let (B, T) = (source.batchSize, source.sequenceLength)
        var isCounted: [Bool] = []
        var starts: [Int32] = []
        for row in 0..<B {
            var conversations = ConversationTokens()
            for text in packedTexts(rowsAhead: source.rank * B + row) {
                let start = Int32(conversations.tokens.count)
                starts += repeatElement(start, count: text.tokens.count)
                conversations.append(text)
            }
            // Filler tokens see only themselves, which costs least.
            let filled = conversations.tokens.count..<max(T + 1, conversations.tokens.count)
            starts += filled.lazy.map { Int32($0) }
            conversations.append(repeatElement(0, count: filled.count), isLearnt: false)
            // The last token is only a target, and the first is not one.
            starts.removeLast()
            isCounted += conversations.isLearnt.dropFirst()
            batch.fill(row: row, with: conversations.tokens)
        }
        batch.isCounted = isCounted
        batch.starts = starts
        advance(by: B * source.processCount)
    }

    /// The conversations of a row, counted from the current position; none where an epoch is filled
    /// up.
    private mutating func packedTexts(rowsAhead count: Int) -> [ConversationTokens] {
        var row = state.sampleIndex + count
        pack(state.shardIndex)
        while row >= packing.rowCount {
            guard source.seed != nil else { return [] }
            row -= packing.rowCount
            pack(packing.epoch + 1)
        }
        return packing.texts(ofRow: row).map { texts[$0] }
    }

    private mutating func advance(by count: Int) {
        state.sampleIndex += count
        pack(state.shardIndex)
        while state.sampleIndex >= packing.rowCount {
            state.sampleIndex = source.seed == nil ? 0 : state.sampleIndex - packing.rowCount
            state.shardIndex += 1
            pack(state.shardIndex)
        }
    }

    private mutating func pack(_ epoch: Int) {
        if packing.epoch == epoch { return }
        packing = ConversationPacking(texts, source, epoch: epoch)
    }

    package mutating func startEpoch() throws {
        if state.sampleIndex > 0 { state.shardIndex += 1 }
        state.sampleIndex = 0
    }

    package mutating func restore(_ saved: TokenLoaderState) throws {
        try saved.checkUnshuffled(source, shardPaths: shardPaths)
        let rowCount = ConversationPacking(texts, source, epoch: saved.shardIndex).rowCount
        guard saved.sampleIndex < rowCount else {
            throw TokenDataError.positionMismatch(
                reason: "it is at sequence \(saved.sampleIndex + 1) of an epoch of \(rowCount)"
            )
        }
        state = saved
        state.source = source
    }

    /// Does nothing: conversations are in memory and known by their whole content.
    package mutating func digestShards(_ progress: (Int, Int) throws -> Void) throws {}

    // MARK: Checks

    private static func check(
        _ conversations: [ConversationTokens],
        _ path: FilePath,
        _ vocabularySize: Int
    ) throws {
        let all = conversations.lazy.map(\.tokens).joined()
        for (position, token) in all.enumerated() where !(0..<vocabularySize ~= Int(token)) {
            throw TokenDataError.tokenOutOfRange(
                path: path,
                position: position,
                token: Int(token),
                vocabularySize: vocabularySize
            )
        }
    }

    /// What identifies conversations: their tokens, and which of them are learned.
    private static func identity(of conversations: [ConversationTokens]) -> TokenShard.Identity {
        var hash = SHA256()
        for conversation in conversations {
            let signed = zip(conversation.tokens, conversation.isLearnt).map { token, isLearnt in
                (isLearnt ? ~token : token).littleEndian
            }
            withUnsafeBytes(of: UInt64(signed.count).littleEndian) { hash.update($0) }
            signed.withUnsafeBytes { hash.update($0) }
        }
        return TokenShard.Identity(
            tokenCount: conversations.reduce(0) { $0 + $1.tokens.count },
            checksum: 0,
            digest: String(hash.hexadecimal().prefix(16))
        )
    }
}

/// Conversations in the order of an epoch, split into rows: each takes the next ones while they
/// fit.
struct ConversationPacking: Sendable {
    /// The epoch, from 0.
    let epoch: Int
    /// The numbers of the conversations in the order of the epoch.
    private let order: [Int32]
    /// Where rows begin in `order`, followed by its end.
    private let rowStarts: [Int]

    /// How many rows the epoch has.
    var rowCount: Int { rowStarts.count - 1 }

    /// Packs conversations, none of which is longer than a row.
    init(_ texts: [ConversationTokens], _ source: TokenLoaderSource, epoch: Int) {
        self.epoch = epoch
        var order = [Int32](0..<Int32(texts.count))
        if let seed = source.seed {
            var generator = MersenneTwister(seed: CountedHash(seed: seed)[epoch])
            generator.permute(&order)
        }
        var rowStarts = [0]
        // The last target needs room too.
        let limit = source.sequenceLength + 1
        var used = 0
        for (place, text) in order.enumerated() {
            let count = texts[Int(text)].tokens.count
            if used + count > limit {
                rowStarts.append(place)
                used = 0
            }
            used += count
        }
        self.order = order
        self.rowStarts = rowStarts + [order.count]
    }

    /// The numbers of the conversations of a row.
    func texts(ofRow row: Int) -> [Int] {
        order[rowStarts[row]..<rowStarts[row + 1]].map { Int($0) }
    }
}
