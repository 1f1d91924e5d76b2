// GPT-2's way of writing any bytes as printable text, which its JSON and merges files use. llm.c's
// files hold raw bytes and need none of this.

/// A one-to-one map between the 256 bytes and 256 printable characters.
///
/// Printable Latin-1 characters stand for themselves; the other 68 bytes, in ascending order, are
/// U+0100, U+0101 and so on. A space is U+0120.
enum ByteAlphabet {
    private static let printable: [UInt8] = [0x21...0x7E, 0xA1...0xAC, 0xAE...0xFF].flatMap { $0 }

    /// All bytes in the order of GPT-2's first 256 token ids, which is that of their characters.
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
        var text = String.UnicodeScalarView()
        // Never nil: no scalar of the alphabet is a surrogate.
        text.append(contentsOf: bytes.lazy.compactMap { Unicode.Scalar(scalars[Int($0)]) })
        return String(text)
    }
}
