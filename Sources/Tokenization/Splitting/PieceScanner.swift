// What the scanners of all splitting rules have in common: how they read characters, the kinds of
// characters they tell apart, and the rule for whitespace that most patterns end with. The tables
// behind the kinds are in UnicodeRanges.swift.

/// Cuts bytes into pieces, one after another.
///
/// Every byte belongs to exactly one piece. A byte that is not part of valid UTF-8 counts as a
/// character of its own that is neither letter, number nor whitespace, as U+FFFD is.
protocol PieceScanner {
    /// What is scanned.
    var bytes: UnsafeBufferPointer<UInt8> { get }
    /// ``CharacterClass/table``: a copy of its address avoids the check of its initialization for
    /// each character.
    var classes: UnsafePointer<CharacterClass> { get }

    /// Where the piece that starts at `start` ends.
    ///
    /// - Precondition: `start` is the end of another piece or 0, and not the end of the bytes.
    func endOfPiece(from start: Int) -> Int
}

extension PieceScanner {
    /// The end of the run of one class that starts at `start`.
    @inline(__always)
    func endOfRun(of runClass: CharacterClass, from start: Int) -> Int {
        var end = start
        while end < bytes.count {
            let (nextClass, length) = character(at: end)
            if nextClass != runClass { break }
            end += length
        }
        return end
    }

    /// Whitespace before other text leaves its last character to what follows, unless it has only
    /// one; at the end of the text it is one piece: `\s+(?!\S)|\s+`.
    func endOfWhitespace(from start: Int, firstLength: Int) -> Int {
        var lastStart = start
        var end = start + firstLength
        while end < bytes.count {
            let (nextClass, length) = character(at: end)
            if nextClass != .whitespace { return lastStart == start ? end : lastStart }
            lastStart = end
            end += length
        }
        return end
    }

    /// The class and the length in bytes of the character at `index`.
    @inline(__always)
    func character(at index: Int) -> (CharacterClass, length: Int) {
        let byte = bytes[index]
        if byte < 0x80 { return (classes[Int(byte)], 1) }
        return wideCharacter(at: index)
    }

    private func wideCharacter(at index: Int) -> (CharacterClass, length: Int) {
        switch UTF8Sequence(startOf: UnsafeBufferPointer(rebasing: bytes[index...])) {
        case .scalar(let scalar, let length): (CharacterClass(of: scalar), length)
        case .invalid, .incomplete: (.other, 1)
        }
    }
}

/// What a character is to the pre-tokenizer.
enum CharacterClass: UInt8 {
    /// None of these: punctuation, symbols, marks, control codes, unassigned scalars.
    case other
    /// `\p{L}`.
    case letter
    /// `\p{N}`.
    case number
    /// `\s`, which is White_Space.
    case whitespace

    /// The class of a scalar value.
    init(of scalar: UInt32) {
        self = scalar < Self.tableCount ? Self.table[Int(scalar)] : .other
    }

    /// One past the last scalar that is a letter, a number or whitespace.
    private static let tableCount =
        ([UnicodeRanges.letters, UnicodeRanges.numbers, UnicodeRanges.whitespace]
            .compactMap(\.last).max() ?? 0) + 1

    /// The class of every scalar below `tableCount`, about 200 kB.
    ///
    /// A flat table, because filling it takes about 50 microseconds, and a lookup one load.
    // nonisolated(unsafe): filled once, under the lock of a static's first use; then only read,
    // and never freed.
    nonisolated(unsafe) static let table: UnsafePointer<CharacterClass> = {
        let table = UnsafeMutablePointer<CharacterClass>.allocate(capacity: Int(tableCount))
        table.initialize(repeating: .other, count: Int(tableCount))
        for (ranges, value) in [
            (UnicodeRanges.letters, CharacterClass.letter),
            (UnicodeRanges.numbers, .number),
            (UnicodeRanges.whitespace, .whitespace),
        ] {
            for i in stride(from: 0, to: ranges.count, by: 2) {
                let (first, last) = (Int(ranges[i]), Int(ranges[i + 1]))
                (table + first).update(repeating: value, count: last - first + 1)
            }
        }
        return UnsafePointer(table)
    }()
}
