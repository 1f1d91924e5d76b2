// Makes tokenizers from descriptions. Descriptions come from files, and are trusted no more than
// those.

import FileIO

extension TokenizerDescription {
    /// Makes the tokenizer.
    /// - Parameter path: Where the description came from, for messages.
    /// - Returns: A tokenizer with this description.
    /// - Throws: ``TextTokenizerError`` when the description contradicts itself.
    package func makeTokenizer(from path: FilePath) throws -> any Tokenizer {
        try check(path)
        switch kind {
        case .byteLevel: return try BytePairTokenizer(checked: self, path: path)
        case .sentencePiece: return try SentencePieceTokenizer(checked: self, path: path)
        }
    }

    /// Checks that all ids belong to tokens, that tokens are not empty, and that merges join what
    /// they say.
    func check(_ path: FilePath) throws {
        func malformed(_ what: String, _ expected: String, _ found: String) -> TextTokenizerError {
            .malformed(path: path, what: what, expected: expected, found: found)
        }
        let count = tokens.count
        guard 1...Int(TokenID.max) ~= count else {
            throw malformed("the number of tokens", "from 1 to \(TokenID.max)", "\(count)")
        }
        guard types.count == count else {
            throw malformed("the number of token types", "\(count)", "\(types.count)")
        }
        if let empty = tokens.indices.first(where: { tokens.byteCount(at: $0) == 0 }) {
            throw malformed("token \(empty)", "of one byte or more", "empty")
        }
        let named: [(String, TokenID?)] =
            [
                ("the start of text", startOfText), ("the unknown token", unknown),
                ("the padding token", padding),
            ] + endsOfText.map { ("the end of text", $0) }
            + addedTokens.map { ("an added token", $0.id) }
        for case (let name, let id?) in named where id < 0 || Int(id) >= count {
            throw malformed(name, "an id from 0 to \(count - 1)", "\(id)")
        }
        let longest = addedTokens.reduce(0) { max($0, tokens.byteCount(at: Int($1.id))) }
        guard longest <= Self.longestName else {
            let limit = "at most \(Self.longestName) bytes long"
            throw malformed("the longest added token", limit, "\(longest)")
        }
        let names = Set(addedTokens.map { tokens[Int($0.id)] })
        guard names.count == addedTokens.count else {
            throw malformed("the added tokens", "all different", "two of the same name")
        }
        for (rank, merge) in merges.enumerated() where !isRight(merge) {
            throw malformed(
                "merge \(rank)",
                "two tokens that together are a third",
                "\(merge.left) and \(merge.right) for \(merge.merged)"
            )
        }
    }

    // A longer name would be a text, and looking for it would take time at every byte.
    private static let longestName = 1024

    private func isRight(_ merge: TokenMerge) -> Bool {
        let (left, right, merged) = (Int(merge.left), Int(merge.right), Int(merge.merged))
        guard min(left, right, merged) >= 0, max(left, right, merged) < tokens.count,
            // A merge that makes the end of text would let documents end themselves.
            types[merged] != .control
        else { return false }
        return tokens.withBytes(at: merged) { whole in
            tokens.withBytes(at: left) { first in
                tokens.withBytes(at: right) { second in
                    whole.count == first.count + second.count
                        && whole.starts(with: first)
                        && whole[first.count...].elementsEqual(second)
                }
            }
        }
    }
}
