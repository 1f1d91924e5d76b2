// A whole text as token ids, for measuring a model on it: only the ids are kept, two to four bytes
// of text becoming four bytes of id. Cutting it into windows is not done here.

import FileIO
import Tokenization

/// The tokens of one text, and how many bytes it had.
public struct EncodedText: Sendable, Equatable {
    /// The end-of-text token, which stands before every document a model has seen, and the text: so
    /// its first token has something to be predicted from.
    public let tokens: [TokenID]
    /// The length of the text in bytes, of UTF-8 or whatever it is.
    public let byteCount: Int

    private static let chunkByteCount = 1 << 20

    /// Takes a text that is encoded already.
    /// - Parameters:
    ///   - tokens: The end-of-text token and then the text's, of which there is one at least.
    ///   - byteCount: The text's length in bytes, without the end-of-text token.
    public init(tokens: [TokenID], byteCount: Int) {
        precondition(tokens.count >= 2, "a text of \(tokens.count) tokens with the first")
        precondition(byteCount >= 1, "a text of \(byteCount) bytes")
        self.tokens = tokens
        self.byteCount = byteCount
    }

    /// Encodes a file as one document; `<|endoftext|>` in it is text like any other.
    /// - Parameters:
    ///   - path: The file, which may be anything that can be read once.
    ///   - tokenizer: Whose ids they are.
    ///   - threads: How many threads encode.
    /// - Throws: ``PreparationError/noText(inputs:)`` for an empty file, `FileIOError` for one that
    ///   cannot be read.
    public init(contentsOf path: FilePath, tokenizer: BytePairTokenizer, threads: Int = 1) throws {
        var encoder = StreamingEncoder(tokenizer, threads: threads)
        var tokens = [tokenizer.endOfText]
        var byteCount = 0
        try InputFile(path).forEachChunk(ofAtMost: Self.chunkByteCount) { chunk in
            byteCount += chunk.count
            encoder.append(chunk, to: &tokens)
        }
        encoder.finish(to: &tokens)
        guard byteCount > 0 else { throw PreparationError.noText(inputs: ["\(path)"]) }
        self.init(tokens: tokens, byteCount: byteCount)
    }
}
