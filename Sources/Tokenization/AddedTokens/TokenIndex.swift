// From a token's bytes to its id: for reading files that name tokens by their bytes, and for
// SentencePiece's way of merging. GPT-2's tokenizer does not look tokens up this way.

/// A hash table over the tokens of a vocabulary.
struct TokenIndex: Sendable {
    private let texts: TokenTexts
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
        self.init(vocabulary.texts)
        for id in ids {
            if let first = insert(Int(id)) { throw DuplicateToken(first: first, second: id) }
        }
    }

    /// Indexes some texts, and of those with the same bytes the first.
    init(unchecked texts: TokenTexts, of indices: some Sequence<Int>) {
        self.init(texts)
        for index in indices { _ = insert(index) }
    }

    private init(_ texts: TokenTexts) {
        self.texts = texts
        var capacity = 1024
        while capacity < 2 * texts.count { capacity *= 2 }
        slots = Array(repeating: -1, count: capacity)
    }

    /// Adds a token; returns the one that has its bytes already, if there is one.
    private mutating func insert(_ index: Int) -> TokenID? {
        let slot = texts.withBytes(at: index) { slotIndex(of: $0) }
        if slots[slot] >= 0 { return slots[slot] }
        slots[slot] = TokenID(index)
        return nil
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
            !texts.withBytes(at: Int(slots[index]), { $0.elementsEqual(bytes) })
        {
            index = (index + 1) & (slots.count - 1)
        }
        return index
    }
}
