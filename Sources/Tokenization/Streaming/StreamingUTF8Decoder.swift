// Text out of bytes that arrive in pieces, as a model's tokens do. Knows nothing of tokens.

/// Turns bytes that arrive in pieces into text, without ever showing half a character.
///
/// What all calls return, joined, equals `String(decoding:as:)` of all bytes, joined: sequences
/// that cannot become UTF-8 any more are replaced by U+FFFD as soon as that is certain.
///
/// ```swift
/// var decoder = StreamingUTF8Decoder()
/// for id in ids { print(decoder.append(vocabulary.bytes(of: id)), terminator: "") }
/// print(decoder.finish())
/// ```
public struct StreamingUTF8Decoder: Sendable {
    // The start of one character, three bytes at most.
    private var pending: [UInt8] = []

    /// Starts with nothing pending.
    public init() {}

    /// Takes the next bytes and returns the characters they complete.
    ///
    /// A `Character` of several scalars, such as an emoji with a modifier, may be spread over
    /// several calls; only scalars are kept whole.
    public mutating func append(_ bytes: some Sequence<UInt8>) -> String {
        pending.append(contentsOf: bytes)
        let end = pending.count - incompleteSuffixByteCount
        let text = String(decoding: pending[..<end], as: UTF8.self)
        pending.removeFirst(end)
        return text
    }

    /// Ends the text and returns U+FFFD if a character was left unfinished, else nothing.
    ///
    /// The decoder is then as new.
    public mutating func finish() -> String {
        defer { pending.removeAll() }
        return String(decoding: pending, as: UTF8.self)
    }

    /// How many of the last bytes are the start of a character that may still be completed.
    private var incompleteSuffixByteCount: Int {
        pending.withUnsafeBufferPointer { bytes in
            for count in 1...3 where count <= bytes.count {
                let suffix = UnsafeBufferPointer(rebasing: bytes.suffix(count))
                if UTF8Sequence(startOf: suffix) == .incomplete { return count }
                // A byte that is no continuation starts its own sequence; nothing before matters.
                if suffix[0] & 0xC0 != 0x80 { break }
            }
            return 0
        }
    }
}
