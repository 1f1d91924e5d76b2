// The distinct pre-tokens of a text and how often each occurs: all that training needs from a text.

/// A multiset of byte strings.
struct WordCounter: Sendable {
    /// One distinct word.
    struct Word: Sendable {
        /// Where its bytes are in ``WordCounter/bytes``.
        let range: Range<Int>
        fileprivate let hash: UInt64
        /// How often it was added.
        fileprivate(set) var count: Int
    }

    /// The bytes of all distinct words, back to back.
    private(set) var bytes: [UInt8] = []
    /// The distinct words in the order they were first added.
    private(set) var words: [Word] = []
    // Indices of `words`, or -1; linear probing, at most half full.
    private var slots = [Int](repeating: -1, count: 1024)

    /// Adds each pre-token of the texts between markers, if any.
    mutating func add(textsOf bytes: UnsafeRawBufferPointer, marker: MarkerSearch?) {
        bytes.withMemoryRebound(to: UInt8.self) { bytes in
            guard let marker else {
                add(textOf: bytes)
                return
            }
            marker.forEachText(in: bytes) { text, _ in add(textOf: text) }
        }
    }

    private mutating func add(textOf bytes: UnsafeBufferPointer<UInt8>) {
        let scanner = PreTokenizer(bytes)
        var start = 0
        while start < bytes.count {
            let end = scanner.endOfPiece(from: start)
            add(UnsafeBufferPointer(rebasing: bytes[start..<end]), count: 1)
            start = end
        }
    }

    /// Adds all words of another counter.
    mutating func add(_ other: WordCounter) {
        other.bytes.withUnsafeBufferPointer { bytes in
            for word in other.words {
                add(UnsafeBufferPointer(rebasing: bytes[word.range]), count: word.count)
            }
        }
    }

    private mutating func add(_ word: UnsafeBufferPointer<UInt8>, count: Int) {
        let hash = hashFNV1a(word)
        var slot = firstSlot(hash)
        while slots[slot] >= 0 {
            let index = slots[slot]
            if words[index].hash == hash, isEqual(words[index].range, word) {
                words[index].count += count
                return
            }
            slot = (slot + 1) & (slots.count - 1)
        }
        slots[slot] = words.count
        let start = bytes.count
        bytes.append(contentsOf: word)
        words.append(Word(range: start..<bytes.count, hash: hash, count: count))
        if 2 * words.count > slots.count { grow() }
    }

    private func isEqual(_ range: Range<Int>, _ word: UnsafeBufferPointer<UInt8>) -> Bool {
        guard range.count == word.count else { return false }
        for (i, byte) in word.enumerated() where bytes[range.lowerBound + i] != byte {
            return false
        }
        return true
    }

    private func firstSlot(_ hash: UInt64) -> Int {
        Int(truncatingIfNeeded: hash ^ hash >> 32) & (slots.count - 1)
    }

    private mutating func grow() {
        slots = Array(repeating: -1, count: 2 * slots.count)
        for (index, word) in words.enumerated() {
            var slot = firstSlot(word.hash)
            while slots[slot] >= 0 { slot = (slot + 1) & (slots.count - 1) }
            slots[slot] = index
        }
    }
}

/// The FNV-1a hash of some bytes, which is good and fast enough for words.
func hashFNV1a(_ bytes: UnsafeBufferPointer<UInt8>) -> UInt64 {
    var hash: UInt64 = 0xCBF2_9CE4_8422_2325
    for byte in bytes { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3 }
    return hash
}
