// The four kinds of characters GPT-2's pre-tokeniser tells apart, for every Unicode scalar. The
// tables behind it are in UnicodeRanges.swift.

/// What a character is to the pre-tokeniser.
enum CharacterClass: UInt8 {
    /// None of the others: punctuation, symbols, marks, control codes, unassigned scalars.
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
    /// A flat table, because filling it takes some 50 microseconds and looking up one load.
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
