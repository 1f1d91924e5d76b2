// A whole text as token ids, for measuring a model on it: only the ids are kept, two to four bytes
// of text becoming four bytes of id. Cutting it into windows is not done here.

import FileIO
import Tokenization

/// The tokens of one text, and how many bytes it had.
package struct EncodedText: Sendable, Equatable {
    /// The token that begins every document a model has seen, if there is one, then the text, so
    /// that the text's first token has something to be predicted from.
    package let tokens: [TokenID]
    /// The length in bytes of what is predicted, UTF-8 or not: that of the text, without its first
    /// token if nothing precedes it.
    package let byteCount: Int

    private static let chunkByteCount = 1 << 20

    /// Takes an already encoded text.
    /// - Parameters:
    ///   - tokens: The first token, which is not predicted, and then at least one token of the
    ///     text.
    ///   - byteCount: The length in bytes of all tokens but the first.
    package init(tokens: [TokenID], byteCount: Int) {
        precondition(tokens.count >= 2, "a text of \(tokens.count) tokens, with the first")
        precondition(byteCount >= 1, "a text of \(byteCount) bytes")
        self.tokens = tokens
        self.byteCount = byteCount
    }

    /// Encodes a file as one document; names of special tokens in it are plain text.
    /// - Parameters:
    ///   - path: The file, or anything else that can be read once.
    ///   - tokenizer: The tokenizer that the ids belong to.
    ///   - threads: How many threads encode, where the tokenizer can use them.
    /// - Throws: ``PreparationError/noText(inputs:)`` for an empty file, `FileIOError` for one that
    ///   cannot be read.
    package init(contentsOf path: FilePath, tokenizer: any Tokenizer, threads: Int = 1) throws {
        var tokens = tokenizer.startOfText.map { [$0] } ?? []
        var byteCount = try Self.append(path, tokenizer, threads: threads, to: &tokens)
        guard byteCount > 0 else { throw PreparationError.noText(inputs: ["\(path)"]) }
        if tokenizer.startOfText == nil, let first = tokens.first {
            byteCount -= try tokenizer.bytes(of: first, after: nil).count
        }
        guard tokens.count > 1, byteCount > 0 else {
            throw PreparationError.noText(inputs: ["\(path)"])
        }
        self.init(tokens: tokens, byteCount: byteCount)
    }

    /// Encodes all of a file.
    /// - Returns: How many bytes it has.
    private static func append(
        _ path: FilePath,
        _ tokenizer: any Tokenizer,
        threads: Int,
        to tokens: inout [TokenID]
    ) throws -> Int {
        let file = try InputFile(path)
        var byteCount = 0
        if let tokenizer = tokenizer as? BytePairTokenizer {
            var encoder = StreamingEncoder(tokenizer, threads: threads)
            try file.forEachChunk(ofAtMost: chunkByteCount) { chunk in
                byteCount += chunk.count
                try encoder.append(chunk, to: &tokens)
            }
            try encoder.finish(to: &tokens)
            return byteCount
        }
        // With other tokenizers, a piece may span any place where a text could be cut.
        var bytes: [UInt8] = []
        try file.forEachChunk(ofAtMost: chunkByteCount) { bytes += $0 }
        byteCount = bytes.count
        if let tokenizer = tokenizer as? SentencePieceTokenizer {
            tokens += try bytes.withUnsafeBytes { try tokenizer.encode($0) }
        } else {
            tokens += try tokenizer.encode(String(decoding: bytes, as: UTF8.self))
        }
        return byteCount
    }
}
