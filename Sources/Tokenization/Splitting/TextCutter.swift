// Where a text can be cut so that its parts can be encoded apart. The rules of words are
// SplittingRule's; this adds those of the names of tokens.

/// What decides where a text may be cut.
package struct CuttingRule: Sendable {
    /// How text is cut into words.
    let splitting: SplittingRule
    /// The names of tokens, inside which no text is cut.
    let marker: MarkerSearch?
    /// Whether characters are composed first, so that a cut must stand between two of ASCII.
    var isNormalized = false
    /// Whether a cut must not stand between two spaces, or U+2581 and a space.
    var keepsSpacesTogether = false
    /// Whether no cut is right.
    var isUncut = false

    /// GPT-2's words.
    static func gpt2(marker: MarkerSearch?) -> Self { Self(splitting: .gpt2, marker: marker) }
}

/// Finds cuts in bytes that may continue after their end.
struct TextCutter {
    private let bytes: UnsafeBufferPointer<UInt8>
    private let rule: CuttingRule

    /// Cuts `bytes` by a rule.
    init(_ bytes: UnsafeBufferPointer<UInt8>, _ rule: CuttingRule) {
        self.bytes = bytes
        self.rule = rule
    }

    /// The last cut in `range`, or nil when there is none.
    /// - Complexity: O(length of `range`); natural text has a cut every few bytes.
    func lastCut(in range: ClosedRange<Int>) -> Int? {
        if rule.isUncut { return nil }
        return range.reversed().first { index in
            rule.splitting.isBoundary(bytes, at: index)
                && !(rule.isNormalized && (bytes[index - 1] | bytes[index]) >= 0x80)
                && !(rule.keepsSpacesTogether && isBehindSpace(index))
                && rule.marker?.covers(index, in: bytes) != true
        }
    }

    private func isBehindSpace(_ index: Int) -> Bool {
        bytes[index - 1] == Ascii.space
            || bytes[..<index].suffix(3).elementsEqual(SentencePieceVocabulary.spaceMark)
    }

    /// No index below this will be a cut if it is not one now, whatever follows the bytes.
    var decidedCount: Int {
        // A character has four bytes at most; before it is whole, its class is not known.
        min(undecidedMarker, bytes.count - 3)
    }

    /// Where a marker may begin that is not complete yet; cuts must not lie behind it.
    var undecidedMarker: Int {
        rule.marker?.incompleteSuffix(of: bytes) ?? bytes.count
    }
}
