// Llama 3's pre-tokeniser, and Qwen 2's, which differs in the length of numbers only.

/// A scanner for Llama 3's pattern over UTF-8 bytes.
///
/// `(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|
/// \s*[\r\n]+|\s+(?!\S)|\s+`
struct Llama3Scanner: PieceScanner {
    let bytes: UnsafeBufferPointer<UInt8>
    let classes = CharacterClass.table
    /// The most digits that a number has: 3, and 1 of Qwen 2.
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

    /// Signs take the line ends behind them along.
    private func endOfSigns(from start: Int) -> Int {
        var end = endOfRun(of: .other, from: start)
        while end < bytes.count, Self.isNewline(bytes[end]) { end += 1 }
        return end
    }

    /// Whitespace with line ends in it goes up to the last of them.
    private func endOfBlanks(from start: Int, firstLength: Int) -> Int {
        let end = endOfRun(of: .whitespace, from: start + firstLength)
        if let newline = bytes[start..<end].lastIndex(where: Self.isNewline) { return newline + 1 }
        return endOfWhitespace(from: start, firstLength: firstLength)
    }

    /// The end of `'s`, `'t`, `'re`, `'ve`, `'m`, `'ll` or `'d` at an apostrophe, in upper or lower
    /// case.
    private func endOfContraction(from start: Int) -> Int? {
        // Bit 5 is the difference between "A" and "a"; of other bytes it makes no letter of these.
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
