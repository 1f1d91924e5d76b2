// Byte pair encoding learned from counted words: just the algorithm. BytePairTrainer handles texts,
// sizes and files.

/// Words as lists of tokens, in which the most frequent adjacent pair is merged again and again.
///
/// Each merge costs time in proportion to the places where it happens, not to the text: every pair
/// knows its places, and a queue knows the most frequent pair. All of a pair's places are created
/// in one step, when the younger of its tokens is made; from then on there are only fewer.
struct MergeLearner {
    /// A place in a word: a token, and the positions of its neighbors.
    private struct Symbol {
        var token: TokenID
        var previous, next: UInt32
        let word: UInt32
    }

    /// Two adjacent tokens, how often they occur, and the list of places.
    private struct Pair {
        let left, right: TokenID
        var count = 0
        var first = MergeLearner.none, last = MergeLearner.none
    }

    /// A link of such a list; places that have since merged otherwise stay in it.
    private struct Place {
        let symbol: UInt32
        var next = MergeLearner.none
    }

    /// A pair in the queue, with the count it had when it was put there.
    private struct Candidate: Comparable {
        let count: Int
        let left, right: TokenID
        let pair: UInt32

        /// Higher counts come first, and among equals the pair with the lower ids.
        static func < (a: Self, b: Self) -> Bool {
            a.count != b.count ? a.count > b.count : (a.left, a.right) < (b.left, b.right)
        }
    }

    private static let none = UInt32.max
    // The token of a symbol that became part of the one before it.
    private static let removed: TokenID = -1
    /// Each symbol takes part in at most three places, and places have 32-bit numbers.
    static let symbolLimit = Int(UInt32.max / 3)

    private let longestToken: Int
    private let wordCounts: [Int]
    private var symbols: [Symbol] = []
    private var pairs: [Pair] = []
    private var pairIndices = PairMap()
    private var places: [Place] = []
    private var queue = Heap<Candidate>()
    private var tokenLengths: [Int]

    /// Counts the pairs of bytes.
    ///
    /// - Parameters:
    ///   - words: The distinct words, with fewer than `symbolLimit` bytes in total.
    ///   - byteTokens: The token of each byte; these are the ids below 256.
    ///   - longestToken: No token with more bytes is made.
    init(_ words: WordCounter, byteTokens: [TokenID], longestToken: Int) {
        self.longestToken = longestToken
        wordCounts = words.words.map(\.count)
        tokenLengths = Array(repeating: 1, count: byteTokens.count)
        symbols.reserveCapacity(words.bytes.count)
        for (index, word) in words.words.enumerated() {
            for position in word.range {
                symbols.append(
                    Symbol(
                        token: byteTokens[Int(words.bytes[position])],
                        previous: position == word.range.lowerBound
                            ? Self.none : UInt32(position - 1),
                        next: position == word.range.upperBound - 1
                            ? Self.none : UInt32(position + 1),
                        word: UInt32(index)
                    )
                )
            }
        }
        for symbol in symbols.indices { addPlace(UInt32(symbol)) }
        queueNewPairs(from: 0)
    }

    /// Merges the most frequent pair everywhere, into the token of the next id; nil if no pair is
    /// left.
    mutating func mergeNext() -> MergeTable.Merge? {
        guard let index = popMostFrequent() else { return nil }
        let (left, right) = (pairs[index].left, pairs[index].right)
        let merged = TokenID(tokenLengths.count)
        tokenLengths.append(tokenLengths[Int(left)] + tokenLengths[Int(right)])
        let firstNewPair = pairs.count
        var place = pairs[index].first
        while place != Self.none {
            let symbol = places[Int(place)].symbol
            place = places[Int(place)].next
            merge(symbol, left, right, into: merged)
        }
        pairs[index].count = 0
        queueNewPairs(from: firstNewPair)
        return .init(left: left, right: right, merged: merged)
    }

    /// The index of the most frequent pair.
    private mutating func popMostFrequent() -> Int? {
        while let candidate = queue.popMinimum() {
            let count = pairs[Int(candidate.pair)].count
            if count == candidate.count { return Int(candidate.pair) }
            // It became rarer after it was queued, so others may come first now.
            if count > 0 { enqueue(candidate.pair) }
        }
        return nil
    }

    /// Merges one place, unless one of its tokens has been merged since.
    private mutating func merge(
        _ symbol: UInt32,
        _ left: TokenID,
        _ right: TokenID,
        into merged: TokenID
    ) {
        let (i, next) = (Int(symbol), symbols[Int(symbol)].next)
        guard symbols[i].token == left, next != Self.none, symbols[Int(next)].token == right else {
            return
        }
        let (previous, following) = (symbols[i].previous, symbols[Int(next)].next)
        let count = wordCounts[Int(symbols[i].word)]
        if previous != Self.none { removePlace(symbols[Int(previous)].token, left, count) }
        if following != Self.none { removePlace(right, symbols[Int(following)].token, count) }
        symbols[i].token = merged
        symbols[i].next = following
        symbols[Int(next)].token = Self.removed
        if following != Self.none { symbols[Int(following)].previous = symbol }
        if previous != Self.none { addPlace(previous) }
        addPlace(symbol)
    }

    /// Counts the pair of a symbol and the one after it, if there is one.
    private mutating func addPlace(_ symbol: UInt32) {
        let next = symbols[Int(symbol)].next
        if next == Self.none { return }
        let (left, right) = (symbols[Int(symbol)].token, symbols[Int(next)].token)
        let newIndex = UInt32(pairs.count)
        let index = Int(pairIndices.insert(left, right) { newIndex })
        if index == pairs.count { pairs.append(Pair(left: left, right: right)) }
        pairs[index].count += wordCounts[Int(symbols[Int(symbol)].word)]
        let place = UInt32(places.count)
        places.append(Place(symbol: symbol))
        if pairs[index].last == Self.none {
            pairs[index].first = place
        } else {
            places[Int(pairs[index].last)].next = place
        }
        pairs[index].last = place
    }

    /// Counts a pair `count` times less; its place stays in the list and is skipped there.
    private mutating func removePlace(_ left: TokenID, _ right: TokenID, _ count: Int) {
        pairs[Int(pairIndices[left, right])].count -= count
    }

    private mutating func queueNewPairs(from first: Int) {
        for index in first..<pairs.count where pairs[index].count > 0 { enqueue(UInt32(index)) }
    }

    private mutating func enqueue(_ index: UInt32) {
        let pair = pairs[Int(index)]
        let length = tokenLengths[Int(pair.left)] + tokenLengths[Int(pair.right)]
        guard length <= longestToken else { return }
        queue.insert(
            Candidate(count: pair.count, left: pair.left, right: pair.right, pair: index)
        )
    }
}
