// Text as it is made. A character may be spread over several tokens: it is given out whole, when the
// last of them is there.

import Inference
import Tokenization

/// A text being generated, in pieces that are always valid Unicode.
///
/// ```swift
/// var stream = try generator.stream(options: options, seed: 1)
/// while let piece = try stream.next() { print(piece, terminator: "") }
/// ```
public struct TextStream<Model: LanguageModel> {
    /// Tokens the model was given to start from.
    public let promptTokenCount: Int
    /// All pieces given out so far, joined.
    public private(set) var text = ""
    /// Tokens generated so far, without the prompt.
    public var tokens: [TokenID] { generator.tokens }
    /// Why generation ended; nil while it goes on.
    public var stopReason: StopReason? { generator.stopReason }

    private let vocabulary: Vocabulary
    private var generator: TokenGenerator<Model>
    private var decoder = StreamingUTF8Decoder()

    init(_ generator: TokenGenerator<Model>, promptTokenCount: Int, vocabulary: Vocabulary) {
        self.generator = generator
        self.promptTokenCount = promptTokenCount
        self.vocabulary = vocabulary
    }

    /// Generates one token and returns the characters it completes, which may be none.
    ///
    /// When generation ends within a character, the last piece is U+FFFD.
    /// - Returns: The piece, or nil at the end of the text.
    /// - Throws: What the model or the sampler throws.
    public mutating func next() throws -> String? {
        var piece: String
        if let token = try generator.next() {
            piece = decoder.append(vocabulary.bytes(of: token))
        } else {
            piece = decoder.finish()
            if piece.isEmpty { return nil }
        }
        text += piece
        return piece
    }

    /// Ends generation; what is left of the text can still be asked for.
    public mutating func interrupt() {
        generator.interrupt()
    }
}
