// One text as it is made.

import Inference
import Tokenization

/// A text being generated, in pieces that are always valid Unicode.
///
/// A character that is spread over several tokens is given out when the last of them is there; what
/// may become a stop string when it is clear that it does not.
///
/// ```swift
/// let stream = try generator.stream(prompt: "One day")
/// while let piece = try stream.next() { print(piece, terminator: "") }
/// for try await piece in try generator.stream(prompt: "One night") { print(piece) }
/// ```
public final class TextStream {
    private let batch: TextBatch

    init(_ batch: TextBatch) {
        self.batch = batch
    }

    /// The text as far as it is made.
    public var generated: GeneratedText { batch[0] }
    /// All pieces given out so far, joined.
    public var text: String { generated.text }
    /// Tokens generated so far, without the prompt.
    public var tokens: [TokenID] { generated.tokens }
    /// Tokens the model was given to start from.
    public var promptTokenCount: Int { generated.promptTokenCount }
    /// Why generation ended; nil while it goes on.
    public var stopReason: StopReason? { generated.stopReason }

    /// Generates one token and returns the text that becomes certain, which may be none.
    ///
    /// When generation ends within a character, the last piece is U+FFFD.
    /// - Returns: The piece, or nil at the end of the text.
    /// - Throws: What the model or the sampler throws; the text has then ended.
    public func next() throws -> String? {
        guard let pieces = try batch.next() else { return nil }
        let text = pieces.map(\.text).joined()
        return text.isEmpty && pieces.contains(where: \.isLast) ? nil : text
    }

    /// Ends generation; what is left of the text can still be asked for.
    public func interrupt() {
        batch.interrupt()
    }
}

extension TextStream: AsyncSequence {
    /// Gives the pieces that are not empty.
    public func makeAsyncIterator() -> PieceIterator { PieceIterator(next) }
}

// Its model is not Sendable.
@available(*, unavailable) extension TextStream: Sendable {}
