// Many documents in one block of bytes, as the preparation of token shards hands them out. Where
// documents begin and blocks end is decided there.

extension BytePairTokenizer {
    /// The ids of documents that lie back to back in `bytes`, each with the end of text before it.
    ///
    /// - Parameters:
    ///   - bytes: The documents; what lies before the first start continues a document of which
    ///     the rest was encoded before, up to a place that ``HeldBackText`` found certain.
    ///   - starts: Where documents begin, ascending and at most `bytes.count`.
    /// - Returns: the ids of all.
    /// - Throws: ``TokenizerError/noToken(byte:)``.
    package func encodeDocuments(_ bytes: UnsafeRawBufferPointer, starts: [Int]) throws -> [TokenID]
    {
        var output: [TokenID] = []
        // English takes 4.2 bytes a token with GPT-2's vocabulary.
        output.reserveCapacity(bytes.count / 4 + starts.count)
        try withEncoder { encoder in
            func encode(_ range: Range<Int>) throws {
                let text = UnsafeRawBufferPointer(rebasing: bytes[range])
                try self.encode(text, .text, using: &encoder, into: &output)
            }
            try encode(0..<(starts.first ?? bytes.count))
            for (index, start) in starts.enumerated() {
                if let endOfText { output.append(endOfText) }
                try encode(start..<(index + 1 < starts.count ? starts[index + 1] : bytes.count))
            }
        }
        return output
    }
}
