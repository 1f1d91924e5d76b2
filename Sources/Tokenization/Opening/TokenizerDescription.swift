// What a tokenizer is, whichever file it came in: every format is read into this, and every kind of
// tokenizer is made from it and written out through it.

import Foundation

/// What a token is for, with the numbers that SentencePiece and GGUF use.
package enum TokenType: UInt64, Sendable {
    /// Text.
    case normal = 1
    /// Stands for text that no token covers.
    case unknown
    /// Marks a place in a sequence; no text becomes it, and it becomes no text.
    case control
    /// Is found in text before anything else, and is text.
    case userDefined
    /// No text becomes it.
    case unused
    /// One byte of text that no other token covers.
    case byte
}

/// A token that is found in text by its name, before the text is cut into words.
package struct AddedToken: Sendable, Equatable {
    /// The token, whose text is its name.
    package var id: TokenID
    /// Whether it marks a place in a sequence, such as the end of a text or of a chat's turn: text
    /// typed by a user is then not this token, even if it looks like its name.
    package var isSpecial: Bool
    /// Whether it takes the whitespace before it.
    package var takesSpaceBefore: Bool
    /// Whether it takes the whitespace after it.
    package var takesSpaceAfter: Bool
    /// Whether it is looked for after the text is normalized rather than before.
    package var isNormalized: Bool
    /// Whether it is found only as a whole word.
    package var isWholeWord: Bool

    /// An added token.
    package init(
        id: TokenID,
        isSpecial: Bool,
        takesSpaceBefore: Bool = false,
        takesSpaceAfter: Bool = false,
        isNormalized: Bool = false,
        isWholeWord: Bool = false
    ) {
        self.id = id
        self.isSpecial = isSpecial
        self.takesSpaceBefore = takesSpaceBefore
        self.takesSpaceAfter = takesSpaceAfter
        self.isNormalized = isNormalized
        self.isWholeWord = isWholeWord
    }
}

/// Two adjacent tokens and the token they become.
package struct TokenMerge: Sendable, Equatable {
    /// What is merged, and into what.
    package let left, right, merged: TokenID

    /// A merge.
    package init(left: TokenID, right: TokenID, merged: TokenID) {
        self.left = left
        self.right = right
        self.merged = merged
    }
}

/// How tokens are text.
public enum TokenizerKind: String, Sendable, Codable {
    /// Tokens are bytes, and merging starts with single ones: GPT-2, Llama 3, SmolLM2.
    case byteLevel
    /// Tokens are text in which U+2581 stands for spaces, and merging starts with characters:
    /// Llama 2, TinyLlama.
    case sentencePiece
}

/// A tokenizer of either kind, as data.
///
/// ``makeTokenizer(from:)`` makes the tokenizer; ``Tokenizer/description`` is the reverse.
package struct TokenizerDescription: Sendable, Equatable {
    /// Where a space is put before a text, so that its first word is like any other.
    package enum SpacePrefix: Sendable {
        case never
        /// Before a text.
        case first
        /// Before a text and after each added token.
        case always
    }

    /// What happens to characters before anything else.
    package enum Normalization: Sendable {
        case none
        /// Unicode's canonical composition.
        case nfc
    }

    /// How tokens represent text.
    package var kind: TokenizerKind
    /// The tokens by id.
    ///
    /// For byte-level kinds these are the bytes they stand for; for SentencePiece kinds the names,
    /// with U+2581 for spaces and `<0x0A>` for bytes.
    package var tokens: TokenTexts
    /// What each token is for.
    package var types: [TokenType]
    /// How eagerly each token is formed, for SentencePiece kinds without merges; else empty.
    package var scores: [Float] = []
    /// The merges in order; empty if scores decide instead.
    package var merges: [TokenMerge] = []
    /// The tokens that are found in text before anything else.
    package var addedTokens: [AddedToken] = []
    /// How text is cut into words.
    package var splitting: SplittingRule
    /// Whether a word that is a token is taken whole, regardless of merges.
    package var ignoresMerges = false
    /// What happens to characters before anything else.
    package var normalization = Normalization.none
    /// Where a space is put before a text.
    package var spacePrefix = SpacePrefix.never
    /// Whether that space is added only if there is none, and spaces become U+2581 only after added
    /// tokens were found, as with a `Metaspace` pre-tokenizer but not with a normalizer.
    package var marksSpacesLate = false
    /// Whether text that no token covers becomes tokens of its bytes.
    package var fallsBackToBytes = true
    /// Whether a run of characters that no token covers is one unknown token.
    package var fusesUnknown = true
    /// The id that begins a text; ``addsStartOfText`` says whether it is added.
    package var startOfText: TokenID?
    /// The ids that end a text or a turn when a model predicts them, the end of text first.
    package var endsOfText: [TokenID] = []
    /// The id for text that no token covers.
    package var unknown: TokenID?
    /// The id that pads sequences.
    package var padding: TokenID?
    /// Whether ``startOfText`` is put before a prompt.
    package var addsStartOfText = false
    /// The chat template, in Jinja, if the tokenizer's file has one.
    package var chatTemplate: String?
    /// The further rules in a SentencePiece model's own file; nil for those of a Llama.
    var sentencePieceRules: SentencePieceVocabulary.Rules?

    /// Tokens of a kind, all of them normal, with nothing else set.
    package init(_ kind: TokenizerKind, tokens: TokenTexts, splitting: SplittingRule) {
        self.kind = kind
        self.tokens = tokens
        self.splitting = splitting
        types = Array(repeating: .normal, count: tokens.count)
    }

    /// The token with this name, among those that are found in text or mark places in it.
    package func specialToken(_ name: String) -> TokenID? {
        let isNamed = { (id: TokenID) in tokens[Int(id)].elementsEqual(name.utf8) }
        if let token = addedTokens.first(where: { isNamed($0.id) }) { return token.id }
        let index = types.indices.first { index in
            [.control, .unknown, .userDefined].contains(types[index]) && isNamed(TokenID(index))
        }
        return index.map { TokenID($0) }
    }
}

extension TokenizerDescription.Normalization {
    /// The normalized bytes; nil if nothing changes.
    ///
    /// Bytes that are not UTF-8 stay.
    func changed(_ bytes: UnsafeBufferPointer<UInt8>) -> [UInt8]? {
        guard self == .nfc, bytes.contains(where: { $0 >= 0x80 }) else { return nil }
        var result: [UInt8] = []
        result.reserveCapacity(bytes.count)
        var start = 0
        func appendText(upTo end: Int) {
            let text = String(decoding: bytes[start..<end], as: UTF8.self)
            result.append(contentsOf: text.precomposedStringWithCanonicalMapping.utf8)
        }
        var end = 0
        while end < bytes.count {
            let rest = UnsafeBufferPointer(rebasing: bytes[end...])
            if case .scalar(_, let length) = UTF8Sequence(startOf: rest) {
                end += length
                continue
            }
            appendText(upTo: end)
            result.append(bytes[end])
            end += 1
            start = end
        }
        appendText(upTo: end)
        return result
    }

    /// The normalized bytes.
    func of(_ bytes: [UInt8]) -> [UInt8] {
        bytes.withUnsafeBufferPointer { changed($0) } ?? bytes
    }
}
