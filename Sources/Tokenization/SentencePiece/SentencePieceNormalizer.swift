// What a SentencePiece model does to a text before it looks for pieces: it replaces characters,
// such as those of NFKC, removes spaces and adds one, as the settings in its file say. The rules of
// replacing travel in the model's file as a double array (a trie in two numbers a node), which is
// believed as little as any other file.

/// The changes to a text that a model was trained with.
struct SentencePieceNormalizer: Sendable {
    /// The settings, defaulting to those of a Llama's tokenizer.
    struct Settings: Sendable, Equatable {
        /// Whether a space is added to every text, so that its first word is like any other.
        var addsDummySpace = true
        /// Whether that space goes after the text instead of before it.
        var putsSpacesBehind = false
        /// Whether to remove spaces at both ends of a text, and all but one of several in a row.
        var removesExtraSpaces = false
        /// Whether spaces in text are U+2581 in pieces.
        var escapesSpaces = true
        /// Which characters are replaced.
        var characterMap: SentencePieceCharacterMap?
    }

    let settings: Settings
    /// Whether nothing but a space in front is added: what Llama does, and llama2.c's format
    /// implies.
    let isLlamas: Bool
    /// Names of user-defined pieces as the file has them, by their first byte, the longest first;
    /// they are left unchanged.
    private let userDefined: [UInt8: [[UInt8]]]

    private static let space: UInt8 = 0x20

    init(_ settings: Settings, userDefined names: [[UInt8]]) {
        self.settings = settings
        isLlamas = settings == Settings()
        userDefined = Dictionary(grouping: names) { $0[0] }
            .mapValues { $0.sorted { $0.count > $1.count } }
    }

    /// The text in which pieces are looked for, with spaces for U+2581 where it stands for them.
    func normalized(_ text: UnsafeBufferPointer<UInt8>) -> [UInt8] {
        if text.isEmpty { return [] }
        if isLlamas { return [Self.space] + SentencePieceVocabulary.replacingSpaceMarks(in: text) }
        var result: [UInt8] = []
        result.reserveCapacity(text.count + 1)
        var rest = text[...]
        if settings.removesExtraSpaces {
            while let part = next(rest), part.isSpace { rest = rest.dropFirst(part.count) }
            if rest.isEmpty { return [] }
        }
        if settings.addsDummySpace, !settings.putsSpacesBehind { result.append(Self.space) }
        // Spaces after a space are removed, and those at the start already were.
        var isAfterSpace = settings.removesExtraSpaces
        func append(_ part: some Collection<UInt8>) {
            let start = result.count
            result.append(contentsOf: part.drop { isAfterSpace && $0 == Self.space })
            if result.count > start {
                isAfterSpace = settings.removesExtraSpaces && result.last == Self.space
            }
        }
        while let part = next(rest) {
            if let replacement = part.replacement {
                append(replacement)
            } else {
                append(rest.prefix(part.count))
            }
            rest = rest.dropFirst(part.count)
        }
        if settings.escapesSpaces {
            result = SentencePieceVocabulary.replacingSpaceMarks(in: result)
        }
        if settings.removesExtraSpaces {
            while result.last == Self.space { result.removeLast() }
        }
        if settings.addsDummySpace, settings.putsSpacesBehind { result.append(Self.space) }
        return result
    }

    /// The first part of a text.
    private struct Part {
        /// How many bytes it has.
        let count: Int
        /// What it becomes; nil if it does not change.
        var replacement: ArraySlice<UInt8>?
        /// Whether that is one space.
        let isSpace: Bool
    }

    /// The user-defined piece that a text begins with, otherwise the longest string to replace,
    /// otherwise its first character; nil at the end.
    private func next(_ text: Slice<UnsafeBufferPointer<UInt8>>) -> Part? {
        guard let first = text.first else { return nil }
        if let name = userDefined[first]?.first(where: { text.starts(with: $0) }) {
            return Part(count: name.count, isSpace: name == [Self.space])
        }
        if let (count, replacement) = settings.characterMap?.replacement(atStartOf: text) {
            let isSpace = replacement.elementsEqual(CollectionOfOne(Self.space))
            return Part(count: count, replacement: replacement, isSpace: isSpace)
        }
        var count = 1
        let bytes = UnsafeBufferPointer(rebasing: text)
        if case .scalar(_, let length) = UTF8Sequence(startOf: bytes) { count = length }
        return Part(count: count, isSpace: first == Self.space)
    }
}

/// Replacements of strings by others; the longest string that a text begins with wins.
struct SentencePieceCharacterMap: Sendable, Equatable {
    /// Why bytes are not such a map.
    struct Malformed: Error {
        let what: String
        let expected: String
        let found: String
    }

    /// The double array.
    private let nodes: [UInt32]
    /// The replacements, each followed by a zero.
    private let texts: [UInt8]

    // Unicode has one character that becomes 18. A file must not turn a text into gigabytes, and a
    // trie that leads back to itself must not be followed to the end of a text from each byte.
    private static let longestText = 1024

    /// Reads the map: the size of the double array in four bytes, the double array, the texts.
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

    /// The longest string of the map, up to 1,024 bytes, that `text` begins with.
    /// - Returns: Its length in bytes and its replacement; nil when there is none.
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

    // MARK: Nodes, in Darts-clone's layout

    /// Where the children are, relative to the node.
    private static func offset(of node: UInt32) -> Int {
        Int(node >> 10) << (node & 0x200 == 0 ? 0 : 8)
    }

    /// The byte that leads here; a value has a bit that no byte can have.
    private static func label(of node: UInt32) -> UInt32 { node & 0x8000_00FF }

    /// Whether a string ends here: its value is then the first child.
    private static func hasLeaf(_ node: UInt32) -> Bool { node & 0x100 != 0 }
}
