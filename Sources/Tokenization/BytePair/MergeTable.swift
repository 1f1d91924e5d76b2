// Which two tokens merge into which, and in what order. A vocabulary whose ids are its merge ranks
// gives them too, since llm.c's file stores no merges. How they are found in other files or learned
// from text is told elsewhere.

import FileIO

/// The merges of a byte-level BPE vocabulary, in order of rank: lower ranks merge first.
///
/// Rank and token id are different things, although in GPT-2's files one follows from the other.
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

    /// Adds the merge of the next rank; false, and nothing done, if the pair already merges.
    mutating func append(_ merge: Merge) -> Bool {
        let rank = UInt32(merges.count)
        guard ranks.insert(merge.left, merge.right, ifNone: { rank }) == rank else { return false }
        merges.append(merge)
        return true
    }

    /// Adds merges of a file, in the order of their ranks.
    /// - Throws: ``TextTokenizerError/malformed(path:what:expected:found:)`` for a pair that
    ///   already merges.
    mutating func append(_ merges: [TokenMerge], path: FilePath) throws {
        for (rank, merge) in merges.enumerated() {
            guard append(merge) else {
                throw TextTokenizerError.malformed(
                    path: path,
                    what: "merge \(rank)",
                    expected: "of two tokens that no other merges",
                    found: "a repeated one"
                )
            }
        }
    }
}

/// Why text cannot be encoded with a vocabulary alone.
enum MergeRecoveryError: Error, Equatable {
    /// No token is this single byte.
    case missingByte(UInt8)
    /// Two tokens are the same single byte.
    case duplicateByte(first: TokenID, second: TokenID)
    /// A token that is not a merge of two tokens with lower ids, before others that are.
    case notAMerge(TokenID)
}

extension MergeRecoveryError: CustomStringConvertible {
    var description: String {
        switch self {
        case .missingByte(let byte):
            "no token is the single byte \(byte), so not all text has ids"
        case .duplicateByte(let first, let second):
            "tokens \(first) and \(second) are the same single byte"
        case .notAMerge(let id):
            "its ids are not in the order of merging (token \(id) is not two tokens of lower ids "
                + "merged); use the vocabulary and merges files it was made from"
        }
    }
}

extension MergeTable {
    /// Finds the merge of each token: the last pair that remains when its bytes are encoded with
    /// the tokens of lower ids only.
    ///
    /// With these merges, text is encoded as if by always merging the adjacent pair whose joined
    /// bytes are the token with the lowest id. Consider a stretch of text that is one token's
    /// bytes, at a time when no merge has crossed its ends: only merges inside have touched it, in
    /// the same order as when it stands alone, so the last two parts are always the same pair.
    ///
    /// Tokens at the end that are not merges (such as special tokens) are never produced.
    init(recoveredFrom vocabulary: Vocabulary) throws {
        let ids = (0..<TokenID(vocabulary.count)).filter { $0 != vocabulary.endOfText }
        self.init(
            byteTokens: try Self.byteTokens(of: vocabulary, ids),
            minimumCapacity: vocabulary.count
        )
        var merger = PieceMerger()
        var parts: [TokenID] = []
        var firstOther: TokenID?
        for id in ids {
            let isSingleByte = vocabulary.withBytes(of: id) { bytes in
                parts.removeAll(keepingCapacity: true)
                merger.merge(bytes, with: self, into: &parts)
                return bytes.count == 1
            }
            if isSingleByte { continue }
            guard parts.count == 2 else {
                firstOther = firstOther ?? id
                continue
            }
            if let firstOther { throw MergeRecoveryError.notAMerge(firstOther) }
            // Two parts are left because they do not merge yet, so their pair is new.
            _ = append(Merge(left: parts[0], right: parts[1], merged: id))
        }
    }

    private static func byteTokens(of vocabulary: Vocabulary, _ ids: [TokenID]) throws -> [TokenID]
    {
        var tokens = [TokenID?](repeating: nil, count: 256)
        for id in ids {
            let bytes = vocabulary.slice(of: id)
            guard bytes.count == 1, let byte = bytes.first else { continue }
            if let first = tokens[Int(byte)] {
                throw MergeRecoveryError.duplicateByte(first: first, second: id)
            }
            tokens[Int(byte)] = id
        }
        return try (0...255).map { byte in
            guard let token = tokens[byte] else {
                throw MergeRecoveryError.missingByte(UInt8(byte))
            }
            return token
        }
    }
}
