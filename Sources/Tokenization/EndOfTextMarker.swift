// The text that stands for the end-of-text token, and where it occurs.

/// What it means when a text contains the name of the end-of-text token, `<|endoftext|>`.
public enum EndOfTextMarker: Sendable {
    /// Nothing: it is encoded like any other text, so no document can end itself.
    case text
    /// The end-of-text token. What stands before and after it is encoded apart, as two texts.
    case token
}

/// A search for the marker in bytes.
package struct MarkerSearch: Sendable {
    /// GPT-2's name of the end-of-text token, which files of many texts put between them.
    package static let endOfText = MarkerSearch(marker: Array(VocabularyJSON.endOfTextName.utf8))

    let marker: [UInt8]

    /// Where the first marker at or after `start` begins.
    private func first(in bytes: UnsafeBufferPointer<UInt8>, from start: Int) -> Int? {
        var index = start
        while index + marker.count <= bytes.count {
            // Few texts have the marker's first byte at all.
            guard let candidate = bytes[index...].firstIndex(of: marker[0]) else { return nil }
            if isMarker(bytes, at: candidate) { return candidate }
            index = candidate + 1
        }
        return nil
    }

    /// Calls `body` with each text between markers, and whether a marker follows it.
    package func forEachText(
        in bytes: UnsafeBufferPointer<UInt8>,
        _ body: (UnsafeBufferPointer<UInt8>, _ endsWithMarker: Bool) throws -> Void
    ) rethrows {
        var start = 0
        while let end = first(in: bytes, from: start) {
            try body(UnsafeBufferPointer(rebasing: bytes[start..<end]), true)
            start = end + marker.count
        }
        try body(UnsafeBufferPointer(rebasing: bytes[start...]), false)
    }

    /// Whether a marker begins before `index` and ends after it.
    func covers(_ index: Int, in bytes: UnsafeBufferPointer<UInt8>) -> Bool {
        (max(0, index - marker.count + 1)..<index).contains { isMarker(bytes, at: $0) }
    }

    /// Where the bytes that may be the start of a marker begin, at the end of `bytes`.
    package func incompleteSuffix(of bytes: UnsafeBufferPointer<UInt8>) -> Int? {
        (max(0, bytes.count - marker.count + 1)..<bytes.count).first {
            marker.starts(with: bytes[$0...])
        }
    }

    private func isMarker(_ bytes: UnsafeBufferPointer<UInt8>, at index: Int) -> Bool {
        index + marker.count <= bytes.count
            && bytes[index..<index + marker.count].elementsEqual(marker)
    }
}
