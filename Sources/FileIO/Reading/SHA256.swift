// SHA-256 (FIPS 180-4, section 6.2), to tell whether a file is the published one, or the text that
// shards were made from. Plain code without the processor's instructions for it: files of gigabytes
// take seconds, so callers should report progress. Not meant for secrets.

/// The checksum of bytes that arrive in order.
package struct SHA256: Sendable {
    private var state: [UInt32] = [
        0x6A09_E667, 0xBB67_AE85, 0x3C6E_F372, 0xA54F_F53A,
        0x510E_527F, 0x9B05_688C, 0x1F83_D9AB, 0x5BE0_CD19,
    ]
    /// The bytes since the last whole block.
    private var pending: [UInt8] = []
    private var byteCount: UInt64 = 0
    /// The message schedule of a block; kept because allocating it would take longer than filling
    /// it.
    private var w = [UInt32](repeating: 0, count: 64)

    private static let blockSize = 64

    /// The first 32 bits of the fractional parts of the cube roots of the first 64 primes.
    private static let constants: [UInt32] = [
        0x428A_2F98, 0x7137_4491, 0xB5C0_FBCF, 0xE9B5_DBA5,
        0x3956_C25B, 0x59F1_11F1, 0x923F_82A4, 0xAB1C_5ED5,
        0xD807_AA98, 0x1283_5B01, 0x2431_85BE, 0x550C_7DC3,
        0x72BE_5D74, 0x80DE_B1FE, 0x9BDC_06A7, 0xC19B_F174,
        0xE49B_69C1, 0xEFBE_4786, 0x0FC1_9DC6, 0x240C_A1CC,
        0x2DE9_2C6F, 0x4A74_84AA, 0x5CB0_A9DC, 0x76F9_88DA,
        0x983E_5152, 0xA831_C66D, 0xB003_27C8, 0xBF59_7FC7,
        0xC6E0_0BF3, 0xD5A7_9147, 0x06CA_6351, 0x1429_2967,
        0x27B7_0A85, 0x2E1B_2138, 0x4D2C_6DFC, 0x5338_0D13,
        0x650A_7354, 0x766A_0ABB, 0x81C2_C92E, 0x9272_2C85,
        0xA2BF_E8A1, 0xA81A_664B, 0xC24B_8B70, 0xC76C_51A3,
        0xD192_E819, 0xD699_0624, 0xF40E_3585, 0x106A_A070,
        0x19A4_C116, 0x1E37_6C08, 0x2748_774C, 0x34B0_BCB5,
        0x391C_0CB3, 0x4ED8_AA4A, 0x5B9C_CA4F, 0x682E_6FF3,
        0x748F_82EE, 0x78A5_636F, 0x84C8_7814, 0x8CC7_0208,
        0x90BE_FFFA, 0xA450_6CEB, 0xBEF9_A3F7, 0xC671_78F2,
    ]

    /// The checksum of no bytes yet.
    package init() {}

    /// The checksum of a file, as 64 hexadecimal digits in lower case.
    /// - Throws: ``FileIOError`` when the file cannot be read.
    package static func hexadecimal(of path: FilePath) throws -> String {
        var checksum = SHA256()
        try InputFile(path).forEachChunk(ofAtMost: 1 << 16) { checksum.update($0) }
        return checksum.hexadecimal()
    }

    /// Adds more bytes.
    package mutating func update(_ bytes: UnsafeRawBufferPointer) {
        byteCount += UInt64(bytes.count)
        var rest = bytes
        if !pending.isEmpty {
            let count = min(rest.count, Self.blockSize - pending.count)
            pending += rest[..<count]
            rest = UnsafeRawBufferPointer(rebasing: rest[count...])
            guard pending.count == Self.blockSize else { return }
            let block = pending
            block.withUnsafeBytes { compress($0) }
            pending.removeAll()
        }
        while rest.count >= Self.blockSize {
            compress(UnsafeRawBufferPointer(rebasing: rest[..<Self.blockSize]))
            rest = UnsafeRawBufferPointer(rebasing: rest[Self.blockSize...])
        }
        pending += rest
    }

    /// The checksum of all bytes so far, as 64 hexadecimal digits in lower case.
    package func hexadecimal() -> String {
        var copy = self
        // A one bit, zeros up to the last eight bytes of a block, and the length in bits there.
        let zeros = (2 * Self.blockSize - 9 - pending.count) % Self.blockSize
        let length = (byteCount &* 8).bigEndian
        let padding =
            [0x80] + [UInt8](repeating: 0, count: zeros)
            + withUnsafeBytes(of: length) { Array($0) }
        padding.withUnsafeBytes { copy.update($0) }
        return copy.state.map { word in
            let digits = String(word, radix: 16)
            return String(repeating: "0", count: 8 - digits.count) + digits
        }
        .joined()
    }

    private mutating func compress(_ block: UnsafeRawBufferPointer) {
        for t in 0..<16 {
            w[t] = UInt32(bigEndian: block.loadUnaligned(fromByteOffset: 4 * t, as: UInt32.self))
        }
        for t in 16..<64 {
            let s0 = rotated(w[t - 15], 7) ^ rotated(w[t - 15], 18) ^ w[t - 15] >> 3
            let s1 = rotated(w[t - 2], 17) ^ rotated(w[t - 2], 19) ^ w[t - 2] >> 10
            w[t] = s1 &+ w[t - 7] &+ s0 &+ w[t - 16]
        }
        let constants = Self.constants
        var (a, b, c, d) = (state[0], state[1], state[2], state[3])
        var (e, f, g, h) = (state[4], state[5], state[6], state[7])
        for t in 0..<64 {
            let choice = (e & f) ^ (~e & g)
            let sum1 = rotated(e, 6) ^ rotated(e, 11) ^ rotated(e, 25)
            let t1 = h &+ sum1 &+ choice &+ constants[t] &+ w[t]
            let majority = (a & b) ^ (a & c) ^ (b & c)
            let sum0 = rotated(a, 2) ^ rotated(a, 13) ^ rotated(a, 22)
            (h, g, f, e) = (g, f, e, d &+ t1)
            (d, c, b, a) = (c, b, a, t1 &+ sum0 &+ majority)
        }
        state[0] &+= a
        state[1] &+= b
        state[2] &+= c
        state[3] &+= d
        state[4] &+= e
        state[5] &+= f
        state[6] &+= g
        state[7] &+= h
    }

    private func rotated(_ word: UInt32, _ bits: UInt32) -> UInt32 {
        word >> bits | word << (32 - bits)
    }
}
