// Writes Hugging Face's tokenizer.json and tokenizer_config.json from a description.

import FileIO

extension TokenizerDescription {
    /// Writes `tokenizer.json` and `tokenizer_config.json`, from which Hugging Face's libraries
    /// make a tokenizer with the same ids.
    /// - Parameters:
    ///   - directory: Where to write.
    ///   - contextLength: The model's context length, if known.
    ///   - overwrite: Whether files of these names are replaced.
    /// - Returns: The files.
    /// - Throws: ``TextTokenizerError/cannotExport(path:reason:)`` for what the format cannot hold;
    ///   `FileIOError` when a file exists and `overwrite` is false, or on I/O errors.
    @discardableResult
    package func writeJSON(
        in directory: FilePath,
        contextLength: Int? = nil,
        overwrite: Bool = true
    ) throws -> [FilePath] {
        let path = directory.appending("tokenizer.json")
        let configPath = directory.appending("tokenizer_config.json")
        let writer = try TokenizerJSONWriter(self, path: path)
        let file = try AtomicFile(path, overwrite: overwrite)
        let config = try AtomicFile(configPath, overwrite: overwrite)
        try file.write(writer.tokenizer())
        try config.write(writer.config(contextLength: contextLength))
        try file.commit()
        try config.commit()
        return [path, configPath]
    }
}

extension TokenizerDescription {
    /// Checks that `tokenizer.json` can hold all of this.
    /// - Parameter path: The file, for messages.
    /// - Throws: ``TextTokenizerError/cannotExport(path:reason:)``.
    package func checkJSON(for path: FilePath) throws {
        _ = try TokenizerJSONWriter(self, path: path)
    }
}

/// The text of the two files.
struct TokenizerJSONWriter {
    private let description: TokenizerDescription
    private let path: FilePath
    /// The tokens that are found by name, including a SentencePiece model's own.
    private let added: [AddedToken]
    /// The names of tokens, in GPT-2's printable form for byte-level kinds.
    private let names: TokenTexts

    /// Checks that the format can express a description.
    /// - Throws: ``TextTokenizerError/cannotExport(path:reason:)``.
    init(_ description: TokenizerDescription, path: FilePath) throws {
        func refuse(_ reason: String) -> TextTokenizerError {
            .cannotExport(path: path, reason: reason)
        }
        self.description = description
        self.path = path
        if description.needsSentencePieceFile {
            throw refuse(
                "the tokenizer replaces characters or treats spaces as its own file says, and "
                    + "that cannot be expressed here; keep tokenizer.model instead"
            )
        }
        if let id = description.tokenOutOfNoTokens {
            throw refuse(
                "token \(id) is made of parts that are not tokens, or is unused, which a list "
                    + "of merges cannot express; keep tokenizer.model instead"
            )
        }
        var listed = description.addedTokens
        let ids = Set(listed.map(\.id))
        for (id, type) in description.types.enumerated() where !ids.contains(TokenID(id)) {
            switch type {
            case .control, .unknown: listed.append(AddedToken(id: TokenID(id), isSpecial: true))
            case .userDefined: listed.append(AddedToken(id: TokenID(id), isSpecial: false))
            case .normal, .unused, .byte: break
            }
        }
        added = listed.sorted { $0.id < $1.id }
        let literal = Set(added.map(\.id))
        var names = TokenTexts()
        for id in description.tokens.indices {
            let text = description.tokens[id]
            if description.kind == .sentencePiece || literal.contains(TokenID(id))
                || description.types[id] == .unused
            {
                guard String(validating: text, as: UTF8.self) != nil else {
                    throw refuse("the name of token \(id) is not UTF-8")
                }
                names.append(text)
            } else {
                names.append(ByteAlphabet.utf8(of: text))
            }
        }
        guard Set(names).count == names.count else { throw refuse("two tokens have the same name") }
        self.names = names
    }

    private func name(_ id: TokenID) -> String {
        String(decoding: description.tokens[Int(id)], as: UTF8.self)
    }

    // MARK: tokenizer.json

    func tokenizer() throws -> [UInt8] {
        var output: [UInt8] = []
        func line(_ text: String) { output += (text + "\n").utf8 }
        line("{")
        line("  \"version\": \"1.0\",")
        line("  \"truncation\": null,")
        line("  \"padding\": null,")
        line("  \"added_tokens\": [")
        for (index, token) in added.enumerated() {
            let isLast = index == added.count - 1
            line("    \(Self.json(token, name: name(token.id)))\(isLast ? "" : ",")")
        }
        line("  ],")
        let steps = TokenizerSteps(description)
        line("  \"normalizer\": \(steps.normalizer),")
        line("  \"pre_tokenizer\": \(steps.preTokenizer),")
        line("  \"post_processor\": \(steps.postProcessor),")
        line("  \"decoder\": \(steps.decoder),")
        line("  \"model\": {")
        line("    \"type\": \"BPE\",")
        line("    \"dropout\": null,")
        let isSentencePiece = description.kind == .sentencePiece
        let unknown = isSentencePiece ? description.unknown.map(name) : nil
        line("    \"unk_token\": \(unknown.map(JSONText.quoted) ?? "null"),")
        line("    \"continuing_subword_prefix\": null,")
        line("    \"end_of_word_suffix\": null,")
        line("    \"fuse_unk\": \(isSentencePiece && description.fusesUnknown),")
        line("    \"byte_fallback\": \(isSentencePiece && description.fallsBackToBytes),")
        line("    \"ignore_merges\": \(description.ignoresMerges),")
        line("    \"vocab\": {")
        for id in names.indices {
            output += "      ".utf8
            JSONText.append(names[id], to: &output)
            line(": \(id)\(id == names.count - 1 ? "" : ",")")
        }
        line("    },")
        line("    \"merges\": [")
        appendMerges(to: &output)
        line("    ]")
        line("  }")
        line("}")
        return output
    }

    /// One string per merge, which all libraries read, or pairs if names have spaces, which newer
    /// ones read.
    private func appendMerges(to output: inout [UInt8]) {
        let merges =
            description.kind == .sentencePiece ? description.mergesOfScores() : description.merges
        let hasSpaces = merges.contains { merge in
            [merge.left, merge.right].contains { names[Int($0)].contains(Ascii.space) }
        }
        for (rank, merge) in merges.enumerated() {
            let (left, right) = (names[Int(merge.left)], names[Int(merge.right)])
            output += "      ".utf8
            if hasSpaces {
                output.append(UInt8(ascii: "["))
                JSONText.append(left, to: &output)
                output += ", ".utf8
                JSONText.append(right, to: &output)
                output.append(UInt8(ascii: "]"))
            } else {
                JSONText.append(Array(left) + [Ascii.space] + right, to: &output)
            }
            output += (rank == merges.count - 1 ? "\n" : ",\n").utf8
        }
    }

    private static func json(_ token: AddedToken, name: String) -> String {
        "{\"id\": \(token.id), \"content\": \(JSONText.quoted(name)), "
            + "\"single_word\": \(token.isWholeWord), \"lstrip\": \(token.takesSpaceBefore), "
            + "\"rstrip\": \(token.takesSpaceAfter), \"normalized\": \(token.isNormalized), "
            + "\"special\": \(token.isSpecial)}"
    }

    // MARK: tokenizer_config.json

    func config(contextLength: Int?) -> [UInt8] {
        var members = [
            "\"tokenizer_class\": \"PreTrainedTokenizerFast\"",
            "\"clean_up_tokenization_spaces\": false",
        ]
        for (key, id) in [
            ("bos_token", description.startOfText), ("eos_token", description.endsOfText.first),
            ("unk_token", description.unknown), ("pad_token", description.padding),
        ] {
            if let id { members.append("\"\(key)\": \(JSONText.quoted(name(id)))") }
        }
        if let contextLength { members.append("\"model_max_length\": \(contextLength)") }
        if let template = description.chatTemplate {
            members.append("\"chat_template\": \(JSONText.quoted(template))")
        }
        return Array("{\n  \(members.joined(separator: ",\n  "))\n}\n".utf8)
    }
}
