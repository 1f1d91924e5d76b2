// Finding stop strings in a text that arrives in pieces. Strings are compared as UTF-8; tokens are
// not known here.

/// Lets a text through up to the first stop string, which it omits.
///
/// Text is held back exactly as long as it may still become a stop string. What is let through does
/// not depend on how the text is cut into pieces: the stop string that is complete first counts,
/// and of those complete at the same time the longest.
struct StopStringMatcher {
    /// Whether a stop string was found; the text has then ended.
    private(set) var isStopped = false
    private var patterns: [Pattern]
    /// The end of the text so far that may become a stop string.
    private var heldBack: [UInt8] = []

    /// - Precondition: no stop string is empty.
    init(_ stopStrings: [String]) {
        patterns = stopStrings.map { Pattern(Array($0.utf8)) }
    }

    /// Takes more text and returns what is certainly not part of a stop string.
    mutating func append(_ text: String) -> String {
        if isStopped { return "" }
        if patterns.isEmpty { return text }
        for byte in text.utf8 {
            heldBack.append(byte)
            var found = 0
            for index in patterns.indices where patterns[index].advance(byte) {
                found = max(found, patterns[index].count)
            }
            if found > 0 {
                isStopped = true
                return take(allBut: found, thenDrop: true)
            }
        }
        return take(allBut: patterns.reduce(0) { max($0, $1.matchedCount) }, thenDrop: false)
    }

    /// Ends the text and returns what was held back.
    mutating func finish() -> String {
        isStopped ? "" : take(allBut: 0, thenDrop: true)
    }

    /// What is held back, without its last bytes.
    ///
    /// These start a stop string, and so a character: what precedes them is complete.
    private mutating func take(allBut count: Int, thenDrop: Bool) -> String {
        let text = String(decoding: heldBack.dropLast(count), as: UTF8.self)
        heldBack.removeFirst(thenDrop ? heldBack.count : heldBack.count - count)
        return text
    }
}

/// A string being searched for (Knuth, Morris & Pratt 1977).
private struct Pattern {
    private let bytes: [UInt8]
    /// The length of the longest proper prefix of the first i + 1 bytes that is also their suffix.
    private let borders: [Int]
    /// How many bytes of the string the text so far ends with.
    private(set) var matchedCount = 0

    var count: Int { bytes.count }

    init(_ bytes: [UInt8]) {
        precondition(!bytes.isEmpty, "an empty stop string")
        var borders = [0]
        for byte in bytes.dropFirst() {
            borders.append(Self.advance(borders[borders.count - 1], byte, bytes, borders))
        }
        self.bytes = bytes
        self.borders = borders
    }

    /// Takes the next byte of the text; true when the pattern is complete, after which it must not
    /// be used.
    mutating func advance(_ byte: UInt8) -> Bool {
        matchedCount = Self.advance(matchedCount, byte, bytes, borders)
        return matchedCount == bytes.count
    }

    private static func advance(
        _ matched: Int,
        _ byte: UInt8,
        _ bytes: [UInt8],
        _ borders: [Int]
    ) -> Int {
        var matched = matched
        while matched > 0 && bytes[matched] != byte { matched = borders[matched - 1] }
        return bytes[matched] == byte ? matched + 1 : 0
    }
}
