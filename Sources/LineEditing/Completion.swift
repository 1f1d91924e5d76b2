// What Tab makes of the beginning of a word. Which words there are is the caller's to know.

/// How a text may go on.
package struct Completion: Equatable {
    /// How many characters before the cursor each candidate stands for.
    let typedCount: Int
    /// The words that are possible, whole; one that ends with a blank needs nothing more.
    let candidates: [String]

    /// More are not listed.
    private static let listedCount = 100

    /// Describes how a text may go on.
    package init(typedCount: Int, candidates: [String]) {
        self.typedCount = typedCount
        self.candidates = candidates
    }

    /// As much of all candidates as they have in common; nil where there are none.
    var common: String? {
        guard let first = candidates.first else { return nil }
        return candidates.dropFirst().reduce(first) { common, candidate in
            String(zip(common, candidate).prefix { $0 == $1 }.map(\.0))
        }
    }

    /// The candidates in rows of at most so many columns, for the reader.
    func list(columns: Int) -> [String] {
        let words = candidates.prefix(Self.listedCount)
            .map { $0.hasSuffix(" ") ? String($0.dropLast()) : $0 }
        let left = candidates.count - words.count
        var rows: [String] = []
        for word in words + (left > 0 ? ["and \(left) more"] : []) {
            if let row = rows.last, row.columnCount + 2 + word.columnCount <= columns {
                rows[rows.count - 1] = row + "  " + word
            } else {
                rows.append(word)
            }
        }
        return rows
    }
}
