// Text to tokens: words, looked up in the cache or merged. One thread's worth; the pool of these
// is in EncoderPool.swift.

/// The working state of encoding: what one thread needs besides the merges.
struct PieceEncoder: Sendable {
    private var cache = PieceCache()
    private var merger = PieceMerger()
    /// The first byte of text that no token stands for, and that was passed over.
    private(set) var missing: UInt8?

    /// Appends the tokens of `bytes`, a text of its own, to `output`.
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

    /// The first byte that no token stands for, once.
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

    /// Appends the tokens of one word; false when some of it has none.
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
