// Byte pair encoding proper: merges the bytes of one pre-token into tokens. Results are remembered
// in PieceEncoder.swift, not here.

/// Merges single bytes or characters into tokens, the pair with the lowest rank first, and the
/// leftmost of equal ones.
///
/// Reuses its working memory from piece to piece.
struct PieceMerger: Sendable {
    // Up to this many bytes, scanning all pairs for the lowest rank beats a heap.
    private static let longestScanned = 96

    private var tokens: [TokenID] = []
    private var ranks: [UInt32] = []

    /// Appends the tokens of `piece` to `output`, merging its bytes.
    /// - Precondition: `piece` has less than 2^32 bytes.
    /// - Complexity: O(n log n) for n bytes.
    mutating func merge(
        _ piece: UnsafeBufferPointer<UInt8>,
        with table: MergeTable,
        into output: inout [TokenID]
    ) {
        start(piece)
        for byte in piece { tokens.append(table.byteTokens[Int(byte)]) }
        merge(table, into: &output)
    }

    /// Appends the tokens of `piece` to `output`, merging the tokens the model starts it with.
    /// - Returns: The first skipped byte that no token stands for; nil when there is none.
    /// - Precondition: `piece` has less than 2^32 bytes.
    /// - Complexity: O(n log n) for n bytes.
    mutating func merge(
        _ piece: UnsafeBufferPointer<UInt8>,
        with model: PieceModel,
        into output: inout [TokenID]
    ) -> UInt8? {
        if let word = model.wholeWord(piece) {
            output.append(word)
            return nil
        }
        guard let characters = model.characters else {
            if model.merges.lacksBytes,
                let byte = piece.first(where: { model.merges.byteTokens[Int($0)] < 0 })
            {
                return byte
            }
            merge(piece, with: model.merges, into: &output)
            return nil
        }
        start(piece)
        let missing = characters.append(charactersOf: piece, to: &tokens)
        merge(model.merges, into: &output)
        return missing
    }

    private mutating func start(_ piece: UnsafeBufferPointer<UInt8>) {
        precondition(piece.count <= UInt32.max, "a word of \(piece.count) bytes is too long")
        tokens.removeAll(keepingCapacity: true)
        ranks.removeAll(keepingCapacity: true)
    }

    private mutating func merge(_ table: MergeTable, into output: inout [TokenID]) {
        for i in tokens.indices.dropLast() {
            ranks.append(table.rank(of: tokens[i], tokens[i + 1]))
        }
        if tokens.count <= Self.longestScanned {
            mergeByScanning(table)
            output.append(contentsOf: tokens)
        } else {
            mergeByHeap(table, into: &output)
        }
    }

    /// Merges in place; `ranks[i]` stays the rank of `tokens[i]` and `tokens[i + 1]`.
    private mutating func mergeByScanning(_ table: MergeTable) {
        while true {
            var best = MergeTable.noRank
            var i = 0
            for (index, rank) in ranks.enumerated() where rank < best {
                best = rank
                i = index
            }
            if best == MergeTable.noRank { return }
            tokens[i] = table.merges[Int(best)].merged
            tokens.remove(at: i + 1)
            ranks.remove(at: i)
            if i > 0 { ranks[i - 1] = table.rank(of: tokens[i - 1], tokens[i]) }
            if i < ranks.count { ranks[i] = table.rank(of: tokens[i], tokens[i + 1]) }
        }
    }

    /// The same for long pieces: a linked list of tokens, and a heap of pairs that merge.
    private mutating func mergeByHeap(_ table: MergeTable, into output: inout [TokenID]) {
        let count = tokens.count
        // A token is identified by the position of its first byte; `count` is the end of the list.
        var next = (0..<count).map { UInt32($0 + 1) }
        var previous = (0..<count).map { UInt32(max($0, 1) - 1) }
        // The last token has no pair; positions that were merged away lose theirs.
        ranks.append(MergeTable.noRank)
        // Rank above position: the order of merging. Entries stay when their pair disappears; they
        // are recognized by a rank that is no longer that of the position.
        func entry(_ rank: UInt32, _ position: Int) -> UInt64 {
            UInt64(rank) << 32 | UInt64(position)
        }
        let mergeable = ranks.enumerated().filter { $0.element != MergeTable.noRank }
        var heap = Heap(mergeable.map { entry($0.element, $0.offset) })

        func updateRank(at position: Int) {
            let following = Int(next[position])
            let rank =
                following < count
                ? table.rank(of: tokens[position], tokens[following]) : MergeTable.noRank
            ranks[position] = rank
            if rank != MergeTable.noRank { heap.insert(entry(rank, position)) }
        }
        while let first = heap.popMinimum() {
            let (rank, position) = (UInt32(first >> 32), Int(first & 0xFFFF_FFFF))
            guard ranks[position] == rank else { continue }
            let removed = Int(next[position])
            let following = Int(next[removed])
            tokens[position] = table.merges[Int(rank)].merged
            ranks[removed] = MergeTable.noRank
            next[position] = UInt32(following)
            if following < count { previous[following] = UInt32(position) }
            if position > 0 { updateRank(at: Int(previous[position])) }
            updateRank(at: position)
        }
        var position = 0
        while position < count {
            output.append(tokens[position])
            position = Int(next[position])
        }
    }
}
