// A description out of the lists of a tokenizer.json: tokens by id, merges by rank, added tokens,
// also those of the files beside it.

import FileIO

extension TokenizerJSON {
    /// What the file and those next to it say.
    /// - Throws: ``TextTokenizerError``.
    func description(_ companions: TokenizerCompanions) throws -> TokenizerDescription {
        try checkModel()
        let pipeline = try pipeline()
        let isByteLevel = pipeline.kind == .byteLevel
        let added = try addedTokens(companions)
        let tokens = try tokens(isByteLevel: isByteLevel, added)
        var description = TokenizerDescription(
            pipeline.kind,
            tokens: tokens.texts,
            splitting: pipeline.splitting
        )
        description.types = tokens.types
        description.addedTokens = added.map(\.token)
        description.merges = try merges(isByteLevel: isByteLevel, tokens)
        description.normalization = pipeline.normalization
        description.spacePrefix = pipeline.spacePrefix
        description.marksSpacesLate = pipeline.marksSpacesLate
        description.ignoresMerges = flag("ignore_merges")
        description.fallsBackToBytes = flag("byte_fallback")
        description.fusesUnknown = flag("fuse_unk")
        if !isByteLevel { mark(&description) }
        try companions.complete(&description, pipeline, id: tokens.id, path)
        return description
    }

    private func flag(_ name: String) -> Bool { model[name]?.bool ?? false }

    private func checkModel() throws {
        guard settings["model"] == .bool(true) else {
            throw malformed("its 'model'", "an object", "something else")
        }
        let type = model["type"]?.string
        guard type == nil || type == "BPE", model["vocab"] == nil else {
            throw notKnown("a model", type ?? "one whose vocabulary is a list")
        }
        guard !names.isEmpty else { throw malformed("its vocabulary", "tokens", "empty") }
        for name in ["continuing_subword_prefix", "end_of_word_suffix"] {
            if let text = model[name]?.string, !text.isEmpty {
                throw notKnown("a model", "BPE with \(name) '\(text)'")
            }
        }
        if case .number(let rate)? = model["dropout"], rate != 0 {
            throw notKnown("a model", "BPE with dropout")
        }
    }

    // MARK: Tokens

    /// The tokens by id.
    struct Tokens {
        var texts = TokenTexts()
        var types: [TokenType] = []
        /// Where the id of each text of the model's vocabulary is found.
        var index: TokenIndex
        /// The added tokens' ids by name.
        var added: [String: TokenID] = [:]

        /// The token of a name.
        func id(_ name: String) -> TokenID? { added[name] ?? index.id(of: Array(name.utf8)) }
    }

    private func tokens(isByteLevel: Bool, _ added: [Added]) throws -> Tokens {
        let largest = max(ids.max() ?? 0, added.map { Int($0.token.id) }.max() ?? 0)
        // Some vocabularies have gaps; but a file must not turn a number into gigabytes.
        guard largest < 2 * (ids.count + added.count) + 1024, largest < TokenID.max else {
            throw malformed(
                "the largest id",
                "near the number of tokens, \(ids.count + added.count)",
                "\(largest)"
            )
        }
        var places = [Int32](repeating: -1, count: largest + 1)
        for (place, id) in ids.enumerated() {
            guard places[id] < 0 else {
                throw malformed("id \(id)", "that of one token", "that of two")
            }
            places[id] = Int32(place)
        }
        var addedNames = [Int: Added]()
        for token in added { addedNames[Int(token.token.id)] = token }
        var tokens = Tokens(index: TokenIndex(unchecked: TokenTexts(), of: []))
        tokens.types = Array(repeating: .normal, count: largest + 1)
        tokens.texts.reserveCapacity(texts: largest + 1, bytes: 8 * largest)
        var plain: [Bool] = Array(repeating: false, count: largest + 1)
        var buffer: [UInt8] = []
        for id in 0...largest {
            let place = Int(places[id])
            if let token = addedNames[id] {
                let name = token.name.utf8
                guard place < 0 || names[place].elementsEqual(name) else {
                    throw malformed("added token \(id)", "that of the vocabulary", token.name)
                }
                tokens.texts.append(name)
                tokens.types[id] = token.token.isSpecial ? .control : .userDefined
                tokens.added[token.name] = TokenID(id)
                plain[id] = place >= 0
            } else if place < 0 {
                tokens.texts.append("[PAD\(id)]".utf8)
                tokens.types[id] = .unused
            } else if !isByteLevel {
                tokens.texts.append(names[place])
                plain[id] = true
            } else if ByteAlphabet.decode(names[place], into: &buffer) {
                tokens.texts.append(buffer)
                plain[id] = true
            } else {
                // No text becomes such a token, because no text has such a name.
                tokens.texts.append(names[place])
                tokens.types[id] = .unused
            }
        }
        tokens.index = TokenIndex(
            unchecked: tokens.texts,
            of: plain.indices.lazy.filter { plain[$0] }
        )
        return tokens
    }

    /// Marks the byte pieces and the one for unknown text.
    private func mark(_ description: inout TokenizerDescription) {
        if let name = model["unk_token"]?.string, let id = ids(of: name) {
            description.unknown = id
            description.types[Int(id)] = .unknown
        }
        guard description.fallsBackToBytes else { return }
        for id in description.tokens.indices where description.types[id] == .normal {
            let name = description.tokens[id]
            if name.count == 6, SentencePieceVocabulary.byte(of: Array(name)) != nil {
                description.types[id] = .byte
            }
        }
    }

    private func ids(of name: String) -> TokenID? {
        names.firstIndex { $0.elementsEqual(name.utf8) }.map { TokenID(ids[$0]) }
    }

    // MARK: Merges

    private func merges(isByteLevel: Bool, _ tokens: Tokens) throws -> [TokenMerge] {
        var merges: [TokenMerge] = []
        merges.reserveCapacity(mergeParts.count / 2)
        var (left, right): ([UInt8], [UInt8]) = ([], [])
        for rank in 0..<mergeParts.count / 2 {
            let parts = (mergeParts[2 * rank], mergeParts[2 * rank + 1])
            var isText = true
            if isByteLevel {
                isText =
                    ByteAlphabet.decode(parts.0, into: &left)
                    && ByteAlphabet.decode(parts.1, into: &right)
            } else {
                left.replaceSubrange(left.indices, with: parts.0)
                right.replaceSubrange(right.indices, with: parts.1)
            }
            guard isText, let leftID = tokens.index.id(of: left),
                let rightID = tokens.index.id(of: right)
            else { throw wrongMerge(rank) }
            left.append(contentsOf: right)
            guard let merged = tokens.index.id(of: left) else { throw wrongMerge(rank) }
            merges.append(TokenMerge(left: leftID, right: rightID, merged: merged))
        }
        return merges
    }

    private func wrongMerge(_ rank: Int) -> TextTokenizerError {
        let shown = [mergeParts[2 * rank], mergeParts[2 * rank + 1]]
            .map { String(decoding: $0.prefix(80), as: UTF8.self) }
        return malformed(
            "merge \(rank)",
            "two tokens of the vocabulary that together are a third",
            "'\(shown.joined(separator: " "))'"
        )
    }
}

extension TokenizerJSON {
    /// An added token and its name.
    struct Added {
        var token: AddedToken
        var name: String
    }

    /// The added tokens of this file, and those that only the files next to it have.
    func addedTokens(_ companions: TokenizerCompanions) throws -> [Added] {
        var added: [Added] = []
        for value in settings["added_tokens"]?.array ?? [] {
            guard let id = value["id"]?.integer, let token = Self.added(value, id: id) else {
                throw malformed("an added token", "an object with id and content", "another")
            }
            added.append(token)
        }
        var (ids, names) = (Set(added.map(\.token.id)), Set(added.map(\.name)))
        guard ids.count == added.count, names.count == added.count else {
            throw malformed("the added tokens", "all different", "two of the same id or name")
        }
        for token in companions.addedTokens where !names.contains(token.name) {
            guard ids.insert(token.token.id).inserted else { continue }
            names.insert(token.name)
            added.append(token)
        }
        return added.filter { !$0.name.isEmpty }
    }

    /// Reads an added token, whose id may be given separately.
    static func added(_ value: JSONTree, id: Int) -> Added? {
        guard let name = value["content"]?.string, let id = TokenID(exactly: id), id >= 0 else {
            return nil
        }
        func flag(_ name: String) -> Bool? { value[name]?.bool }
        let isSpecial = flag("special") ?? false
        return Added(
            token: AddedToken(
                id: id,
                isSpecial: isSpecial,
                takesSpaceBefore: flag("lstrip") ?? false,
                takesSpaceAfter: flag("rstrip") ?? false,
                isNormalized: flag("normalized") ?? !isSpecial,
                isWholeWord: flag("single_word") ?? false
            ),
            name: name
        )
    }
}
