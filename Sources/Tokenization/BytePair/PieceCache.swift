// The tokens of short pieces met before. Text repeats its words, so nearly every piece is found
// here and needs no merging.

/// A fixed-size memory from pieces of at most 23 bytes to at most 9 tokens.
///
/// A set-associative cache, like a processor's: each piece may lie in one of two neighbouring
/// slots, and a new one displaces the older. So it never grows and never needs cleaning, and no
/// input can make it slow, only useless.
struct PieceCache: Sendable {
    /// A piece's bytes and its length, comparable in three words.
    struct Key: Sendable, Equatable {
        static let longestPiece = 23

        fileprivate var words: (UInt64, UInt64, UInt64)

        /// The key of the `length` bytes at `start`.
        /// - Precondition: `length` is 1...23 and the bytes exist.
        @inline(__always)
        init(_ bytes: UnsafeBufferPointer<UInt8>, start: Int, length: Int) {
            let raw = UnsafeRawBufferPointer(bytes)
            if start + 24 <= raw.count {
                words = (
                    raw.loadUnaligned(fromByteOffset: start, as: UInt64.self),
                    raw.loadUnaligned(fromByteOffset: start + 8, as: UInt64.self),
                    raw.loadUnaligned(fromByteOffset: start + 16, as: UInt64.self)
                )
            } else {
                words = (0, 0, 0)
                withUnsafeMutableBytes(of: &words) { words in
                    words.copyMemory(
                        from: UnsafeRawBufferPointer(rebasing: raw[start..<start + length])
                    )
                }
            }
            // Bytes past the piece are cleared; a shift by 64 or more gives 0, as it must here.
            words.0 &= ~(~0 << UInt64(8 * length))
            words.1 &= ~(~0 << UInt64(8 * max(length - 8, 0)))
            words.2 &= ~(~0 << UInt64(8 * max(length - 16, 0)))
            // The last byte is free. Without the length, a piece and the same piece with NUL bytes
            // behind it would be equal. 0 is the key of an empty slot.
            words.2 |= UInt64(length) << 56
        }

        fileprivate init() { words = (0, 0, 0) }

        @inline(__always)
        static func == (a: Key, b: Key) -> Bool {
            a.words.0 == b.words.0 && a.words.1 == b.words.1 && a.words.2 == b.words.2
        }

        @inline(__always)
        fileprivate var hash: UInt64 {
            // Odd constants from the digits of pi; the high half of a product mixes well.
            let mixed = (words.0 ^ 0x243F_6A88_85A3_08D3).multipliedFullWidth(
                by: words.1 ^ words.2 &* 0x1319_8A2E_0370_7345 ^ 0xA409_3822_299F_31D1
            )
            return mixed.high ^ mixed.low
        }
    }

    /// One cache line: a piece and its tokens.
    struct Slot: Sendable {
        fileprivate var key = Key()
        fileprivate(set) var count: Int32 = 0
        fileprivate(set) var tokens = InlineArray<9, TokenID>(repeating: 0)
    }

    private static let mostTokens = 9
    // 2^15 slots of 64 bytes are 2 MiB, about a processor's second-level cache. Must be even.
    private static let slotCount = 1 << 15

    private var slots = [Slot](repeating: Slot(), count: slotCount)

    /// Appends the tokens of a piece to `output`; false if it is not known.
    @inline(__always)
    func append(_ key: Key, to output: inout [TokenID]) -> Bool {
        let first = Self.firstSlot(of: key)
        let index = slots[first].key == key ? first : first + 1
        guard slots[index].key == key else { return false }
        for i in 0..<Int(slots[index].count) { output.append(slots[index].tokens[i]) }
        return true
    }

    /// Remembers the tokens of a piece, unless they are too many.
    mutating func insert(_ key: Key, _ tokens: ArraySlice<TokenID>) {
        guard tokens.count <= Self.mostTokens else { return }
        let first = Self.firstSlot(of: key)
        slots[first + 1] = slots[first]
        slots[first].key = key
        slots[first].count = Int32(tokens.count)
        for (i, token) in tokens.enumerated() { slots[first].tokens[i] = token }
    }

    @inline(__always)
    private static func firstSlot(of key: Key) -> Int {
        Int(truncatingIfNeeded: key.hash) & (slotCount - 2)
    }
}
