// What a SentencePiece model does to a text before it looks for pieces: it replaces characters,
// removes spaces and adds one, as the settings in its file say. Which characters is told by
// SentencePieceCharacterMap.

/// The changes to a text that a model was trained with.
struct SentencePieceNormalizer: Sendable {
    /// The settings, with the values of a Llama's tokenizer.
    struct Settings: Sendable, Equatable {
        /// Whether a space is added to every text, so that its first word is like any other.
        var addsDummySpace = true
        /// Whether that space stands behind the text instead of before it.
        var putsSpacesBehind = false
        /// Whether spaces go at both ends of a text, and all but one of those in a row.
        var removesExtraSpaces = false
        /// Whether spaces in text are U+2581 in pieces.
        var escapesSpaces = true
        /// What characters become others.
        var characterMap: SentencePieceCharacterMap?
    }

    let settings: Settings
    /// Whether nothing but a space in front is added: what Llama does, and llama2.c's format
    /// implies.
    let isLlamas: Bool
    /// Names of user-defined pieces as they stand in the file, by their first byte, the longest
    /// first: they are left as they are.
    private let userDefined: [UInt8: [[UInt8]]]

    private static let space: UInt8 = 0x20

    init(_ settings: Settings, userDefined names: [[UInt8]]) {
        self.settings = settings
        isLlamas = settings == Settings()
        userDefined = Dictionary(grouping: names) { $0[0] }
            .mapValues { $0.sorted { $0.count > $1.count } }
    }

    /// The text as pieces are looked for in it, with U+2581 as spaces where they stand for them.
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
        // The spaces after a space go, and those at the start have gone.
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

    /// What a text begins with.
    private struct Part {
        /// How many bytes it has.
        let count: Int
        /// What it becomes; nil when it stays what it is.
        var replacement: ArraySlice<UInt8>?
        /// Whether that is one space.
        let isSpace: Bool
    }

    /// The user-defined piece that a text begins with, or else the longest string that is replaced,
    /// or else its first character; nil at the end.
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
