// Finds added tokens in a text, and what is left between them, as Hugging Face's tokenizers do:
// first those whose names are looked for in the raw text, then those of the normalized text.

/// What it means when a text contains the name of a special token, such as `<|endoftext|>`.
package enum SpecialTokens: Sendable {
    /// Nothing: it is encoded like any other text, so no text can end itself. Added tokens that are
    /// not special are still found, since they are words of the vocabulary.
    case text
    /// The token of this name. The text before it and the text after it are encoded separately.
    case token
    /// Nothing, and no other added token is found either: for what a user typed, where a chat's
    /// markers may be added tokens that are not declared special.
    case plain
}

/// A search for the added tokens of a tokenizer.
struct AddedTokenSearch: Sendable {
    /// A part of a text.
    enum Part {
        /// Text to be cut into words and merged; never empty.
        case text(UnsafeBufferPointer<UInt8>)
        /// A token found by its name.
        case token(TokenID)
    }

    /// Tokens that are searched for together.
    private struct Stage: Sendable {
        let tokens: [AddedToken]
        let search: MarkerSearch

        init(_ tokens: [AddedToken], names: [[UInt8]]) {
            self.tokens = tokens
            let looksAround = tokens.contains {
                $0.takesSpaceBefore || $0.takesSpaceAfter || $0.isWholeWord
            }
            search = MarkerSearch(names, looksAround: looksAround)
        }
    }

    private let raw: Stage
    private let normalized: Stage
    /// A search for the names of all of them, to cut a text only outside them.
    let markers: MarkerSearch

    /// Whether there is nothing to look for.
    var isEmpty: Bool { markers.isEmpty }

    /// Looks for some tokens.
    /// - Parameters:
    ///   - tokens: The tokens.
    ///   - texts: The names by id.
    ///   - normalize: Normalizes the names that are looked for in normalized text.
    init(_ tokens: [AddedToken], in texts: TokenTexts, normalize: ([UInt8]) -> [UInt8] = { $0 }) {
        func name(_ token: AddedToken) -> [UInt8] { Array(texts[Int(token.id)]) }
        let first = tokens.filter { !$0.isNormalized }
        raw = Stage(first, names: first.map(name))
        // Normalization may make two names equal; the later token then wins.
        var byName: [[UInt8]: AddedToken] = [:]
        for token in tokens where token.isNormalized {
            let name = normalize(name(token))
            if !name.isEmpty { byName[name] = token }
        }
        let second = byName.sorted { $0.value.id < $1.value.id }
        normalized = Stage(second.map(\.value), names: second.map(\.key))
        let all = Stage(tokens, names: tokens.map(name))
        markers = all.search
    }

    /// Calls `body` with the parts of a text in order.
    /// - Parameters:
    ///   - text: The text.
    ///   - normalize: Normalizes what is left between tokens before the others are looked for; nil
    ///     when it stays as it is.
    ///   - body: Takes a part.
    func forEachPart(
        of text: UnsafeBufferPointer<UInt8>,
        normalize: (UnsafeBufferPointer<UInt8>) -> [UInt8]? = { _ in nil },
        _ body: (Part) throws -> Void
    ) rethrows {
        try Self.forEachPart(of: text, raw) { part in
            guard case .text(let text) = part else { return try body(part) }
            guard let changed = normalize(text) else {
                return try Self.forEachPart(of: text, normalized, body)
            }
            try changed.withUnsafeBufferPointer {
                try Self.forEachPart(of: $0, normalized, body)
            }
        }
    }

    private static func forEachPart(
        of text: UnsafeBufferPointer<UInt8>,
        _ stage: Stage,
        _ body: (Part) throws -> Void
    ) rethrows {
        func emit(_ range: Range<Int>) throws {
            if !range.isEmpty { try body(.text(UnsafeBufferPointer(rebasing: text[range]))) }
        }
        var (start, position) = (0, 0)
        while let (range, index) = stage.search.first(in: text, from: position) {
            let token = stage.tokens[index]
            position = range.upperBound
            if token.isWholeWord, touchesWord(text, range) { continue }
            var (lower, upper) = (range.lowerBound, range.upperBound)
            if token.takesSpaceBefore {
                lower = startOfWhitespace(text, before: lower, notBefore: min(start, lower))
            }
            // A name within the whitespace after the previous token extends no further than that
            // whitespace, which need not be found again.
            if token.takesSpaceAfter {
                upper = upper < start ? start : endOfWhitespace(text, from: upper)
            }
            // A name may begin in whitespace that the previous token took.
            if start < lower { try emit(start..<lower) }
            try body(.token(token.id))
            start = upper
        }
        try emit(start..<text.count)
    }

    // MARK: What is next to a name

    private static func touchesWord(
        _ text: UnsafeBufferPointer<UInt8>,
        _ range: Range<Int>
    ) -> Bool {
        let before = scalar(text, before: range.lowerBound).map { isWord($0.scalar) } ?? false
        return before || scalar(text, at: range.upperBound).map { isWord($0.scalar) } ?? false
    }

    /// Whether a character is part of a word, as `\w` defines it.
    private static func isWord(_ scalar: UInt32) -> Bool {
        let properties = Unicode.Scalar(scalar)?.properties
        switch properties?.generalCategory {
        case .nonspacingMark, .spacingMark, .enclosingMark, .decimalNumber, .connectorPunctuation:
            return true
        default: return properties?.isAlphabetic == true
        }
    }

    private static func startOfWhitespace(
        _ text: UnsafeBufferPointer<UInt8>,
        before end: Int,
        notBefore limit: Int
    ) -> Int {
        var start = end
        while start > limit, let (scalar, length) = scalar(text, before: start),
            CharacterClass(of: scalar) == .whitespace, start - length >= limit
        {
            start -= length
        }
        return start
    }

    private static func endOfWhitespace(
        _ text: UnsafeBufferPointer<UInt8>,
        from start: Int
    ) -> Int {
        var end = start
        while let (scalar, length) = scalar(text, at: end),
            CharacterClass(of: scalar) == .whitespace
        {
            end += length
        }
        return end
    }

    private static func scalar(
        _ text: UnsafeBufferPointer<UInt8>,
        at index: Int
    ) -> (scalar: UInt32, length: Int)? {
        guard index < text.count,
            case .scalar(let scalar, let length) = UTF8Sequence(
                startOf: UnsafeBufferPointer(rebasing: text[index...])
            )
        else { return nil }
        return (scalar, length)
    }

    private static func scalar(
        _ text: UnsafeBufferPointer<UInt8>,
        before end: Int
    ) -> (scalar: UInt32, length: Int)? {
        guard end > 0 else { return nil }
        var start = end - 1
        while start > 0, start > end - 4, text[start] & 0xC0 == 0x80 { start -= 1 }
        guard let found = scalar(text, at: start), found.length == end - start else { return nil }
        return found
    }
}
