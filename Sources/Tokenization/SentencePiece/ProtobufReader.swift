// The part of protocol buffers' wire format that is needed to read a message without groups or
// packed fields. The caller knows which field means what.

/// A cursor over the fields of one message.
struct ProtobufReader {
    /// What a field holds, undecoded.
    enum Value {
        case varint(UInt64)
        case fixed32(UInt32)
        case fixed64(UInt64)
        case bytes(Slice<UnsafeRawBufferPointer>)
    }

    /// Why bytes are not a message.
    struct Malformed: Error {
        /// Its offset from the start of the file.
        let offset: Int
        let expected: String
    }

    private var rest: Slice<UnsafeRawBufferPointer>

    /// Starts at the first field.
    /// - Parameter message: A slice of the whole file, whose indices are offsets in it; the reader
    ///   must not outlive it.
    init(_ message: Slice<UnsafeRawBufferPointer>) {
        rest = message
    }

    /// The next field's number and value, or nil at the end of the message.
    /// - Throws: ``Malformed``.
    mutating func next() throws -> (field: Int, value: Value)? {
        if rest.isEmpty { return nil }
        let start = rest.startIndex
        let tag = try varint()
        // Field numbers have 29 bits; the lowest three bits of a tag say how the value is stored.
        let field = Int(tag >> 3)
        guard tag <= UInt32.max, field > 0 else {
            throw Malformed(offset: start, expected: "a field of a message")
        }
        switch tag & 7 {
        case 0: return (field, .varint(try varint()))
        case 1: return (field, .fixed64(try integer()))
        case 2:
            let length = try varint()
            guard length <= rest.count else {
                throw Malformed(
                    offset: start,
                    expected: "a field of at most \(rest.count) bytes, as many as remain"
                )
            }
            return (field, .bytes(take(Int(length))))
        case 5: return (field, .fixed32(try integer()))
        default: throw Malformed(offset: start, expected: "a field of a known wire type")
        }
    }

    private mutating func varint() throws -> UInt64 {
        let start = rest.startIndex
        var value: UInt64 = 0
        // Seven bits per byte: ten bytes hold 64 bits.
        for shift in stride(from: 0, to: 70, by: 7) {
            guard let byte = rest.popFirst() else { break }
            value |= UInt64(byte & 0x7F) << UInt64(shift)
            if byte < 0x80 { return value }
        }
        throw Malformed(offset: start, expected: "an integer of at most ten bytes")
    }

    private mutating func integer<T: FixedWidthInteger & BitwiseCopyable>() throws -> T {
        let size = MemoryLayout<T>.size
        guard rest.count >= size else {
            throw Malformed(offset: rest.startIndex, expected: "\(size) more bytes")
        }
        let bytes = UnsafeRawBufferPointer(rebasing: take(size))
        return T(littleEndian: bytes.loadUnaligned(as: T.self))
    }

    private mutating func take(_ count: Int) -> Slice<UnsafeRawBufferPointer> {
        defer { rest = rest.dropFirst(count) }
        return rest.prefix(count)
    }
}
