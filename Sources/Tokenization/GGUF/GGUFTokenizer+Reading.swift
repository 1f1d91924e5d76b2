// Makes a description from GGUF's keys, which can be as wrong as any other part of a file.

import FileIO

extension TokenizerDescription {
    /// What the keys of a GGUF file say.
    /// - Parameters:
    ///   - keys: The keys' values.
    ///   - path: The file, for messages.
    /// - Throws: ``TextTokenizerError`` when they contradict each other, or need something that is
    ///   not known.
    package init(_ keys: GGUFTokenizer, path: FilePath) throws {
        func malformed(_ what: String, _ expected: String, _ found: String) -> TextTokenizerError {
            .malformed(path: path, what: what, expected: expected, found: found)
        }
        let count = keys.tokens.count
        guard keys.types.isEmpty || keys.types.count == count else {
            throw malformed("the number of token types", "\(count)", "\(keys.types.count)")
        }
        let types = try keys.types.map { number in
            guard let type = UInt64(exactly: number).flatMap(TokenType.init) else {
                throw malformed("a token's type", "from 1 to 6", "\(number)")
            }
            return type
        }
        switch keys.model {
        case GGUFTokenizer.byteLevelModel: try self.init(byteLevel: keys, types, path)
        case GGUFTokenizer.sentencePieceModel: try self.init(sentencePiece: keys, types, path)
        default:
            throw TextTokenizerError.notKnown(path: path, what: "a tokenizer", found: keys.model)
        }
        func id(_ number: Int?) -> TokenID? { number.flatMap { TokenID(exactly: $0) } }
        addedTokens = self.types.indices.compactMap { index in
            switch self.types[index] {
            case .control, .unknown: AddedToken(id: TokenID(index), isSpecial: true)
            case .userDefined: AddedToken(id: TokenID(index), isSpecial: false)
            case .normal, .unused, .byte: nil
            }
        }
        startOfText = id(keys.startOfText)
        for case let end? in [id(keys.endOfText), id(keys.endOfTurn), id(keys.endOfMessage)]
        where !endsOfText.contains(end) { endsOfText.append(end) }
        unknown = id(keys.unknown) ?? unknown
        padding = id(keys.padding)
        addsStartOfText = (keys.addsStartOfText ?? addsStartOfText) && startOfText != nil
        chatTemplate = keys.chatTemplate
    }

    // MARK: Kinds

    private init(byteLevel keys: GGUFTokenizer, _ types: [TokenType], _ path: FilePath) throws {
        // Files from before the rule had a name hold GPT-2's tokenizer or a related one.
        let name = keys.pre ?? "gpt-2"
        guard let known = GGUFTokenizer.names.first(where: { $0.names.contains(name) }) else {
            throw TextTokenizerError.notKnown(path: path, what: "a pre-tokenizer", found: name)
        }
        var texts = TokenTexts()
        var found = types
        if found.isEmpty { found = Array(repeating: .normal, count: keys.tokens.count) }
        var bytes: [UInt8] = []
        for (index, token) in keys.tokens.enumerated() {
            let isName = [.control, .userDefined, .unknown, .unused].contains(found[index])
            if !isName, ByteAlphabet.decode(token, into: &bytes) {
                texts.append(bytes)
            } else {
                texts.append(token)
                if found[index] == .normal || found[index] == .byte { found[index] = .unused }
            }
        }
        self.init(.byteLevel, tokens: texts, splitting: known.rule)
        self.types = found
        ignoresMerges = known.ignoresMerges
        addsStartOfText = known.rule == .llama3
        if keys.addsSpacePrefix == true { spacePrefix = .always }
        let index = TokenIndex(
            unchecked: texts,
            of: texts.indices.lazy.filter { found[$0] != .unused }
        )
        var (left, right): ([UInt8], [UInt8]) = ([], [])
        merges.reserveCapacity(keys.merges.count)
        for (rank, merge) in keys.merges.enumerated() {
            guard let space = merge.firstIndex(of: Ascii.space),
                ByteAlphabet.decode(merge[..<space], into: &left),
                ByteAlphabet.decode(merge[(space + 1)...], into: &right),
                let leftID = index.id(of: left), let rightID = index.id(of: right),
                let merged = index.id(of: left + right)
            else {
                throw TextTokenizerError.malformed(
                    path: path,
                    what: "merge \(rank)",
                    expected: "two tokens of the vocabulary that together are a third",
                    found: "'\(String(decoding: merge.prefix(80), as: UTF8.self))'"
                )
            }
            merges.append(TokenMerge(left: leftID, right: rightID, merged: merged))
        }
    }

    private init(
        sentencePiece keys: GGUFTokenizer,
        _ types: [TokenType],
        _ path: FilePath
    ) throws {
        guard keys.scores.count == keys.tokens.count, types.count == keys.tokens.count else {
            throw TextTokenizerError.malformed(
                path: path,
                what: "the number of scores and token types",
                expected: "\(keys.tokens.count) each",
                found: "\(keys.scores.count) and \(types.count)"
            )
        }
        self.init(.sentencePiece, tokens: keys.tokens, splitting: .none)
        self.types = types
        scores = keys.scores
        spacePrefix = keys.addsSpacePrefix ?? true ? .always : .never
        fallsBackToBytes = types.contains(.byte)
        unknown = types.firstIndex(of: .unknown).map { TokenID($0) }
        addsStartOfText = true
    }
}
