// Where a text can be cut so that its parts can be encoded apart. The rules of words are
// PreTokenizer's; this adds those of the end-of-text marker.

/// Finds cuts in bytes that may continue after their end.
struct TextCutter {
    private let scanner: PreTokenizer
    private let marker: MarkerSearch?

    /// Cuts `bytes`, never inside a `marker`.
    init(_ bytes: UnsafeBufferPointer<UInt8>, marker: MarkerSearch?) {
        scanner = PreTokenizer(bytes)
        self.marker = marker
    }

    /// The last cut in `range`, or nil when there is none.
    /// - Complexity: O(length of `range`); natural text has a cut every few bytes.
    func lastCut(in range: ClosedRange<Int>) -> Int? {
        range.reversed().first { index in
            scanner.isBoundary(at: index)
                && marker?.covers(index, in: scanner.bytes) != true
        }
    }

    /// No index below this will be a cut if it is not one now, whatever follows the bytes.
    var decidedCount: Int {
        // A character has four bytes at most; before it is whole, its class is not known.
        min(undecidedMarker, scanner.bytes.count - 3)
    }

    /// Where a marker may begin that is not complete yet; cuts must not lie behind it.
    var undecidedMarker: Int {
        marker?.incompleteSuffix(of: scanner.bytes) ?? scanner.bytes.count
    }
}
