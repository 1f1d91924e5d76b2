// A tokenizer small enough to follow by hand, and byte pair encoding in its plainest form, to
// compare the fast one with.

@testable import Tokenization

enum SmallTokenizer {
    /// The single bytes, the given merges ("t h" merges `t` and `h`) from id 256 on, and the end
    /// of text last.
    static func make(merges: [String]) -> BytePairTokenizer {
        var tokens = ByteAlphabet.order.map { [$0] }
        var byteTokens = [TokenID](repeating: 0, count: 256)
        for (id, byte) in ByteAlphabet.order.enumerated() { byteTokens[Int(byte)] = TokenID(id) }
        var table = MergeTable(byteTokens: byteTokens)
        for merge in merges {
            let parts = merge.split(separator: " ").map { Array($0.utf8) }
            let ids = parts.compactMap { tokens.firstIndex(of: $0) }
            precondition(ids.count == 2, "'\(merge)' is not two tokens")
            let merged = TokenID(tokens.count)
            let isNew = table.append(
                .init(left: TokenID(ids[0]), right: TokenID(ids[1]), merged: merged)
            )
            precondition(isNew, "'\(merge)' is there twice")
            tokens.append(parts[0] + parts[1])
        }
        tokens.append(Array("<|endoftext|>".utf8))
        let vocabulary = Vocabulary(tokens: tokens, endOfText: TokenID(tokens.count - 1))
        return BytePairTokenizer(vocabulary: vocabulary, merges: table)
    }

    /// Merges of English words, of runs of one letter, and of things that are not words.
    static let standard = make(merges: [
        "t h", "th e", "i n", "in g", "a a", "aa aa", "a n", "an d", "h e", "l l", "' s", "1 2",
        "12 3", "! !", "an an", "b an", "e r", "r e", "the re", "aaaa aaaa",
    ])

    /// The ids of one piece: the pair of lowest rank is merged, the leftmost first, until none is
    /// left.
    static func mergedPlainly(_ piece: [UInt8], _ table: MergeTable) -> [TokenID] {
        var ids = piece.map { table.byteTokens[Int($0)] }
        while true {
            let ranked = zip(ids, ids.dropFirst()).map { table.rank(of: $0, $1) }
            guard let rank = ranked.min(), rank != MergeTable.noRank,
                let index = ranked.firstIndex(of: rank)
            else { return ids }
            ids.replaceSubrange(index...index + 1, with: [table.merges[Int(rank)].merged])
        }
    }
}
