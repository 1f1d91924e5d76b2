// The patterns that splitting rules stand for, as files spell them. A pattern is known by its text
// and never interpreted.

extension SplittingRule {
    private static let signs = #" ?[^\s\p{L}\p{N}]+"#
    private static let blanks = #"\s+(?!\S)|\s+"#
    private static let contractions = "'s|'t|'re|'ve|'m|'ll|'d"

    private static func newerPattern(number: String) -> String {
        #"(?i:\#(contractions))|[^\r\n\p{L}\p{N}]?\p{L}+|\#(number)|\#(signs)[\r\n]*|"#
            + #"\s*[\r\n]+|\#(blanks)"#
    }

    /// The spellings of each rule that is a pattern, the usual one first.
    private static let patterns: [SplittingRule: [String]] = [
        .gpt2: [contractions, "'(?:[sdmt]|ll|ve|re)"].map {
            #"\#($0)| ?\p{L}+| ?\p{N}+|\#(signs)|\#(blanks)"#
        },
        .llama3: [newerPattern(number: #"\p{N}{1,3}"#)],
        .qwen2: [newerPattern(number: #"\p{N}"#)],
    ]

    /// The rule that a pattern of a `Split` pre-tokenizer stands for; nil when none is known.
    init?(pattern: String) {
        let rule = Self.patterns.first { $0.value.contains(pattern) }?.key
        guard let rule else { return nil }
        self = rule
    }

    /// The pattern of a `Split` pre-tokenizer; nil for rules that are no pattern.
    var pattern: String? { Self.patterns[self]?.first }
}
