// How text is cut into words before anything is merged. Each rule has a scanner of its own, so that
// no pattern is interpreted; which texts of patterns they stand for is told in
// SplittingRule+Patterns.swift.

/// The rules for cutting text into the pieces inside which merging happens.
public enum SplittingRule: String, Sendable, CaseIterable {
    /// GPT-2's: words with the space before them, numbers, runs of signs.
    case gpt2
    /// SmolLM2's: every digit apart, and GPT-2's rule for what is between them.
    case singleDigits
    /// Llama 3's: any sign may begin a word, and numbers have up to three digits.
    case llama3
    /// Qwen 2's: Llama 3's, with every digit apart.
    case qwen2
    /// Every space starts a piece; of SentencePiece kinds only.
    case spaces
    /// A text is one piece.
    case none
}

/// A scanner for SmolLM2's rule: digits one by one, and GPT-2's pattern on what lies between them,
/// as on texts of their own.
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
            // Before a digit the text between two digits ends, and with it all whitespace.
            let end = endOfRun(of: .whitespace, from: start + length)
            let precedesNumber = end < bytes.count && character(at: end).0 == .number
            return precedesNumber ? end : words.endOfPiece(from: start)
        case .letter, .other:
            return words.endOfPiece(from: start)
        }
    }
}

/// A scanner for pieces that begin with a space, or for no pieces at all.
struct SpaceScanner: PieceScanner {
    /// Where pieces begin.
    enum Cut {
        case atEverySpace
        /// At the first space of several: where no token has a space behind something else, merging
        /// in such pieces and in the whole text is the same.
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
