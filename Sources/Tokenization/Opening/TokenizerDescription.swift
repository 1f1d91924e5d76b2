// What a tokenizer is, whichever file it came in: the middle through which every format is read
// into every kind of tokenizer, and written out of it.

import Foundation

/// What a token is for, with the numbers that SentencePiece and GGUF give it.
public enum TokenType: UInt64, Sendable {
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
public struct AddedToken: Sendable, Equatable {
    /// The token, whose text is its name.
    public var id: TokenID
    /// Whether it marks a place in a sequence, as the end of a text or of a chat's turn: what a
    /// user typed is then no such token, though it look like its name.
    public var isSpecial: Bool
    /// Whether whitespace before it goes with it.
    public var takesSpaceBefore: Bool
    /// Whether whitespace after it goes with it.
    public var takesSpaceAfter: Bool
    /// Whether it is looked for after the text was normalised, and the others before.
    public var isNormalized: Bool
    /// Whether it is not found inside words.
    public var isWholeWord: Bool

    /// An added token.
    public init(
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
public struct TokenMerge: Sendable, Equatable {
    /// What is merged, and into what.
    public let left, right, merged: TokenID

    /// A merge.
    public init(left: TokenID, right: TokenID, merged: TokenID) {
        self.left = left
        self.right = right
        self.merged = merged
    }
}

/// A tokenizer of either kind, as data.
///
/// ``makeTokenizer(from:)`` makes the tokenizer, and ``Tokenizer/description`` gives this back.
public struct TokenizerDescription: Sendable, Equatable {
    /// How tokens are text.
    public enum Kind: Sendable {
        /// Tokens are bytes, and merging starts with single ones: GPT-2, Llama 3, SmolLM2.
        case byteLevel
        /// Tokens are text in which U+2581 stands for spaces, and merging starts with characters:
        /// Llama 2, TinyLlama.
        case sentencePiece
    }

    /// Where a space is put before a text, so that its first word is like any other.
    public enum SpacePrefix: Sendable {
        case never
        /// Before a text.
        case first
        /// Before a text and after each added token.
        case always
    }

    /// What happens to characters before anything else.
    public enum Normalization: Sendable {
        case none
        /// Unicode's canonical composition.
        case nfc
    }

    /// How tokens are text.
    public var kind: Kind
    /// The tokens by id.
    ///
    /// Of byte-level kinds these are the bytes they stand for; of SentencePiece
    /// kinds the names, with U+2581 for spaces and `<0x0A>` for bytes.
    public var tokens: TokenTexts
    /// What each token is for.
    public var types: [TokenType]
    /// How eagerly each token is formed, of SentencePiece kinds without merges; else empty.
    public var scores: [Float] = []
    /// What merges, the first before all others; empty where scores say it.
    public var merges: [TokenMerge] = []
    /// The tokens that are found in text before anything else.
    public var addedTokens: [AddedToken] = []
    /// How text is cut into words.
    public var splitting: SplittingRule
    /// Whether a word that is a token is taken as that, whatever merges.
    public var ignoresMerges = false
    /// What happens to characters before anything else.
    public var normalization = Normalization.none
    /// Where a space is put before a text.
    public var spacePrefix = SpacePrefix.never
    /// Whether that space is put only where none is, and spaces are U+2581 only after added tokens
    /// were found: what a `Metaspace` pre-tokenizer does, and a normalizer does not.
    public var marksSpacesLate = false
    /// Whether text that no token covers becomes tokens of its bytes.
    public var fallsBackToBytes = true
    /// Whether a run of characters that no token covers is one unknown token.
    public var fusesUnknown = true
    /// The id before a text, by name; ``addsStartOfText`` says whether it is put there.
    public var startOfText: TokenID?
    /// The ids that end a text or a turn when a model predicts them, the end of text first.
    public var endsOfText: [TokenID] = []
    /// The id of text that no token covers.
    public var unknown: TokenID?
    /// The id that fills sequences up.
    public var padding: TokenID?
    /// Whether ``startOfText`` stands before a prompt.
    public var addsStartOfText = false
    /// How a chat becomes text, in Jinja, where the file with the tokenizer says so.
    public var chatTemplate: String?
    /// What a SentencePiece model's own file says besides; nil for what a Llama's says.
    var sentencePieceRules: SentencePieceVocabulary.Rules?

    /// Tokens of the kind that is named, each of them normal, and nothing said of them.
    public init(_ kind: Kind, tokens: TokenTexts, splitting: SplittingRule) {
        self.kind = kind
        self.tokens = tokens
        self.splitting = splitting
        types = Array(repeating: .normal, count: tokens.count)
    }

    /// The token of this name, of those that are found in text or mark places in it.
    public func specialToken(_ name: String) -> TokenID? {
        let isNamed = { (id: TokenID) in tokens[Int(id)].elementsEqual(name.utf8) }
        if let token = addedTokens.first(where: { isNamed($0.id) }) { return token.id }
        let index = types.indices.first { index in
            [.control, .unknown, .userDefined].contains(types[index]) && isNamed(TokenID(index))
        }
        return index.map { TokenID($0) }
    }
}

extension TokenizerDescription.Normalization {
    /// What some bytes become; nil when they stay what they are.
    ///
    /// What is not UTF-8 stays.
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

    /// What some bytes become.
    func of(_ bytes: [UInt8]) -> [UInt8] {
        bytes.withUnsafeBufferPointer { changed($0) } ?? bytes
    }
}
