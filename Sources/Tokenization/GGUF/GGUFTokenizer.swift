// A tokenizer as GGUF's keys hold it. How the keys lie in a file is not known here.

/// The values of the `tokenizer.*` keys of a GGUF file.
public struct GGUFTokenizer: Sendable, Equatable {
    /// `tokenizer.ggml.model`: `gpt2` for byte-level kinds, `llama` for SentencePiece's.
    public var model: String
    /// `.pre`: how text is cut into words, of byte-level kinds.
    public var pre: String?
    /// `.tokens`, in UTF-8: of byte-level kinds in GPT-2's printable form, of others with U+2581
    /// for spaces.
    public var tokens: TokenTexts
    /// `.scores`; empty when there are none.
    public var scores: [Float] = []
    /// `.token_type`; empty when there are none.
    public var types: [Int32] = []
    /// `.merges`, in UTF-8, each of two tokens with a space between them.
    public var merges = TokenTexts()
    /// `.bos_token_id`.
    public var startOfText: Int?
    /// `.eos_token_id`.
    public var endOfText: Int?
    /// `.eot_token_id`: what ends a turn.
    public var endOfTurn: Int?
    /// `.eom_token_id`: what ends a message after which the same speaker goes on.
    public var endOfMessage: Int?
    /// `.unknown_token_id`.
    public var unknown: Int?
    /// `.padding_token_id`.
    public var padding: Int?
    /// `.add_bos_token`; nil when the rule of the kind holds.
    public var addsStartOfText: Bool?
    /// `.add_space_prefix`; nil when the rule of the kind holds.
    public var addsSpacePrefix: Bool?
    /// `tokenizer.chat_template`.
    public var chatTemplate: String?

    /// Tokens of a kind, of which nothing else is said.
    public init(model: String, tokens: TokenTexts) {
        self.model = model
        self.tokens = tokens
    }

    static let byteLevelModel = "gpt2"
    static let sentencePieceModel = "llama"

    /// The names of the rules for words, the one that is written first.
    ///
    /// Llama 3's name says besides that words which are tokens are taken whole.
    static let names: [(rule: SplittingRule, ignoresMerges: Bool, names: [String])] = [
        (.gpt2, false, ["gpt-2"]),
        (.llama3, true, ["llama-bpe", "llama3", "llama-v3"]),
        (.singleDigits, false, ["smollm"]),
        (.qwen2, false, ["qwen2"]),
    ]
}
