// A message of protocol buffers, field by field. TensorBoard's events need four kinds of fields; a
// library for all kinds, with the code it generates, would take longer to build than this target.

/// A message as its bytes are written.
struct ProtobufMessage {
    /// The fields so far.
    private(set) var bytes: [UInt8] = []

    private enum WireType: UInt64 {
        case varint = 0
        case fixed64 = 1
        case lengthDelimited = 2
        case fixed32 = 5
    }

    /// Adds an integer or the case of an enumeration; one that is negative in two's complement.
    mutating func add(_ field: UInt64, integer: Int) {
        add(field, .varint)
        add(varint: UInt64(bitPattern: Int64(integer)))
    }

    /// Adds a number of double precision.
    mutating func add(_ field: UInt64, double: Double) {
        add(field, .fixed64)
        bytes += double.bitPattern.littleEndianBytes
    }

    /// Adds a number of single precision.
    mutating func add(_ field: UInt64, float: Float) {
        add(field, .fixed32)
        bytes += float.bitPattern.littleEndianBytes
    }

    /// Adds a text.
    mutating func add(_ field: UInt64, text: String) {
        add(field, .lengthDelimited)
        add(varint: UInt64(text.utf8.count))
        bytes += text.utf8
    }

    /// Adds a message of its own fields.
    mutating func add(_ field: UInt64, _ fill: (inout ProtobufMessage) -> Void) {
        var message = ProtobufMessage()
        fill(&message)
        add(field, .lengthDelimited)
        add(varint: UInt64(message.bytes.count))
        bytes += message.bytes
    }

    private mutating func add(_ field: UInt64, _ type: WireType) {
        add(varint: field << 3 | type.rawValue)
    }

    /// Seven bits a byte, the lowest first; the top bit says that more follow.
    private mutating func add(varint value: UInt64) {
        var rest = value
        while rest >= 0x80 {
            bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        bytes.append(UInt8(rest))
    }
}

extension FixedWidthInteger {
    /// The bytes, the lowest first.
    var littleEndianBytes: [UInt8] {
        stride(from: 0, to: Self.bitWidth, by: 8).map { UInt8(truncatingIfNeeded: self >> $0) }
    }
}
