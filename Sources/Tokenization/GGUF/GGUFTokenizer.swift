// A tokenizer as GGUF's keys hold it, and the keys out of a description. How the keys lie in a file
// is not known here; GGUFTokenizer+Reading.swift makes descriptions of them.

import FileIO

/// The values of the `tokenizer.*` keys of a GGUF file.
package struct GGUFTokenizer: Sendable, Equatable {
    /// `tokenizer.ggml.model`: `gpt2` for byte-level kinds, `llama` for SentencePiece's.
    package var model: String
    /// `.pre`: how text is cut into words, for byte-level kinds.
    package var pre: String?
    /// `.tokens`, in UTF-8: for byte-level kinds in GPT-2's printable form, for others with U+2581
    /// for spaces.
    package var tokens: TokenTexts
    /// `.scores`; empty when there are none.
    package var scores: [Float] = []
    /// `.token_type`; empty when there are none.
    package var types: [Int32] = []
    /// `.merges`, in UTF-8, each of two tokens with a space between them.
    package var merges = TokenTexts()
    /// `.bos_token_id`.
    package var startOfText: Int?
    /// `.eos_token_id`.
    package var endOfText: Int?
    /// `.eot_token_id`: what ends a turn.
    package var endOfTurn: Int?
    /// `.eom_token_id`: what ends a message after which the same speaker continues.
    package var endOfMessage: Int?
    /// `.unknown_token_id`.
    package var unknown: Int?
    /// `.padding_token_id`.
    package var padding: Int?
    /// `.add_bos_token`; nil when the kind's rule applies.
    package var addsStartOfText: Bool?
    /// `.add_space_prefix`; nil when the kind's rule applies.
    package var addsSpacePrefix: Bool?
    /// `tokenizer.chat_template`.
    package var chatTemplate: String?

    /// Tokens of a kind, with nothing else set.
    package init(model: String, tokens: TokenTexts) {
        self.model = model
        self.tokens = tokens
    }

    static let byteLevelModel = "gpt2"
    static let sentencePieceModel = "llama"

    /// The names of the rules for words, the one to write first.
    ///
    /// Llama 3's name also says that words that are tokens are taken whole.
    static let names: [(rule: SplittingRule, ignoresMerges: Bool, names: [String])] = [
        (.gpt2, false, ["gpt-2"]),
        (.llama3, true, ["llama-bpe", "llama3", "llama-v3"]),
        (.singleDigits, false, ["smollm"]),
        (.qwen2, false, ["qwen2"]),
    ]
}

extension GGUFTokenizer {
    /// The keys for a description.
    /// - Parameters:
    ///   - description: The tokenizer.
    ///   - path: The file they are for, for messages.
    /// - Throws: ``TextTokenizerError/cannotExport(path:reason:)`` for what the keys cannot hold.
    package init(_ description: TokenizerDescription, path: FilePath) throws {
        func refuse(_ reason: String) -> TextTokenizerError {
            .cannotExport(path: path, reason: "the tokenizer \(reason), which GGUF cannot express")
        }
        if description.normalization != .none { throw refuse("composes characters") }
        if description.needsSentencePieceFile {
            throw refuse("replaces characters or treats spaces as its own file says")
        }
        let flagged = description.addedTokens.first {
            $0.takesSpaceBefore || $0.takesSpaceAfter || $0.isWholeWord
        }
        if let flagged { throw refuse("looks at the text next to token \(flagged.id)") }
        switch description.kind {
        case .byteLevel:
            let known = Self.names.first {
                $0.rule == description.splitting && $0.ignoresMerges == description.ignoresMerges
            }
            guard let name = known?.names[0] else {
                throw refuse("cuts text into words by the rule '\(description.splitting)'")
            }
            self.init(model: Self.byteLevelModel, tokens: Self.printable(description))
            pre = name
            merges = TokenTexts(
                description.merges.lazy.map { merge in
                    ByteAlphabet.utf8(of: description.tokens[Int(merge.left)])
                        + [UInt8(ascii: " ")]
                        + ByteAlphabet.utf8(of: description.tokens[Int(merge.right)])
                }
            )
            if description.spacePrefix == .always { addsSpacePrefix = true }
        case .sentencePiece:
            if description.marksSpacesLate, description.splitting == .spaces {
                throw refuse("starts a word at every space")
            }
            self.init(model: Self.sentencePieceModel, tokens: description.tokens)
            scores = try description.scoresOfPieces(path)
            addsSpacePrefix = description.spacePrefix != .never
        }
        types = description.typesWithAddedTokens.map { Int32($0.rawValue) }
        startOfText = description.startOfText.map { Int($0) }
        // Readers stop at each of them, whichever key it has.
        let ends = description.endsOfText.map { Int($0) }
        (endOfText, endOfTurn) = (ends.first, ends.dropFirst().first)
        endOfMessage = ends.dropFirst(2).first
        unknown = description.unknown.map { Int($0) }
        padding = description.padding.map { Int($0) }
        addsStartOfText = description.addsStartOfText
        chatTemplate = description.chatTemplate
    }

    /// Tokens in GPT-2's printable form, names unchanged.
    private static func printable(_ description: TokenizerDescription) -> TokenTexts {
        let names = Set(description.addedTokens.map { Int($0.id) })
        var texts = TokenTexts()
        for id in description.tokens.indices {
            if names.contains(id) || [.control, .unused].contains(description.types[id]) {
                texts.append(description.tokens[id])
            } else {
                texts.append(ByteAlphabet.utf8(of: description.tokens[id]))
            }
        }
        return texts
    }
}

extension TokenizerDescription {
    /// The types, with added tokens marked as such.
    var typesWithAddedTokens: [TokenType] {
        var types = types
        for token in addedTokens where ![.unknown, .byte].contains(types[Int(token.id)]) {
            types[Int(token.id)] = token.isSpecial ? .control : .userDefined
        }
        return types
    }
}
