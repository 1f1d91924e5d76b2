// The bytes of many tokens in one block of memory, and the way from a token's bytes to its id. What
// they mean is told by those who hold them; GPT-2's tokenizer does not look tokens up this way.

/// Numbered byte strings, stored back to back.
package struct TokenTexts: RandomAccessCollection, Sendable, Equatable {
    // Text i is bytes[offsets[i]..<offsets[i + 1]].
    private var bytes: [UInt8]
    private var offsets: [Int]

    /// Takes texts in the order of their numbers.
    package init(_ texts: some Sequence<some Collection<UInt8>>) {
        self.init()
        for text in texts { append(text) }
    }

    /// Starts without texts.
    package init() {
        (bytes, offsets) = ([], [0])
    }

    /// Takes texts stored back to back; text i is `bytes[offsets[i]..<offsets[i + 1]]`.
    init(bytes: [UInt8], offsets: [Int]) {
        self.bytes = bytes
        self.offsets = offsets
    }

    /// Reserves room.
    mutating func reserveCapacity(texts: Int, bytes: Int) {
        offsets.reserveCapacity(texts + 1)
        self.bytes.reserveCapacity(bytes)
    }

    /// Adds a text.
    package mutating func append(_ text: some Collection<UInt8>) {
        bytes.append(contentsOf: text)
        offsets.append(bytes.count)
    }

    package var startIndex: Int { 0 }
    package var endIndex: Int { offsets.count - 1 }

    /// The bytes of one text, without a copy.
    package subscript(index: Int) -> ArraySlice<UInt8> {
        bytes[offsets[index]..<offsets[index + 1]]
    }

    /// The length of one text in bytes.
    func byteCount(at index: Int) -> Int { offsets[index + 1] - offsets[index] }

    /// Calls `body` with the bytes of one text.
    @inline(__always)
    func withBytes<Result>(
        at index: Int,
        _ body: (UnsafeBufferPointer<UInt8>) throws -> Result
    ) rethrows -> Result {
        let range = offsets[index]..<offsets[index + 1]
        return try bytes.withUnsafeBufferPointer {
            try body(UnsafeBufferPointer(rebasing: $0[range]))
        }
    }
}

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

    /// Indexes some texts; of those with the same bytes, the first one.
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

    /// Adds a token; returns the one that already has its bytes, if there is one.
    private mutating func insert(_ index: Int) -> TokenID? {
        let slot = texts.withBytes(at: index) { slotIndex(of: $0) }
        if slots[slot] >= 0 { return slots[slot] }
        slots[slot] = TokenID(index)
        return nil
    }

    /// Two tokens with the same bytes.
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
