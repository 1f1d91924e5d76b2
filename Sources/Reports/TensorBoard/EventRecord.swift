// The frame that TensorFlow's record files put around the bytes of an event: their number, and
// checksums of it and of them, by which a reader knows a record that is torn or damaged.

/// Frames of records.
enum EventRecord {
    /// `bytes` as a record holds them.
    static func framing(_ bytes: [UInt8]) -> [UInt8] {
        let length = UInt64(bytes.count).littleEndianBytes
        return length + checksum(length).littleEndianBytes + bytes
            + checksum(bytes).littleEndianBytes
    }

    /// The CRC-32C of `bytes`, turned and moved as the format asks for: bytes that hold a checksum
    /// of their own would else have one that says nothing.
    static func checksum(_ bytes: [UInt8]) -> UInt32 {
        let crc = ~bytes.reduce(~0) { crc, byte in
            table[Int(UInt8(truncatingIfNeeded: crc) ^ byte)] ^ crc >> 8
        }
        return (crc >> 15 | crc << 17) &+ 0xA282_EAD8
    }

    /// What each value of the lowest byte does to the rest: Castagnoli's polynomial, bits reversed.
    private static let table: [UInt32] = (0..<256).map { byte in
        (0..<8).reduce(UInt32(byte)) { crc, _ in crc & 1 == 0 ? crc >> 1 : crc >> 1 ^ 0x82F6_3B78 }
    }
}
