// Bytes to tokens: pre-tokens, looked up in the cache or merged. One thread's worth; the pool of
// these is in BytePairTokenizer.swift.

/// The working state of encoding: what one thread needs besides the merges.
struct PieceEncoder: Sendable {
    private var cache = PieceCache()
    private var merger = PieceMerger()

    /// Appends the tokens of `bytes`, a text of its own, to `output`.
    mutating func encode(
        _ bytes: UnsafeBufferPointer<UInt8>,
        with table: MergeTable,
        into output: inout [TokenID]
    ) {
        let scanner = PreTokenizer(bytes)
        var start = 0
        while start < bytes.count {
            let end = scanner.endOfPiece(from: start)
            defer { start = end }
            let length = end - start
            guard length <= PieceCache.Key.longestPiece else {
                merger.merge(
                    UnsafeBufferPointer(rebasing: bytes[start..<end]),
                    with: table,
                    into: &output
                )
                continue
            }
            let key = PieceCache.Key(bytes, start: start, length: length)
            if cache.append(key, to: &output) { continue }
            let outputStart = output.count
            merger.merge(
                UnsafeBufferPointer(rebasing: bytes[start..<end]),
                with: table,
                into: &output
            )
            cache.insert(key, output[outputStart...])
        }
    }
}
