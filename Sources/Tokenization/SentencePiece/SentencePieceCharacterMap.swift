// The rules of a SentencePiece model that replace characters before text is encoded, such as those
// of NFKC. They travel in the model's file as a double array (a trie in two numbers a node), which
// is believed as little as any other file.

/// Replacements of strings by others, of which the longest that a text begins with counts.
struct SentencePieceCharacterMap: Sendable, Equatable {
    /// Why bytes are no such map.
    struct Malformed: Error {
        let what: String
        let expected: String
        let found: String
    }

    /// The double array.
    private let nodes: [UInt32]
    /// What strings are replaced by, each with a zero behind it.
    private let texts: [UInt8]

    // Unicode has one character that becomes 18; a file must not make gigabytes of a text, nor have
    // a trie that leads back to itself followed to the end of a text, from each of its bytes.
    private static let longestText = 1024

    /// Reads the map: the bytes of the double array in four bytes, the double array, the texts.
    /// - Throws: ``Malformed``.
    init(_ bytes: Slice<UnsafeRawBufferPointer>) throws(Malformed) {
        let bytes = UnsafeRawBufferPointer(rebasing: bytes)
        guard bytes.count > 4 else {
            throw Malformed(what: "its length", expected: "5 or more", found: "\(bytes.count)")
        }
        let byteCount = Int(UInt32(littleEndian: bytes.loadUnaligned(as: UInt32.self)))
        guard byteCount > 0, byteCount % 4 == 0, byteCount < bytes.count - 4 else {
            throw Malformed(
                what: "the length of its trie",
                expected: "a multiple of 4 below \(bytes.count - 4)",
                found: "\(byteCount)"
            )
        }
        nodes = (0..<byteCount / 4).map { index in
            let node = bytes.loadUnaligned(fromByteOffset: 4 + 4 * index, as: UInt32.self)
            return UInt32(littleEndian: node)
        }
        texts = Array(bytes[(4 + byteCount)...])
        var (longest, length) = (0, 0)
        for byte in texts {
            length = byte == 0 ? 0 : length + 1
            longest = max(longest, length)
        }
        guard longest <= Self.longestText else {
            throw Malformed(
                what: "its longest text",
                expected: "at most \(Self.longestText) bytes long",
                found: "\(longest)"
            )
        }
    }

    /// The longest string of the map that `text` begins with, of at most 1,024 bytes.
    /// - Returns: How many bytes it has, and what replaces it; nil when there is none.
    func replacement(
        atStartOf text: Slice<UnsafeBufferPointer<UInt8>>
    ) -> (count: Int, text: ArraySlice<UInt8>)? {
        var found: (count: Int, start: Int)?
        var index = Self.offset(of: nodes[0])
        for (position, byte) in text.prefix(Self.longestText).enumerated() {
            index ^= Int(byte)
            guard index < nodes.count, Self.label(of: nodes[index]) == UInt32(byte) else { break }
            let node = nodes[index]
            index ^= Self.offset(of: node)
            guard Self.hasLeaf(node) else { continue }
            guard index < nodes.count else { break }
            found = (position + 1, Int(nodes[index] & 0x7FFF_FFFF))
        }
        guard let found, found.start < texts.count else { return nil }
        let end = texts[found.start...].firstIndex(of: 0) ?? texts.count
        return (found.count, texts[found.start..<end])
    }

    // MARK: Nodes, as Darts-clone lays them out

    /// Where the children are, relative to the node.
    private static func offset(of node: UInt32) -> Int {
        Int(node >> 10) << (node & 0x200 == 0 ? 0 : 8)
    }

    /// The byte that leads here; a value has a bit that no byte has.
    private static func label(of node: UInt32) -> UInt32 { node & 0x8000_00FF }

    /// Whether a string ends here: its value is then the first child.
    private static func hasLeaf(_ node: UInt32) -> Bool { node & 0x100 != 0 }
}
