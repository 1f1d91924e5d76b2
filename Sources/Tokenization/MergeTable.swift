// Which two tokens merge into which, and in what order. How they are found in a file or learned
// from text is told elsewhere.

/// The merges of a byte-level BPE vocabulary, in order of rank: lower ranks merge first.
///
/// Rank and token id are different things, though one follows the other in GPT-2's files.
struct MergeTable: Sendable, Equatable {
    /// Two adjacent tokens and the token they become.
    struct Merge: Sendable, Equatable {
        let left, right, merged: TokenID
    }

    /// What `rank(of:_:)` gives for two tokens that do not merge.
    static let noRank = UInt32.max

    /// The token of each single byte.
    let byteTokens: [TokenID]
    /// The merges; an index is a rank.
    private(set) var merges: [Merge] = []

    // A hash table with linear probing. The pair is repeated beside the rank, because fetching it
    // from `merges` would cost a second cache miss.
    private var slots: [Slot]

    private struct Slot: Sendable, Equatable {
        var left, right: TokenID
        var rank: UInt32
    }

    /// Starts without merges.
    /// - Precondition: `byteTokens` has 256 elements.
    init(byteTokens: [TokenID], minimumCapacity: Int = 0) {
        precondition(byteTokens.count == 256, "a token for each byte, got \(byteTokens.count)")
        self.byteTokens = byteTokens
        merges.reserveCapacity(minimumCapacity)
        slots = Self.emptySlots(for: minimumCapacity)
    }

    static func == (a: Self, b: Self) -> Bool {
        a.byteTokens == b.byteTokens && a.merges == b.merges
    }

    /// The rank of the merge of two adjacent tokens, or `noRank`.
    @inline(__always)
    func rank(of left: TokenID, _ right: TokenID) -> UInt32 {
        let slot = slots[slotIndex(left, right)]
        // An empty slot holds `noRank`.
        return slot.rank
    }

    /// Adds the merge of the next rank; false, and nothing done, if the pair merges already.
    mutating func append(_ merge: Merge) -> Bool {
        if 2 * (merges.count + 1) > slots.count { grow() }
        let index = slotIndex(merge.left, merge.right)
        guard slots[index].rank == Self.noRank else { return false }
        slots[index] = Slot(left: merge.left, right: merge.right, rank: UInt32(merges.count))
        merges.append(merge)
        return true
    }

    /// The slot that holds the pair, or the empty one where it belongs.
    @inline(__always)
    private func slotIndex(_ left: TokenID, _ right: TokenID) -> Int {
        let key = UInt64(UInt32(bitPattern: left)) << 32 | UInt64(UInt32(bitPattern: right))
        // Fibonacci hashing: the high bits of the product depend on all bits of the key.
        let hash = key &* 0x9E37_79B9_7F4A_7C15
        var index = Int(truncatingIfNeeded: hash >> 32) & (slots.count - 1)
        while slots[index].rank != Self.noRank,
            slots[index].left != left || slots[index].right != right
        {
            index = (index + 1) & (slots.count - 1)
        }
        return index
    }

    private mutating func grow() {
        slots = Self.emptySlots(for: slots.count)
        for (rank, merge) in merges.enumerated() {
            slots[slotIndex(merge.left, merge.right)] = Slot(
                left: merge.left,
                right: merge.right,
                rank: UInt32(rank)
            )
        }
    }

    /// Slots for `count` merges, half of them or more empty, a power of two.
    private static func emptySlots(for count: Int) -> [Slot] {
        var capacity = 16
        while capacity < 2 * count { capacity *= 2 }
        return Array(repeating: Slot(left: 0, right: 0, rank: noRank), count: capacity)
    }
}
