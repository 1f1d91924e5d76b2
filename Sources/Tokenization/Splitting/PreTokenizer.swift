// GPT-2's pre-tokeniser: cuts bytes into the pieces inside which merging happens. It knows
// neither tokens nor merges. Where text may be cut in two for streaming and threads is told in
// SplittingRule+Boundaries.swift.

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
