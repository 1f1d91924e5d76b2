// GPT-2's pre-tokenizer, and Llama 3's and Qwen 2's: they cut bytes into the pieces inside which
// merging happens. They know neither tokens nor merges. Where text may be cut in two for streaming
// and threads is told in SplittingRule.swift.

/// A scanner for GPT-2's pattern over UTF-8 bytes.
///
/// `'(?:[sdmt]|ll|ve|re)| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+`
///
/// Every byte belongs to exactly one piece. A byte that is not part of valid UTF-8 counts as a
/// character of its own that is neither letter, number nor whitespace, as U+FFFD is.
struct PreTokenizer: PieceScanner {
    let bytes: UnsafeBufferPointer<UInt8>
    let classes = CharacterClass.table

    /// Scans `bytes`, which must outlive the scanner.
    init(_ bytes: UnsafeBufferPointer<UInt8>) {
        self.bytes = bytes
    }

    /// Where the piece that starts at `start` ends.
    ///
    /// - Precondition: `start` is the end of another piece or 0, and not the end of the bytes.
    @inline(__always)
    func endOfPiece(from start: Int) -> Int {
        let first = bytes[start]
        let (firstClass, length) = character(at: start)
        if firstClass != .whitespace {
            if first == Ascii.apostrophe, let end = endOfContraction(from: start) { return end }
            return endOfRun(of: firstClass, from: start + length)
        }
        // One space, and only U+0020, goes with the run that follows it.
        if first == Ascii.space, start + 1 < bytes.count {
            let (nextClass, nextLength) = character(at: start + 1)
            if nextClass != .whitespace {
                return endOfRun(of: nextClass, from: start + 1 + nextLength)
            }
        }
        return endOfWhitespace(from: start, firstLength: length)
    }

    /// The end of `'s`, `'d`, `'m`, `'t`, `'ll`, `'ve` or `'re` at an apostrophe, in lower case
    /// only.
    private func endOfContraction(from start: Int) -> Int? {
        guard start + 1 < bytes.count else { return nil }
        switch bytes[start + 1] {
        case UInt8(ascii: "s"), UInt8(ascii: "d"), UInt8(ascii: "m"), UInt8(ascii: "t"):
            return start + 2
        case UInt8(ascii: "l"):
            return endOfContraction(from: start, if: UInt8(ascii: "l"))
        case UInt8(ascii: "v"), UInt8(ascii: "r"):
            return endOfContraction(from: start, if: UInt8(ascii: "e"))
        default:
            return nil
        }
    }

    private func endOfContraction(from start: Int, if last: UInt8) -> Int? {
        start + 2 < bytes.count && bytes[start + 2] == last ? start + 3 : nil
    }
}

/// The two bytes that the pattern names.
enum Ascii {
    static let apostrophe = UInt8(ascii: "'")
    static let space = UInt8(ascii: " ")
}

/// A scanner for Llama 3's pattern over UTF-8 bytes.
///
/// `(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|
/// \s*[\r\n]+|\s+(?!\S)|\s+`
struct Llama3Scanner: PieceScanner {
    let bytes: UnsafeBufferPointer<UInt8>
    let classes = CharacterClass.table
    /// The most digits in a number: 3, or 1 for Qwen 2.
    let longestNumber: Int

    @inline(__always)
    func endOfPiece(from start: Int) -> Int {
        let first = bytes[start]
        let (firstClass, length) = character(at: start)
        switch firstClass {
        case .letter:
            return endOfRun(of: .letter, from: start + length)
        case .number:
            return endOfNumber(from: start + length)
        case .other, .whitespace:
            if first == Ascii.apostrophe, let end = endOfContraction(from: start) { return end }
            let next = start + length < bytes.count ? character(at: start + length) : nil
            let isNewline = Self.isNewline(first)
            if let next, next.0 == .letter, !isNewline {
                return endOfRun(of: .letter, from: start + length + next.length)
            }
            if firstClass == .other { return endOfSigns(from: start + length) }
            if let next, next.0 == .other, first == Ascii.space {
                return endOfSigns(from: start + length + next.length)
            }
            return endOfBlanks(from: start, firstLength: length)
        }
    }

    static func isNewline(_ byte: UInt8) -> Bool { byte == 0x0A || byte == 0x0D }

    private func endOfNumber(from start: Int) -> Int {
        var end = start
        for _ in 1..<max(longestNumber, 1) {
            guard end < bytes.count else { break }
            let (nextClass, length) = character(at: end)
            if nextClass != .number { break }
            end += length
        }
        return end
    }

    /// Punctuation takes the line ends after it along.
    private func endOfSigns(from start: Int) -> Int {
        var end = endOfRun(of: .other, from: start)
        while end < bytes.count, Self.isNewline(bytes[end]) { end += 1 }
        return end
    }

    /// Whitespace that has line ends ends at the last of them.
    private func endOfBlanks(from start: Int, firstLength: Int) -> Int {
        let end = endOfRun(of: .whitespace, from: start + firstLength)
        if let newline = bytes[start..<end].lastIndex(where: Self.isNewline) { return newline + 1 }
        return endOfWhitespace(from: start, firstLength: firstLength)
    }

    /// The end of `'s`, `'t`, `'re`, `'ve`, `'m`, `'ll` or `'d` at an apostrophe, in upper or lower
    /// case.
    private func endOfContraction(from start: Int) -> Int? {
        // Bit 5 is the difference between "A" and "a"; it turns no other byte into one of these
        // letters.
        func letter(_ index: Int) -> Unicode.Scalar? {
            guard index < bytes.count, bytes[index] & 0xC0 == 0x40 else { return nil }
            return Unicode.Scalar(bytes[index] | 0x20)
        }
        switch letter(start + 1) {
        case "s", "t", "m", "d":
            return start + 2
        case "l":
            return letter(start + 2) == "l" ? start + 3 : nil
        case "r", "v":
            return letter(start + 2) == "e" ? start + 3 : nil
        default:
            // The long s, U+017F, is an s in another case.
            let isLongS = bytes[(start + 1)...].starts(with: [0xC5, 0xBF])
            return isLongS ? start + 3 : nil
        }
    }
}
