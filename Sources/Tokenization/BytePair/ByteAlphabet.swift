// GPT-2's way of writing arbitrary bytes as printable text, used in its JSON and merges files.
// llm.c's files hold raw bytes and need none of this.

/// A one-to-one map between the 256 bytes and 256 printable characters.
///
/// Printable Latin-1 characters stand for themselves; the other 68 bytes, in ascending order, are
/// U+0100, U+0101 and so on. A space is U+0120.
enum ByteAlphabet {
    private static let printable: [UInt8] = [0x21...0x7E, 0xA1...0xAC, 0xAE...0xFF].flatMap { $0 }

    /// All bytes in the order of GPT-2's first 256 token ids, which is the order of their
    /// characters.
    static let order: [UInt8] = printable + (0...255).filter { !printable.contains($0) }

    /// The character of each byte, as a scalar value.
    static let scalars: [UInt32] = {
        var scalars = (0...255).map { UInt32($0) }
        for (index, byte) in order.dropFirst(printable.count).enumerated() {
            scalars[Int(byte)] = 0x100 + UInt32(index)
        }
        return scalars
    }()

    /// The byte that each scalar below 0x144 stands for, or nil.
    private static let bytes: [UInt8?] = {
        var bytes = [UInt8?](repeating: nil, count: 0x144)
        for byte in order { bytes[Int(scalars[Int(byte)])] = byte }
        return bytes
    }()

    /// The byte that a scalar value stands for, or nil if it is not in the alphabet.
    static func byte(of scalar: UInt32) -> UInt8? {
        scalar < bytes.count ? bytes[Int(scalar)] : nil
    }

    /// The printable form of some bytes.
    static func text(of bytes: some Sequence<UInt8>) -> String {
        String(decoding: utf8(of: bytes), as: UTF8.self)
    }

    /// The printable form of some bytes, in UTF-8.
    static func utf8(of bytes: some Sequence<UInt8>) -> [UInt8] {
        var text: [UInt8] = []
        text.reserveCapacity(2 * bytes.underestimatedCount)
        for byte in bytes {
            let scalar = scalars[Int(byte)]
            if scalar < 0x80 {
                text.append(UInt8(scalar))
            } else {
                text.append(0xC0 | UInt8(scalar >> 6))
                text.append(0x80 | UInt8(scalar & 0x3F))
            }
        }
        return text
    }
}

extension ByteAlphabet {
    /// Replaces `bytes` by the bytes that a name in UTF-8 stands for; false when the name has other
    /// characters.
    static func decode(_ name: ArraySlice<UInt8>, into bytes: inout [UInt8]) -> Bool {
        bytes.removeAll(keepingCapacity: true)
        return name.withUnsafeBufferPointer { name in
            var index = 0
            while index < name.count {
                var scalar = UInt32(name[index])
                index += 1
                // Characters of the alphabet have at most two bytes.
                if scalar >= 0x80 {
                    guard 0xC2...0xDF ~= scalar, index < name.count, name[index] & 0xC0 == 0x80
                    else { return false }
                    scalar = (scalar & 0x1F) << 6 | UInt32(name[index] & 0x3F)
                    index += 1
                }
                guard let byte = byte(of: scalar) else { return false }
                bytes.append(byte)
            }
            return true
        }
    }
}
