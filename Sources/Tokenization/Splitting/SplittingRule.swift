// How text is cut into words before anything is merged. Each rule has a scanner of its own; the
// patterns that rules stand for are known by their texts and never interpreted. At the boundaries a
// text may be cut so that the parts, scanned apart, give the pieces of the whole.

/// The rules for cutting text into the pieces that merging happens within.
package enum SplittingRule: String, Sendable, CaseIterable {
    /// GPT-2's: words with the space before them, numbers, runs of punctuation.
    case gpt2
    /// SmolLM2's: every digit separate, and GPT-2's rule for what is between them.
    case singleDigits
    /// Llama 3's: any punctuation mark may begin a word, and numbers have up to three digits.
    case llama3
    /// Qwen 2's: Llama 3's, with every digit separate.
    case qwen2
    /// Every space starts a piece; only for SentencePiece kinds.
    case spaces
    /// A text is one piece.
    case none
}

/// A scanner for SmolLM2's rule: digits one by one, and GPT-2's pattern on the text between them,
/// as if on separate texts.
struct DigitScanner: PieceScanner {
    let bytes: UnsafeBufferPointer<UInt8>
    let classes = CharacterClass.table
    private let words: PreTokenizer

    /// Scans `bytes`, which must outlive the scanner.
    init(_ bytes: UnsafeBufferPointer<UInt8>) {
        self.bytes = bytes
        words = PreTokenizer(bytes)
    }

    @inline(__always)
    func endOfPiece(from start: Int) -> Int {
        let (firstClass, length) = character(at: start)
        switch firstClass {
        case .number:
            return start + length
        case .whitespace:
            // A digit ends the text before it, and with that all whitespace.
            let end = endOfRun(of: .whitespace, from: start + length)
            let precedesNumber = end < bytes.count && character(at: end).0 == .number
            return precedesNumber ? end : words.endOfPiece(from: start)
        case .letter, .other:
            return words.endOfPiece(from: start)
        }
    }
}

/// A scanner for pieces that begin with a space, or for no splitting at all.
struct SpaceScanner: PieceScanner {
    /// Where pieces begin.
    enum Cut {
        case atEverySpace
        /// At the first of several spaces: if no token has a space after something else, merging in
        /// such pieces and in the whole text is the same.
        case atFirstSpace
        case nowhere
    }

    let bytes: UnsafeBufferPointer<UInt8>
    let classes = CharacterClass.table
    let cut: Cut

    @inline(__always)
    func endOfPiece(from start: Int) -> Int {
        if cut == .nowhere { return bytes.count }
        var end = start + 1
        while end < bytes.count {
            if bytes[end] == Ascii.space,
                cut == .atEverySpace || bytes[end - 1] != Ascii.space
            {
                break
            }
            end += 1
        }
        return end
    }
}

extension SplittingRule {
    private static let signs = #" ?[^\s\p{L}\p{N}]+"#
    private static let blanks = #"\s+(?!\S)|\s+"#
    private static let contractions = "'s|'t|'re|'ve|'m|'ll|'d"

    private static func newerPattern(number: String) -> String {
        #"(?i:\#(contractions))|[^\r\n\p{L}\p{N}]?\p{L}+|\#(number)|\#(signs)[\r\n]*|"#
            + #"\s*[\r\n]+|\#(blanks)"#
    }

    /// The spellings of each rule that has a pattern, the usual one first.
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

    /// The pattern of a `Split` pre-tokenizer; nil for rules without a pattern.
    var pattern: String? { Self.patterns[self]?.first }
}

extension SplittingRule {
    /// Whether the pieces of the bytes before `index` and those from it on are the pieces of all
    /// the bytes.
    ///
    /// True only at some of these places, but never wrongly, whatever follows the bytes. Whitespace
    /// must not end the first part, since it depends on what follows.
    func isBoundary(_ bytes: UnsafeBufferPointer<UInt8>, at index: Int) -> Bool {
        guard index > 0, index < bytes.count, bytes[index] & 0xC0 != 0x80,
            case .scalar(let after, _) = Self.sequence(bytes, in: index..<bytes.count)
        else { return false }
        // The character before starts at the nearest byte that is not a continuation. Scanning
        // forward starts a character there too, whatever comes before it.
        var start = index - 1
        while start > 0, start > index - 4, bytes[start] & 0xC0 == 0x80 { start -= 1 }
        guard case .scalar(let before, let length) = Self.sequence(bytes, in: start..<index),
            length == index - start
        else { return false }
        return isBoundary(before: before, after: after)
    }

    private func isBoundary(before: UInt32, after: UInt32) -> Bool {
        let (classBefore, classAfter) = (CharacterClass(of: before), CharacterClass(of: after))
        switch self {
        case .gpt2, .singleDigits:
            // No piece reaches from one class into another except a space before a run and an
            // apostrophe before letters.
            return switch classBefore {
            case .whitespace: false
            case .letter, .number: classAfter != classBefore
            case .other: classAfter != .other && before != UInt32(Ascii.apostrophe)
            }
        case .llama3, .qwen2:
            // Also, punctuation goes with the letters or line ends after it.
            return switch classBefore {
            case .whitespace: false
            case .letter, .number: classAfter != classBefore
            case .other:
                classAfter == .number || classAfter == .whitespace && ![0x0A, 0x0D].contains(after)
            }
        case .spaces: return after == UInt32(Ascii.space)
        case .none: return false
        }
    }

    private static func sequence(
        _ bytes: UnsafeBufferPointer<UInt8>,
        in range: Range<Int>
    ) -> UTF8Sequence {
        UTF8Sequence(startOf: UnsafeBufferPointer(rebasing: bytes[range]))
    }
}
