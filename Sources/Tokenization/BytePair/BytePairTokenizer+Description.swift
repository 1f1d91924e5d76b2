// Makes a byte-level tokenizer from a description, and the description of one that came as just
// tokens and merges.

import FileIO

extension BytePairTokenizer {
    /// GPT-2's rules for these tokens and merges.
    convenience init(vocabulary: Vocabulary, merges: MergeTable) {
        var description = TokenizerDescription(
            .byteLevel,
            tokens: vocabulary.texts,
            splitting: .gpt2
        )
        description.merges = merges.merges
        if let end = vocabulary.endOfText {
            description.types[Int(end)] = .control
            description.addedTokens = [AddedToken(id: end, isSpecial: true)]
            description.startOfText = end
            description.endsOfText = [end]
            description.unknown = end
        }
        self.init(description, vocabulary: vocabulary, model: PieceModel(merges))
    }

    /// Makes a tokenizer from a checked description.
    convenience init(checked description: TokenizerDescription, path: FilePath) throws {
        let texts = description.tokens
        let end = description.endsOfText.first
        let vocabulary = Vocabulary(texts, endOfText: end)
        var merges = MergeTable(
            byteTokens: try Self.byteTokens(description, path),
            minimumCapacity: description.merges.count
        )
        try merges.append(description.merges, path: path)
        var wholeWords: TokenIndex?
        if description.ignoresMerges {
            wholeWords = TokenIndex(
                unchecked: vocabulary.texts,
                of: texts.indices.lazy.filter { description.types[$0] == .normal }
            )
        }
        self.init(
            description,
            vocabulary: vocabulary,
            model: PieceModel(merges, splitting: description.splitting, wholeWords: wholeWords)
        )
    }

    /// The tokens of single bytes, or -1.
    private static func byteTokens(
        _ description: TokenizerDescription,
        _ path: FilePath
    ) throws -> [TokenID] {
        var tokens = MergeTable.noBytes
        let texts = description.tokens
        for id in texts.indices where texts.byteCount(at: id) == 1 {
            guard let byte = texts[id].first, description.types[id] != .control else { continue }
            let first = tokens[Int(byte)]
            guard first < 0 || description.types[Int(first)] != description.types[id] else {
                throw TextTokenizerError.notEncodable(
                    path: path,
                    reason: "tokens \(first) and \(id) are the same single byte"
                )
            }
            if first < 0 || description.types[id] == .normal { tokens[Int(byte)] = TokenID(id) }
        }
        return tokens
    }

    /// Whether both give the same ids for every text, with the same meaning.
    package func encodesLike(_ other: BytePairTokenizer) -> Bool {
        vocabulary == other.vocabulary && merges == other.merges
            && description.encodingRules == other.description.encodingRules
    }
}

extension TokenizerDescription {
    /// What encoding depends on besides tokens and merges, in words; empty for GPT-2's rules.
    var encodingRules: [String] {
        var rules: [String] = []
        if splitting != .gpt2 { rules.append("words: \(splitting.rawValue)") }
        if ignoresMerges { rules.append("whole words") }
        if normalization != .none { rules.append("normalization: \(normalization)") }
        if spacePrefix != .never { rules.append("space: \(spacePrefix)") }
        // GPT-2's rules include this token.
        let endOfText = endsOfText.first.map { AddedToken(id: $0, isSpecial: true) }
        for var token in addedTokens.sorted(by: { $0.id < $1.id }) {
            // Without normalization, before and after it are the same.
            if normalization == .none { token.isNormalized = false }
            if token == endOfText { continue }
            rules.append(
                "added: \(token.id) \(token.isSpecial) \(token.takesSpaceBefore) "
                    + "\(token.takesSpaceAfter) \(token.isNormalized) \(token.isWholeWord)"
            )
        }
        return rules
    }

    /// Whether `tokenizer.json` says something that ids do not depend on and that files of tokens
    /// and merges cannot hold: a chat template, or tokens with another meaning than in GPT-2, where
    /// one token starts a text, ends it and stands for what is unknown.
    var saysMoreThanTokens: Bool {
        let end = endsOfText.first
        return chatTemplate != nil || addsStartOfText || startOfText != end
            || ![nil, end].contains(unknown) || ![nil, end].contains(padding)
    }
}
