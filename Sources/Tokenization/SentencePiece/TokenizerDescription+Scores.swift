// Scores of pieces from lists of merges, and vice versa: formats have one or the other.

import FileIO

extension TokenizerDescription {
    /// The scores of pieces: the existing ones, or scores that give the order of the merges.
    /// - Throws: ``TextTokenizerError/cannotExport(path:reason:)`` if no scores do.
    func scoresOfPieces(_ path: FilePath) throws -> [Float] {
        guard scores.isEmpty else { return scores }
        // The earlier a piece is first made, the better its score.
        var ranks: [TokenID: Int] = [:]
        for merge in merges where ranks[merge.merged] == nil { ranks[merge.merged] = ranks.count }
        var scored = self
        scored.merges = []
        // A piece that no merge makes is a character, or is never formed.
        scored.scores = tokens.indices.map { id in
            if let rank = ranks[TokenID(id)] { return -Float(rank) }
            return types[id] == .normal ? -Float(ranks.count) : 0
        }
        // With scores, any two pieces that make a third are merged, so the list must have all of
        // these, with what they make in the same order.
        func key(_ merge: TokenMerge) -> [TokenID] {
            [TokenID(ranks[merge.merged] ?? ranks.count), merge.left, merge.right]
        }
        let isOrdered = zip(merges, merges.dropFirst()).allSatisfy { key($0)[0] <= key($1)[0] }
        guard isOrdered, scored.tokenOutOfNoTokens == nil,
            Set(scored.mergesOfScores().map(key)) == Set(merges.map(key))
        else {
            throw TextTokenizerError.cannotExport(
                path: path,
                reason: "its merges are not those that scores of tokens give, but the format has "
                    + "only scores; keep tokenizer.json instead"
            )
        }
        return scored.scores
    }

    /// A token that scores form but merges, which only join tokens, cannot: from a character that
    /// is not a token, or because it is unused; nil when there is none, or no scores.
    var tokenOutOfNoTokens: TokenID? {
        guard !scores.isEmpty else { return nil }
        let index = TokenIndex(
            unchecked: tokens,
            of: tokens.indices.lazy.filter {
                [.normal, .userDefined, .unused].contains(types[$0])
            }
        )
        func isCharacter(_ text: ArraySlice<UInt8>) -> Bool {
            text.dropFirst().allSatisfy { $0 & 0xC0 == 0x80 }
        }
        let found = tokens.indices.first { id in
            guard types[id] == .normal || types[id] == .unused else { return false }
            let text = Array(tokens[id])[...]
            if isCharacter(text) { return types[id] == .unused }
            return text.indices.dropFirst().contains { cut in
                guard text[cut] & 0xC0 != 0x80 else { return false }
                let parts = [text[..<cut], text[cut...]]
                let areTokens = parts.map { index.id(of: Array($0)) != nil }
                return zip(parts, areTokens).allSatisfy { $1 || isCharacter($0) }
                    && (types[id] == .unused || areTokens.contains(false))
            }
        }
        return found.map { TokenID($0) }
    }

    /// Merges equivalent to the scores: all pairs of pieces that make a third, the best first.
    func mergesOfScores() -> [TokenMerge] {
        guard merges.isEmpty else { return merges }
        let index = TokenIndex(
            unchecked: tokens,
            of: tokens.indices.lazy.filter { types[$0] == .normal || types[$0] == .userDefined }
        )
        let order = tokens.indices.filter { types[$0] == .normal }
            .sorted { (scores[$0], $1) > (scores[$1], $0) }
        var merges: [TokenMerge] = []
        for id in order {
            let text = Array(tokens[id])
            var pairs: [TokenMerge] = []
            for cut in text.indices.dropFirst() where text[cut] & 0xC0 != 0x80 {
                guard let left = index.id(of: Array(text[..<cut])),
                    let right = index.id(of: Array(text[cut...]))
                else { continue }
                pairs.append(TokenMerge(left: left, right: right, merged: TokenID(id)))
            }
            merges += pairs.sorted { ($0.left, $0.right) < ($1.left, $1.right) }
        }
        return merges
    }
}
