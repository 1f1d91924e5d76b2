// From a token's bytes to its id: for reading files that name tokens by their bytes, and for
// SentencePiece's way of merging. GPT-2's tokenizer does not look tokens up this way.

/// A hash table over the tokens of a vocabulary.
struct TokenIndex: Sendable {
    private let vocabulary: Vocabulary
    // Token ids, or -1; linear probing, at most half full.
    private var slots: [TokenID]

    /// Indexes every token.
    /// - Throws: ``DuplicateToken`` when two tokens have the same bytes.
    init(_ vocabulary: Vocabulary) throws {
        try self.init(vocabulary, of: 0..<TokenID(vocabulary.count))
    }

    /// Indexes the tokens `ids`, which are in the vocabulary.
    /// - Throws: ``DuplicateToken`` when two of them have the same bytes.
    init(_ vocabulary: Vocabulary, of ids: some Sequence<TokenID>) throws {
        self.vocabulary = vocabulary
        var capacity = 1024
        while capacity < 2 * vocabulary.count { capacity *= 2 }
        slots = Array(repeating: -1, count: capacity)
        for id in ids {
            let slot = vocabulary.withBytes(of: id) { slotIndex(of: $0) }
            guard slots[slot] < 0 else { throw DuplicateToken(first: slots[slot], second: id) }
            slots[slot] = id
        }
    }

    /// Two tokens of the same bytes.
    struct DuplicateToken: Error {
        let first, second: TokenID
    }

    /// The id of the token with exactly these bytes.
    func id(of bytes: [UInt8]) -> TokenID? {
        bytes.withUnsafeBufferPointer { id(of: $0) }
    }

    /// The id of the token with exactly these bytes.
    func id(of bytes: UnsafeBufferPointer<UInt8>) -> TokenID? {
        let id = slots[slotIndex(of: bytes)]
        return id < 0 ? nil : id
    }

    /// The slot that holds these bytes, or the empty one where they belong.
    private func slotIndex(of bytes: UnsafeBufferPointer<UInt8>) -> Int {
        let hash = hashFNV1a(bytes)
        var index = Int(truncatingIfNeeded: hash ^ hash >> 32) & (slots.count - 1)
        while slots[index] >= 0,
            !vocabulary.withBytes(of: slots[index], { $0.elementsEqual(bytes) })
        {
            index = (index + 1) & (slots.count - 1)
        }
        return index
    }
}
