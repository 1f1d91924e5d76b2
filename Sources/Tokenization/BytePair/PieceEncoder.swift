// Text to tokens: words, looked up in the cache of short pieces met before, or merged. Text repeats
// its words, so nearly every piece is found there. An encoder is one thread's worth; the pool keeps
// encoders between calls.

import Synchronization

/// The working state of encoding: what one thread needs besides the merges.
struct PieceEncoder: Sendable {
    private var cache = PieceCache()
    private var merger = PieceMerger()
    /// The first byte of text that no token stands for, and that was skipped.
    private(set) var missing: UInt8?

    /// Appends the tokens of `bytes`, a separate text, to `output`.
    mutating func encode(
        _ bytes: UnsafeBufferPointer<UInt8>,
        with model: PieceModel,
        into output: inout [TokenID]
    ) {
        switch model.words {
        case .rule(.gpt2): encode(PreTokenizer(bytes), model, &output)
        case .rule(.singleDigits): encode(DigitScanner(bytes), model, &output)
        case .rule(.llama3):
            encode(Llama3Scanner(bytes: bytes, longestNumber: 3), model, &output)
        case .rule(.qwen2):
            encode(Llama3Scanner(bytes: bytes, longestNumber: 1), model, &output)
        case .rule(.spaces): encode(SpaceScanner(bytes: bytes, cut: .atEverySpace), model, &output)
        case .rule(.none): encode(SpaceScanner(bytes: bytes, cut: .nowhere), model, &output)
        case .spaces(let cut): encode(SpaceScanner(bytes: bytes, cut: cut), model, &output)
        }
    }

    /// Returns the first byte that no token stands for, and forgets it.
    mutating func takeMissing() -> UInt8? {
        defer { missing = nil }
        return missing
    }

    @inline(__always)
    private mutating func encode(
        _ scanner: some PieceScanner,
        _ model: PieceModel,
        _ output: inout [TokenID]
    ) {
        let bytes = scanner.bytes
        var start = 0
        while start < bytes.count {
            let end = scanner.endOfPiece(from: start)
            defer { start = end }
            let length = end - start
            guard length <= PieceCache.Key.longestPiece else {
                _ = merge(bytes, start..<end, model, &output)
                continue
            }
            let key = PieceCache.Key(bytes, start: start, length: length)
            if cache.append(key, to: &output) { continue }
            let outputStart = output.count
            if merge(bytes, start..<end, model, &output) {
                cache.insert(key, output[outputStart...])
            }
        }
    }

    /// Appends the tokens of one word; false when part of it has none.
    private mutating func merge(
        _ bytes: UnsafeBufferPointer<UInt8>,
        _ range: Range<Int>,
        _ model: PieceModel,
        _ output: inout [TokenID]
    ) -> Bool {
        let word = UnsafeBufferPointer(rebasing: bytes[range])
        guard let byte = merger.merge(word, with: model, into: &output) else { return true }
        missing = missing ?? byte
        return false
    }
}

/// A fixed-size cache that maps pieces of at most 23 bytes to at most 9 tokens.
///
/// A set-associative cache, like a processor's: each piece may be in either of two adjacent slots,
/// and a new one displaces the older. So it never grows or needs cleaning, and no input can make it
/// slow, only useless.
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
            // The last byte is free. Without the length, a piece and the same piece followed by NUL
            // bytes would be equal. 0 is the key of an empty slot.
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

/// The working states of encoding that a tokenizer keeps.
///
/// Encoders remember the words they have seen, so they are kept: as many as calls ever ran at once,
/// about 2 MiB each.
final class EncoderPool<Encoder: Sendable>: Sendable {
    private let idle = Mutex<[Encoder]>([])
    private let make: @Sendable () -> Encoder

    /// Starts empty.
    init(_ make: @escaping @Sendable () -> Encoder) {
        self.make = make
    }

    /// Lends an encoder, warm from earlier calls if there is one.
    func withEncoder<Result>(_ body: (inout Encoder) throws -> Result) rethrows -> Result {
        var encoder = idle.withLock { $0.popLast() } ?? make()
        defer { idle.withLock { $0.append(encoder) } }
        return try body(&encoder)
    }
}
