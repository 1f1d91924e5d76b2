// A checksum of large data at the speed of memory. It catches every accident but no forger; that
// takes SHA-256, which is a hundred times slower.

/// A 64-bit checksum of bytes that arrive in blocks.
///
/// Each of eight lanes takes every eighth word. A step maps a lane's states one to one, so a change
/// of any one word always changes the result.
package struct ContentDigest {
    /// Bytes of a block; only the last may be shorter.
    static let blockSize = 1 << 24

    private var lanes = SIMD8<UInt64>(0, 1, 2, 3, 4, 5, 6, 7)
    private var byteCount = 0

    /// The checksum of no bytes.
    package init() {}

    // 2^64 divided by the golden ratio: odd, so no product loses information.
    private static let factor: UInt64 = 0x9e37_79b9_7f4a_7c15

    /// Adds the next block.
    package mutating func update(_ bytes: UnsafeRawBufferPointer) {
        let width = MemoryLayout<SIMD8<UInt64>>.size
        precondition(byteCount % width == 0, "a block follows a shorter one")
        byteCount += bytes.count
        var (state, offset) = (lanes, 0)
        while offset + width <= bytes.count {
            Self.mix(&state, bytes.loadUnaligned(fromByteOffset: offset, as: SIMD8<UInt64>.self))
            offset += width
        }
        if offset < bytes.count {
            var last = SIMD8<UInt64>.zero
            withUnsafeMutableBytes(of: &last) {
                $0.copyMemory(from: UnsafeRawBufferPointer(rebasing: bytes[offset...]))
            }
            Self.mix(&state, last)
        }
        lanes = state
    }

    /// The checksum of all blocks, as sixteen hexadecimal digits.
    package var hexadecimal: String {
        var result = UInt64(byteCount)
        for lane in 0..<lanes.scalarCount {
            result ^= lanes[lane]
            result = (result ^ result >> 32) &* Self.factor
        }
        let digits = String(result, radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits
    }

    @inline(__always)
    private static func mix(_ lanes: inout SIMD8<UInt64>, _ words: SIMD8<UInt64>) {
        // A product changes only higher bits: the shift brings high bits low to act on all of them,
        // and the rotation moves what changed back down.
        var mixed = lanes ^ words
        mixed = (mixed ^ mixed &>> 32) &* factor
        lanes = mixed &<< 31 | mixed &>> 33
    }
}
