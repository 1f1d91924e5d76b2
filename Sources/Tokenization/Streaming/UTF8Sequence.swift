// Decoding one UTF-8 sequence from bytes that may be anything. The standard library repairs such
// bytes; here callers must know where a sequence is invalid and where it is only unfinished.

/// What stands at the start of some bytes, read as UTF-8.
enum UTF8Sequence: Equatable {
    /// A scalar value, and the number of bytes it takes.
    case scalar(UInt32, length: Int)
    /// A byte that begins no valid sequence, whatever follows.
    case invalid
    /// All bytes there are, and more could complete them to a scalar.
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
