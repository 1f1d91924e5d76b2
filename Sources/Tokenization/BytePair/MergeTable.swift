// Which two tokens merge into which, and in what order. How they are found in a file or learned
// from text is told elsewhere.

/// The merges of a byte-level BPE vocabulary, in order of rank: lower ranks merge first.
///
/// Rank and token id are different things, though one follows the other in GPT-2's files.
struct MergeTable: Sendable, Equatable {
    /// Two adjacent tokens and the token they become.
    typealias Merge = TokenMerge

    /// What `rank(of:_:)` gives for two tokens that do not merge.
    static let noRank = PairMap.none

    /// The byte tokens of merges that do not start with bytes.
    static let noBytes = [TokenID](repeating: -1, count: 256)

    /// The token of each single byte, or -1.
    let byteTokens: [TokenID]
    /// Whether there are bytes that have no token.
    let lacksBytes: Bool
    /// The merges; an index is a rank.
    private(set) var merges: [Merge] = []
    private var ranks: PairMap

    /// Starts without merges.
    /// - Precondition: `byteTokens` has 256 elements.
    init(byteTokens: [TokenID] = Self.noBytes, minimumCapacity: Int = 0) {
        precondition(byteTokens.count == 256, "a token for each byte, got \(byteTokens.count)")
        self.byteTokens = byteTokens
        lacksBytes = byteTokens.contains { $0 < 0 }
        merges.reserveCapacity(minimumCapacity)
        ranks = PairMap(minimumCapacity: minimumCapacity)
    }

    static func == (a: Self, b: Self) -> Bool {
        a.byteTokens == b.byteTokens && a.merges == b.merges
    }

    /// The rank of the merge of two adjacent tokens, or `noRank`.
    @inline(__always)
    func rank(of left: TokenID, _ right: TokenID) -> UInt32 {
        ranks[left, right]
    }

    /// Adds the merge of the next rank; false, and nothing done, if the pair merges already.
    mutating func append(_ merge: Merge) -> Bool {
        let rank = UInt32(merges.count)
        guard ranks.insert(merge.left, merge.right, ifNone: { rank }) == rank else { return false }
        merges.append(merge)
        return true
    }
}
