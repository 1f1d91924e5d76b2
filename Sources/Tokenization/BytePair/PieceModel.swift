// What encoding a word needs besides the word: merges, the tokens it begins with, and the rules for
// both.

/// Byte pair encoding by a list of merges, over bytes or over characters.
struct PieceModel: Sendable {
    /// What merging starts with, if that is characters.
    struct Characters: Sendable {
        /// The tokens of characters and words, by text.
        let index: TokenIndex
        /// The tokens of the 256 bytes; none when the model does not fall back to bytes.
        let byteIDs: [TokenID]
        /// The token for other text; nil when there is none.
        let unknown: TokenID?
        /// Whether a run of unknown characters is one token.
        let fusesUnknown: Bool
    }

    /// How text is cut into words.
    enum Words: Sendable {
        case rule(SplittingRule)
        case spaces(SpaceScanner.Cut)
    }

    let merges: MergeTable
    let words: Words
    /// Nil when merging starts with bytes.
    let characters: Characters?
    /// The tokens by text, if a word that is a token is taken whole.
    let wholeWords: TokenIndex?

    /// Over bytes.
    init(
        _ merges: MergeTable,
        splitting: SplittingRule = .gpt2,
        wholeWords: TokenIndex? = nil
    ) {
        self.merges = merges
        words = .rule(splitting)
        characters = nil
        self.wholeWords = wholeWords
    }

    /// Over characters.
    init(
        _ merges: MergeTable,
        characters: Characters,
        cut: SpaceScanner.Cut,
        wholeWords: TokenIndex?
    ) {
        self.merges = merges
        words = .spaces(cut)
        self.characters = characters
        self.wholeWords = wholeWords
    }

    /// The token of a whole word, if those are taken.
    func wholeWord(_ word: UnsafeBufferPointer<UInt8>) -> TokenID? {
        wholeWords?.id(of: word)
    }
}

extension PieceModel.Characters {
    /// Appends the tokens of a word's characters.
    /// - Returns: A character that no token stands for, if there is one.
    func append(
        charactersOf word: UnsafeBufferPointer<UInt8>,
        to tokens: inout [TokenID]
    ) -> UInt8? {
        var start = 0
        var isAfterUnknown = false
        var missing: UInt8?
        while start < word.count {
            let rest = UnsafeBufferPointer(rebasing: word[start...])
            var length = 1
            if case .scalar(_, let count) = UTF8Sequence(startOf: rest) { length = count }
            let character = UnsafeBufferPointer(rebasing: rest[..<length])
            start += length
            var isUnknown = false
            if let id = index.id(of: character) {
                tokens.append(id)
            } else if !byteIDs.isEmpty {
                for byte in SentencePieceVocabulary.escaped(character) {
                    tokens.append(byteIDs[Int(byte)])
                }
            } else if let unknown {
                isUnknown = true
                if !isAfterUnknown || !fusesUnknown { tokens.append(unknown) }
            } else {
                missing = character[0]
            }
            isAfterUnknown = isUnknown
        }
        return missing
    }
}
