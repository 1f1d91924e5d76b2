// Where names of tokens occur in bytes. The caller decides what to do there.

/// A search for several names at once, where the longest wins if several begin at one place.
package struct MarkerSearch: Sendable {
    /// GPT-2's name of the end-of-text token, which separates the texts in a file of many.
    package static let endOfText = MarkerSearch([Array(VocabularyJSON.endOfTextName.utf8)])

    /// The names in the order of their bytes, so that those with the same beginning are neighbors.
    private let names: TokenTexts
    /// The place of each of them in the given list.
    private let order: [Int]
    /// The names that begin with a byte.
    private let ranges: [Range<Int>]
    private let longest: Int
    /// Whether the text next to a name matters, so that it must not be cut there.
    private let looksAround: Bool

    /// Looks for names, none of which is empty and no two alike.
    package init(_ names: [[UInt8]], looksAround: Bool = false) {
        let order = names.indices.sorted { names[$0].lexicographicallyPrecedes(names[$1]) }
        let sorted = order.map { names[$0] }
        var ranges = [Range<Int>](repeating: 0..<0, count: 256)
        for (index, name) in sorted.enumerated() {
            let first = Int(name[0])
            ranges[first] = (ranges[first].isEmpty ? index : ranges[first].lowerBound)..<index + 1
        }
        self.names = TokenTexts(sorted)
        self.order = order
        self.ranges = ranges
        self.looksAround = looksAround
        longest = names.reduce(0) { max($0, $1.count) }
    }

    /// Whether there is nothing to look for.
    var isEmpty: Bool { names.isEmpty }

    /// The first name that begins at or after `start`, and its place in the list.
    func first(
        in bytes: UnsafeBufferPointer<UInt8>,
        from start: Int
    ) -> (range: Range<Int>, name: Int)? {
        if isEmpty { return nil }
        return ranges.withUnsafeBufferPointer { ranges in
            for index in start..<max(bytes.count, start) where !ranges[Int(bytes[index])].isEmpty {
                if let match = longestName(in: bytes, at: index).match {
                    return (index..<index + names.byteCount(at: match), order[match])
                }
            }
            return nil
        }
    }

    /// Calls `body` with each text between names, and whether a name follows it.
    package func forEachText(
        in bytes: UnsafeBufferPointer<UInt8>,
        _ body: (UnsafeBufferPointer<UInt8>, _ endsWithMarker: Bool) throws -> Void
    ) rethrows {
        var start = 0
        while let (range, _) = first(in: bytes, from: start) {
            try body(UnsafeBufferPointer(rebasing: bytes[start..<range.lowerBound]), true)
            start = range.upperBound
        }
        try body(UnsafeBufferPointer(rebasing: bytes[start...]), false)
    }

    /// Whether a name begins before `index` and ends after it, or touches it and looks around.
    func covers(_ index: Int, in bytes: UnsafeBufferPointer<UInt8>) -> Bool {
        let margin = looksAround ? 1 : 0
        return (max(0, index - longest + 1 - margin)..<index + margin).contains { start in
            guard start < bytes.count, !ranges[Int(bytes[start])].isEmpty,
                let match = longestName(in: bytes, at: start).match
            else { return false }
            return start + names.byteCount(at: match) + margin > index
        }
    }

    /// Where the bytes at the end of `bytes` that may start a name begin, including the byte before
    /// them if it matters.
    package func incompleteSuffix(of bytes: UnsafeBufferPointer<UInt8>) -> Int? {
        let start = (max(0, bytes.count - longest + 1)..<max(bytes.count, 0)).first {
            longestName(in: bytes, at: $0).mayGoOn
        }
        return start.map { looksAround ? max(0, $0 - 1) : $0 }
    }

    /// The longest name at a place, and whether the bytes end where a longer one could continue.
    private func longestName(
        in bytes: UnsafeBufferPointer<UInt8>,
        at start: Int
    ) -> (match: Int?, mayGoOn: Bool) {
        var range = ranges[Int(bytes[start])]
        var match: Int?
        var depth = 1
        while !range.isEmpty {
            // Of names with the same beginning, the one that ends here comes first.
            if names.byteCount(at: range.lowerBound) == depth {
                match = range.lowerBound
                range = range.dropFirst()
                if range.isEmpty { break }
            }
            guard start + depth < bytes.count else { return (match, true) }
            let byte = bytes[start + depth]
            let first = firstName(in: range, at: depth) { $0 >= byte }
            range = first..<firstName(in: first..<range.upperBound, at: depth) { $0 > byte }
            depth += 1
        }
        return (match, false)
    }

    /// The first name in a range whose byte at `depth` satisfies a condition that also holds for
    /// all names after it.
    private func firstName(
        in range: Range<Int>,
        at depth: Int,
        where condition: (UInt8) -> Bool
    ) -> Int {
        var (low, high) = (range.lowerBound, range.upperBound)
        while low < high {
            let middle = (low + high) / 2
            if names.withBytes(at: middle, { condition($0[depth]) }) {
                high = middle
            } else {
                low = middle + 1
            }
        }
        return low
    }
}
