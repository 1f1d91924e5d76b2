// Text to pieces: byte pair encoding the SentencePiece way, which looks at the strings that
// neighbors make together rather than at a list of merges. This is for one thread;
// SentencePieceTokenizer.swift has the pool.

/// The working state of encoding: what one thread needs besides the vocabulary.
///
/// It merges the neighbors that make the piece with the best score, the leftmost of equal ones,
/// until none make a piece.
struct SentencePieceEncoder: Sendable {
    /// A character, or what characters have been merged into; one of a linked list.
    private struct Symbol {
        /// Its first byte in the text; its last is before the next symbol's first.
        var start: Int
        var previous: Int
        var next: Int
        /// Whether it must not be merged.
        var isFrozen: Bool
        /// The piece it makes with the next symbol, or -1.
        var pair: TokenID
    }

    private var symbols: [Symbol] = []
    // Score above position: the order of merging. Entries stay when their pair disappears; they are
    // recognized by a score that is no longer that of the position's pair.
    private var queue = Heap<UInt64>()
    /// Where each unused piece was last put together, as the length of its left part.
    private var splits: [TokenID: Int] = [:]
    /// Whether pieces that may be markers are left out.
    private var leavesOutMarkers = false

    /// Appends the pieces of a text to `output`.
    ///
    /// - Parameters:
    ///   - text: The text, with the dummy prefix if there is one. Each byte that is not UTF-8 is
    ///     treated as a character.
    ///   - vocabulary: The pieces.
    ///   - leavingOutMarkers: Whether no text becomes a user-defined piece that may be a marker.
    ///   - output: Where ids are appended.
    /// - Complexity: O(n log n) for n bytes.
    mutating func encode(
        _ text: UnsafeBufferPointer<UInt8>,
        with vocabulary: SentencePieceVocabulary,
        leavingOutMarkers: Bool = false,
        into output: inout [TokenID]
    ) {
        leavesOutMarkers = leavingOutMarkers
        let firstOutput = output.count
        var start = 0
        while start < text.count {
            var end = text.count
            if vocabulary.splitsAtSpaces {
                end = start + 1
                while end < text.count, text[end] != 0x20 || text[end - 1] == 0x20 { end += 1 }
            }
            let part = UnsafeBufferPointer(rebasing: text[start..<end])
            merge(part, with: vocabulary)
            emit(part, with: vocabulary, into: &output, from: firstOutput)
            start = end
        }
    }

    /// The piece with these bytes, unless it is left out.
    private func piece(
        _ bytes: UnsafeBufferPointer<UInt8>,
        _ vocabulary: SentencePieceVocabulary
    ) -> TokenID? {
        vocabulary.id(of: bytes).flatMap { isLeftOut($0, vocabulary) ? nil : $0 }
    }

    private func isLeftOut(_ id: TokenID, _ vocabulary: SentencePieceVocabulary) -> Bool {
        leavesOutMarkers && vocabulary.markers.contains(id)
    }

    // MARK: Merging

    private mutating func merge(
        _ text: UnsafeBufferPointer<UInt8>,
        with vocabulary: SentencePieceVocabulary
    ) {
        precondition(text.count <= UInt32.max, "a text of \(text.count) bytes is too long")
        split(text, with: vocabulary)
        splits.removeAll()
        for position in symbols.indices { updatePair(at: position, text, vocabulary) }
        while let first = queue.popMinimum() {
            let position = Int(first & 0xFFFF_FFFF)
            let pair = symbols[position].pair
            guard pair >= 0, vocabulary.mergeOrder[Int(pair)] == UInt32(first >> 32) else {
                continue
            }
            let removed = symbols[position].next
            let following = symbols[removed].next
            symbols[removed].pair = -1
            symbols[position].next = following
            if following < symbols.count { symbols[following].previous = position }
            if position > 0 { updatePair(at: symbols[position].previous, text, vocabulary) }
            updatePair(at: position, text, vocabulary)
        }
    }

    /// Makes a symbol of each character and each user-defined piece.
    private mutating func split(
        _ text: UnsafeBufferPointer<UInt8>,
        with vocabulary: SentencePieceVocabulary
    ) {
        symbols.removeAll(keepingCapacity: true)
        var start = 0
        while start < text.count {
            let rest = UnsafeBufferPointer(rebasing: text[start...])
            let userDefined = vocabulary.userDefined[rest[0]]?
                .first { !isLeftOut($0, vocabulary) && rest.starts(with: vocabulary.text(of: $0)) }
            let position = symbols.count
            symbols.append(
                Symbol(
                    start: start,
                    previous: max(position, 1) - 1,
                    next: position + 1,
                    isFrozen: userDefined != nil,
                    pair: -1
                )
            )
            if let userDefined {
                start += vocabulary.text(of: userDefined).count
            } else if case .scalar(_, let length) = UTF8Sequence(startOf: rest) {
                start += length
            } else {
                start += 1
            }
        }
    }

    /// Finds the piece that the symbol at `position` makes with the next one.
    private mutating func updatePair(
        at position: Int,
        _ text: UnsafeBufferPointer<UInt8>,
        _ vocabulary: SentencePieceVocabulary
    ) {
        let next = symbols[position].next
        symbols[position].pair = -1
        guard next < symbols.count, !symbols[position].isFrozen, !symbols[next].isFrozen else {
            return
        }
        let start = symbols[position].start
        let joined = UnsafeBufferPointer(rebasing: text[start..<end(of: next, text)])
        guard let pair = piece(joined, vocabulary) else { return }
        symbols[position].pair = pair
        queue.insert(UInt64(vocabulary.mergeOrder[Int(pair)]) << 32 | UInt64(position))
        if vocabulary.kind(of: pair) == .unused { splits[pair] = symbols[next].start - start }
    }

    private func end(of position: Int, _ text: UnsafeBufferPointer<UInt8>) -> Int {
        let next = symbols[position].next
        return next < symbols.count ? symbols[next].start : text.count
    }

    // MARK: Output

    private func emit(
        _ text: UnsafeBufferPointer<UInt8>,
        with vocabulary: SentencePieceVocabulary,
        into output: inout [TokenID],
        from firstOutput: Int
    ) {
        var position = 0
        while position < symbols.count {
            let range = symbols[position].start..<end(of: position, text)
            let bytes = UnsafeBufferPointer(rebasing: text[range])
            emitSymbol(bytes, with: vocabulary, into: &output, from: firstOutput)
            position = symbols[position].next
        }
    }

    private func emitSymbol(
        _ bytes: UnsafeBufferPointer<UInt8>,
        with vocabulary: SentencePieceVocabulary,
        into output: inout [TokenID],
        from firstOutput: Int
    ) {
        let id = piece(bytes, vocabulary)
        if let id, vocabulary.kind(of: id) != .unused {
            output.append(id)
        } else if let id, let split = splits[id] {
            for part in [bytes[..<split], bytes[split...]] {
                let part = UnsafeBufferPointer(rebasing: part)
                emitSymbol(part, with: vocabulary, into: &output, from: firstOutput)
            }
        } else if !vocabulary.byteIDs.isEmpty {
            for byte in vocabulary.escaped(bytes) {
                output.append(vocabulary.byteIDs[Int(byte)])
            }
        } else if let unknown = vocabulary.unknown,
            output.count == firstOutput || output[output.count - 1] != unknown
        {
            // A run of unknown characters is one unknown piece.
            output.append(unknown)
        }
    }
}
