// Text out of tokens that arrive one by one, as a model generates them, and out of their bytes,
// which may be anything. The standard library repairs bytes that are no UTF-8; here it must be
// known where a sequence is invalid and where it is only unfinished.

/// Turns tokens that arrive one by one into text, without ever showing half a character.
///
/// What all calls return, joined, is what decoding all tokens at once gives.
///
/// ```swift
/// var decoder = StreamingDecoder(tokenizer, after: prompt.last)
/// for id in ids { print(try decoder.append(id), terminator: "") }
/// print(decoder.finish())
/// ```
package struct StreamingDecoder: Sendable {
    private let tokens: any TokenDecoder
    private var previous: TokenID?
    private var characters = StreamingUTF8Decoder()

    /// Starts with nothing pending.
    /// - Parameters:
    ///   - tokens: What the ids stand for.
    ///   - previous: The token before the first one; nil at the start of a sequence.
    package init(_ tokens: any TokenDecoder, after previous: TokenID? = nil) {
        self.tokens = tokens
        self.previous = previous
    }

    /// Takes the next token and returns the characters it completes, which may be none.
    /// - Throws: ``TextTokenizerError/unknownToken(id:vocabularySize:)``.
    package mutating func append(_ id: TokenID) throws -> String {
        let bytes = try tokens.bytes(of: id, after: previous)
        previous = tokens.context(after: id, previous)
        return characters.append(bytes)
    }

    /// Ends the text and returns U+FFFD if a character was left unfinished, otherwise nothing.
    package mutating func finish() -> String {
        characters.finish()
    }
}

/// Turns bytes that arrive in pieces into text, without ever showing half a character.
///
/// What all calls return, joined, equals `String(decoding:as:)` of all bytes, joined: sequences
/// that can no longer become UTF-8 are replaced by U+FFFD as soon as that is certain.
///
/// ```swift
/// var decoder = StreamingUTF8Decoder()
/// for id in ids { print(decoder.append(vocabulary.bytes(of: id)), terminator: "") }
/// print(decoder.finish())
/// ```
package struct StreamingUTF8Decoder: Sendable {
    // The start of one character, three bytes at most.
    private var pending: [UInt8] = []

    /// Starts with nothing pending.
    package init() {}

    /// Takes the next bytes and returns the characters they complete.
    ///
    /// A `Character` of several scalars, such as an emoji with a modifier, may be spread over
    /// several calls; only scalars are kept whole.
    package mutating func append(_ bytes: some Sequence<UInt8>) -> String {
        pending.append(contentsOf: bytes)
        let end = pending.count - incompleteSuffixByteCount
        let text = String(decoding: pending[..<end], as: UTF8.self)
        pending.removeFirst(end)
        return text
    }

    /// Ends the text and returns U+FFFD if a character was left unfinished, otherwise nothing.
    ///
    /// The decoder can then be used again.
    package mutating func finish() -> String {
        defer { pending.removeAll() }
        return String(decoding: pending, as: UTF8.self)
    }

    /// How many of the last bytes are the start of a character that may still be completed.
    private var incompleteSuffixByteCount: Int {
        pending.withUnsafeBufferPointer { bytes in
            for count in 1...3 where count <= bytes.count {
                let suffix = UnsafeBufferPointer(rebasing: bytes.suffix(count))
                if UTF8Sequence(startOf: suffix) == .incomplete { return count }
                // A byte that is not a continuation starts its own sequence; nothing before it
                // matters.
                if suffix[0] & 0xC0 != 0x80 { break }
            }
            return 0
        }
    }
}

/// What some bytes begin with, read as UTF-8.
enum UTF8Sequence: Equatable {
    /// A scalar value, and the number of bytes it takes.
    case scalar(UInt32, length: Int)
    /// A byte that begins no valid sequence, whatever follows.
    case invalid
    /// All the bytes are used, and more could complete them to a scalar.
    case incomplete

    /// Reads the sequence at the start of `bytes`.
    ///
    /// Overlong forms, surrogates and values past U+10FFFF are invalid (Unicode, table 3-7).
    /// - Precondition: `bytes` is not empty.
    init(startOf bytes: UnsafeBufferPointer<UInt8>) {
        let first = bytes[0]
        let length: Int
        // The second byte's range is narrower after these leads; all others are 80...BF.
        var second: ClosedRange<UInt8> = 0x80...0xBF
        switch first {
        case 0x00...0x7F:
            self = .scalar(UInt32(first), length: 1)
            return
        case 0xC2...0xDF:
            length = 2
        case 0xE0...0xEF:
            length = 3
            if first == 0xE0 { second = 0xA0...0xBF }
            if first == 0xED { second = 0x80...0x9F }
        case 0xF0...0xF4:
            length = 4
            if first == 0xF0 { second = 0x90...0xBF }
            if first == 0xF4 { second = 0x80...0x8F }
        default:
            self = .invalid
            return
        }
        // The lead's payload: 5, 4 or 3 bits.
        var scalar = UInt32(first) & (0x7F >> UInt32(length))
        for i in 1..<length {
            guard i < bytes.count else {
                self = .incomplete
                return
            }
            let isValid = i == 1 ? second.contains(bytes[i]) : bytes[i] & 0xC0 == 0x80
            guard isValid else {
                self = .invalid
                return
            }
            scalar = scalar << 6 | UInt32(bytes[i] & 0x3F)
        }
        self = .scalar(scalar, length: length)
    }
}
